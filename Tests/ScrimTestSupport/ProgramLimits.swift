public import Foundation
import Glibc

/// Another program did not do in time what a test waits for.
public struct TimeLimitExceeded: Error, CustomStringConvertible {
  public let description: String
}

extension Process {
  /// Waits until the program has ended; kills it where that takes longer.
  public func waitUntilExit(seconds: Double) throws {
    let end = ContinuousClock.now + .seconds(seconds)
    while isRunning {
      guard ContinuousClock.now < end else {
        // Test threads may have the signals blocked that ask politely, and what they start inherits that.
        _ = Glibc.kill(processIdentifier, SIGKILL)
        throw TimeLimitExceeded(
          description: "\(executableURL?.lastPathComponent ?? "a program") still runs after \(seconds) s")
      }
      Thread.sleep(forTimeInterval: 0.005)
    }
  }
}

extension FileHandle {
  /// What a program writes next to this end of a pipe; empty where it closed the other one.
  public func availableData(seconds: Double, from program: String) throws -> Data {
    var poll = pollfd(fd: fileDescriptor, events: Int16(POLLIN), revents: 0)
    // Fact: one entry is there, as is said.
    let count = unsafe Glibc.poll(&poll, 1, Int32(seconds * 1000))
    guard count != 0 else {
      throw TimeLimitExceeded(description: "\(program) wrote nothing within \(seconds) s")
    }
    return availableData
  }
}
