public import Foundation
import Glibc

/// Another program did not finish in time.
public struct TimeLimitExceeded: Error, CustomStringConvertible {
  public let description: String
}

extension Process {
  /// Waits until the program has ended; kills it after the time limit.
  public func waitUntilExit(seconds: Double) throws {
    let end = ContinuousClock.now + .seconds(seconds)
    while isRunning {
      guard ContinuousClock.now < end else {
        // Test threads may block the gentler signals, and child processes inherit that.
        _ = Glibc.kill(processIdentifier, SIGKILL)
        throw TimeLimitExceeded(
          description: "\(executableURL?.lastPathComponent ?? "a program") still runs after \(seconds) s")
      }
      Thread.sleep(forTimeInterval: 0.005)
    }
  }
}

extension FileHandle {
  /// The next output of a program at this end of a pipe; empty if it closed the other end.
  public func availableData(seconds: Double, from program: String) throws -> Data {
    var poll = pollfd(fd: fileDescriptor, events: Int16(POLLIN), revents: 0)
    // Fact: the count of entries is one.
    let count = unsafe Glibc.poll(&poll, 1, Int32(seconds * 1000))
    guard count != 0 else {
      throw TimeLimitExceeded(description: "\(program) wrote nothing within \(seconds) s")
    }
    return availableData
  }
}
