import CScrimWayland
import FoundationEssentials
import Glibc
import ScrimRedact
import ScrimSystem

/// A connection to a Wayland compositor: sends requests, returns events. Implements the wire protocol
/// itself, so that no library is needed.
final class WaylandConnection {
  let name: String
  let descriptor: Int32
  private var inbox: [UInt32] = []
  /// Bytes of an incomplete word.
  private var rest: [UInt8] = []
  private var nextID: UInt32 = 2
  private var freeIDs: [UInt32] = []

  /// The object with which every connection begins.
  static let display: UInt32 = 1

  /// - Parameter display: the name of a socket in XDG_RUNTIME_DIR, or its path; nil uses WAYLAND_DISPLAY,
  ///   or `wayland-0`.
  init(display: String?) throws(CaptureError) {
    let environment = ProcessInfo.processInfo.environment
    let socketName = display ?? environment["WAYLAND_DISPLAY"] ?? "wayland-0"
    name = "Wayland display \(socketName)"
    var path = socketName
    if !socketName.hasPrefix("/") {
      guard let folder = environment["XDG_RUNTIME_DIR"], !folder.isEmpty else {
        throw .unavailable(
          CaptureIssue(place: name, message: "XDG_RUNTIME_DIR is not set; it names the folder of the socket"))
      }
      path = folder + "/" + socketName
    }
    descriptor = try UnixSocket.connect(
      path, place: name, advice: "set WAYLAND_DISPLAY and XDG_RUNTIME_DIR to those of its session")
  }

  deinit { close(descriptor) }

  /// An unused object id.
  func newID() -> UInt32 {
    if let id = freeIDs.popLast() { return id }
    defer { nextID += 1 }
    return nextID
  }

  /// Sends one request.
  ///
  /// - Parameter file: a descriptor to send with it.
  func send(
    to object: UInt32, _ opcode: UInt16, _ arguments: [WaylandMessage.Argument] = [], file: Int32 = -1
  ) throws(CaptureError) {
    let words = WaylandMessage.words(to: object, opcode, arguments)
    let count = words.count * 4
    var sent = 0
    while sent < count {
      // The pointer and the count describe the rest of `words`, which outlive the call.
      let part = unsafe words.withUnsafeBytes { bytes in
        unsafe scrim_wayland_send(descriptor, bytes.baseAddress! + sent, count - sent, sent == 0 ? file : -1)
      }
      if part < 0, errno == EINTR { continue }
      guard part > 0 else { throw gone() }
      sent += part
    }
  }

  /// The next event; nil if none arrives before `moment` on CLOCK_MONOTONIC, or a signal arrives.
  func nextEvent(until moment: Int64) throws(CaptureError) -> WaylandMessage? {
    while true {
      if let message = try takeMessage() { return message }
      if MonotonicClock.now >= moment, !hasInput { return nil }
      if !hasInput {
        MonotonicClock.wait(for: descriptor, until: moment)
        guard hasInput else { return nil }
      }
      try receive()
    }
  }

  private var hasInput: Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&entry, 1, 0) > 0
  }

  private func takeMessage() throws(CaptureError) -> WaylandMessage? {
    while true {
      let first: (WaylandMessage, Int)?
      do { first = try WaylandMessage.first(of: inbox[...]) } catch {
        throw .badInput(
          CaptureIssue(place: name, message: "the program at this socket doesn't speak the Wayland protocol"))
      }
      guard let (message, count) = first else { return nil }
      inbox.removeFirst(count)
      guard message.object == WaylandConnection.display else { return message }
      if message.opcode == 0 {
        throw .unavailable(
          CaptureIssue(place: name, message: "the compositor refuses: \(message.text(at: 2))"))
      }
      // delete_id: the object's id is free again.
      freeIDs.append(message[0])
    }
  }

  private func receive() throws(CaptureError) {
    var buffer = [UInt8](repeating: 0, count: 4096)
    // The pointer and the count describe all of `buffer`.
    let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
    if count < 0, errno == EINTR { return }
    guard count > 0 else { throw gone() }
    rest += buffer[0..<count]
    let whole = rest.count / 4
    for word in 0..<whole {
      inbox.append((0..<4).reduce(UInt32(0)) { $0 | UInt32(rest[word * 4 + $1]) << (8 * UInt32($1)) })
    }
    rest.removeFirst(whole * 4)
  }

  private func gone() -> CaptureError {
    .unavailable(CaptureIssue(place: name, message: "the connection to the compositor broke"))
  }
}
