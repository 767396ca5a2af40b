import Foundation
import Glibc
import ScrimRedact
import ScrimSystem

/// The program that gets the focus in a sway session, as `navigation` events, through the i3 IPC protocol. Use
/// it on one thread at a time.
///
/// sway's events have the titles of windows; only the process is read of them.
final class SwayFocus {
  private let socket: Int32
  private var buffer: [UInt8] = []
  private var hasEnded = false
  /// The program that had the focus last.
  private var last: String?

  private static let subscribe: UInt32 = 2
  private static let windowEvent: UInt32 = 0x8000_0003
  /// Maximum size of an event in bytes; one of a window takes two kilobytes.
  private static let limit = 1 << 20

  /// Nil if no sway answers at the socket.
  ///
  /// - Parameter path: nil uses SWAYSOCK.
  init?(path: String? = nil) {
    guard let path = path ?? ProcessInfo.processInfo.environment["SWAYSOCK"], !path.isEmpty,
      let socket = try? UnixSocket.connect(path, place: "sway's socket \(path)", advice: "")
    else { return nil }
    self.socket = socket
    let question = SwayIPC.message(SwayFocus.subscribe, Array(#"["window"]"#.utf8))
    // The count is that of the array, which outlives the call.
    guard unsafe send(socket, question, question.count, Int32(MSG_NOSIGNAL)) == question.count else {
      return nil
    }
  }

  deinit { close(socket) }

  /// The changes of the focus since the last call; never waits. The time is that of the call.
  func take(at now: Int64) -> [Event] {
    var chunk = [UInt8](repeating: 0, count: 1 << 14)
    while !hasEnded {
      // The count is that of the array, which outlives the call.
      let count = unsafe recv(socket, &chunk, chunk.count, Int32(MSG_DONTWAIT))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        hasEnded = count == 0 || errno != EAGAIN
        break
      }
      buffer += chunk[..<count]
    }
    var events: [Event] = []
    while let (type, body) = next() {
      guard type == SwayFocus.windowEvent,
        let program = SwayFocus.focused(body).flatMap(ProcessInfo.programName),
        program != last
      else { continue }
      last = program
      var event = Event("navigation", time: now)
      event.name = program
      events.append(event)
    }
    return events
  }

  /// The next complete message.
  private func next() -> (type: UInt32, body: [UInt8])? {
    guard buffer.count >= SwayIPC.headBytes else { return nil }
    guard let head = SwayIPC.head(buffer.prefix(SwayIPC.headBytes)), head.count <= SwayFocus.limit else {
      hasEnded = true
      buffer = []
      return nil
    }
    let end = SwayIPC.headBytes + head.count
    guard buffer.count >= end else { return nil }
    defer { buffer.removeFirst(end) }
    return (head.type, Array(buffer[SwayIPC.headBytes..<end]))
  }

  private struct Change: Decodable {
    struct Container: Decodable { var pid: Int? }
    var change: String
    var container: Container
  }

  /// The process of the window that got the focus; nil for other changes.
  static func focused(_ body: [UInt8]) -> Int? {
    guard let change = try? JSONDecoder().decode(Change.self, from: Data(body)), change.change == "focus"
    else {
      return nil
    }
    return change.container.pid
  }
}

/// Messages of the i3 IPC protocol, which sway speaks. Numbers have the machine's byte order, which is
/// little-endian on all supported platforms.
enum SwayIPC {
  private static let magic = Array("i3-ipc".utf8)
  static let headBytes = 14

  static func message(_ type: UInt32, _ body: [UInt8] = []) -> [UInt8] {
    magic + bytes(UInt32(body.count)) + bytes(type) + body
  }

  /// The type of a message, and the number of bytes after its head; nil if it is no head.
  static func head(_ head: some Collection<UInt8>) -> (type: UInt32, count: Int)? {
    let head = Array(head)
    guard head.count == headBytes, Array(head[..<6]) == magic else { return nil }
    func number(_ part: ArraySlice<UInt8>) -> UInt32 { part.reversed().reduce(0) { $0 << 8 | UInt32($1) } }
    return (number(head[10..<14]), Int(number(head[6..<10])))
  }

  private static func bytes(_ number: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }
}
