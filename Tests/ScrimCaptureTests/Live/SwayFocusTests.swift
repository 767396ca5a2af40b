import Foundation
import ScrimRedact
import ScrimTestSupport
import Testing

@testable import ScrimCapture

/// The focus of a sway session, from a socket that sends what sway sends.
@Suite struct SwayFocusTests {
  /// Takes a request, then sends all messages one byte at a time.
  private static let server = """
    import socket, sys, time
    server = socket.socket(socket.AF_UNIX)
    server.bind(sys.argv[1])
    server.listen(1)
    server.settimeout(20)
    client, _ = server.accept()
    client.recv(100)
    for byte in bytes.fromhex(sys.argv[2]):
        client.send(bytes([byte]))
    time.sleep(0.2)
    """

  private static func event(_ change: String, pid: Int) -> [UInt8] {
    SwayIPC.message(
      0x8000_0003, Array(#"{"change":"\#(change)","container":{"id":5,"name":"A TITLE","pid":\#(pid)}}"#.utf8)
    )
  }

  @Test func theProgramThatGetsTheFocusIsNamedOnce() throws {
    let folder = try TemporaryFolder()
    let me = Int(getpid())
    let program = try #require(ProcessInfo.programName(of: me))
    let messages = [
      SwayIPC.message(2, Array(#"{"success":true}"#.utf8)), Self.event("title", pid: me),
      Self.event("focus", pid: me), Self.event("focus", pid: me), Self.event("focus", pid: 1 << 30),
      Self.event("close", pid: 1),
    ].joined().map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    let path = folder.path + "/sway"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = ["-c", Self.server, path, messages]
    try process.run()
    for _ in 0..<500 where !FileManager.default.fileExists(atPath: path) { usleep(20_000) }
    usleep(50_000)
    let focus = try #require(SwayFocus(path: path))
    var events = focus.take(at: 1)
    let end = Date().addingTimeInterval(10)
    while events.isEmpty, Date() < end {
      usleep(10_000)
      events += focus.take(at: 7)
    }
    try process.waitUntilExit(seconds: 30)
    events += focus.take(at: 8)
    #expect(events.map(\.name) == [program] && events.map(\.type) == ["navigation"])
    #expect(
      events[0].message == nil && !String(decoding: events[0].canonicalJSON, as: UTF8.self).contains("TITLE"))
  }

  @Test func whatIsNoSwayIsNoFocus() throws {
    #expect(SwayFocus(path: "/nowhere") == nil)
    #expect(SwayIPC.head(Array("i3-ipd".utf8) + [UInt8](repeating: 0, count: 8)) == nil)
    #expect(SwayIPC.head(Array("i3-ipc".utf8)) == nil)
    #expect(SwayFocus.focused(Array("{".utf8)) == nil)
  }
}
