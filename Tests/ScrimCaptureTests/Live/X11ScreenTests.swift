import CScrimX11
import Foundation
import ScrimImage
import ScrimSystem
import Testing

@testable import ScrimCapture
@testable import ScrimRedact

@Suite(.enabled(if: XServer.isInstalled, "\(XServer.isMissing)"))
struct X11ScreenTests {
  /// The next item that is not an event: the server's pointer comes as one.
  private func item(of source: inout LiveSource) throws -> SourceItem? {
    while let item = try source.next() {
      if case .event = item { continue }
      return item
    }
    return nil
  }

  private func frame(of source: inout LiveSource) throws -> SourceFrame {
    guard case .frame(let frame)? = try item(of: &source) else {
      throw CaptureIssue(place: "test", message: "no frame")
    }
    return frame
  }

  private func pixels(_ frame: SourceFrame) throws -> [Pixel] {
    let pixels = try frame.pixels.get()
    var all: [Pixel] = []
    var row = [Pixel](repeating: 0, count: pixels.width)
    for y in 0..<pixels.height {
      var span = row.mutableSpan
      pixels.readRow(y, 0..<pixels.width, into: &span)
      all += row
    }
    return all
  }

  private var options: LiveOptions {
    var options = LiveOptions()
    options.duration = 10_000_000_000
    return options
  }

  @Test func drawnPixelsAreCaptured() throws {
    let server = try XServer()
    try server.fill("#336699")
    var source = try LiveSource(x11: server.display, options: options)
    #expect(source.width == 640 && source.height == 480)
    let all = [Pixel](repeating: 0x336699, count: 640 * 480)
    #expect(try pixels(frame(of: &source)) == all)
    try server.fill("#102030")
    let second = try frame(of: &source)
    #expect(try pixels(second) == all.map { _ in 0x102030 })
    #expect(second.damage == Region(Rect(x: 0, y: 0, width: 640, height: 480)))
  }

  @Test func aScreenOfDepth15IsCaptured() throws {
    let server = try XServer(depth: 15)
    // Five bits each: 6, 12, 19.
    try server.fill("#336699")
    var source = try LiveSource(x11: server.display, options: options)
    #expect(try pixels(frame(of: &source)) == [Pixel](repeating: 0x31639C, count: 640 * 480))
  }

  @Test(arguments: [(8, "palette"), (30, "more than 8 bits (10, 10, 10)")])
  func screensOfOtherDepthsAreRefusedWithWhatToDo(depth: Int, kind: String) throws {
    let server = try XServer(depth: depth)
    #expect {
      var source = try LiveSource(x11: server.display, options: options)
      _ = try source.next()
    } throws: { error in
      guard case CaptureError.badInput(let fault) = error else { return false }
      return fault.message.contains(kind) && fault.message.contains("depth 24")
    }
  }

  /// A window that opens and closes between two captures leaves the same pixels, and damage.
  @Test func aChangeThatIsRevertedIsDamage() throws {
    let server = try XServer()
    try server.fill("#336699")
    var source = try LiveSource(x11: server.display, options: options)
    let first = try pixels(frame(of: &source))
    try server.fill("#ff0000")
    try server.fill("#336699")
    let second = try frame(of: &source)
    #expect(try pixels(second) == first)
    #expect(second.damage?.isEmpty == false)
  }

  @Test func nothingDrawnMeansNoFrameButTheLast() throws {
    let server = try XServer()
    var options = options
    options.duration = 700_000_000
    var source = try LiveSource(x11: server.display, options: options)
    let first = try frame(of: &source)
    let last = try frame(of: &source)
    #expect(last.time >= 700_000_000 && last.damage == Region())
    #expect(try last.pixels.get().isSameStorage(as: first.pixels.get()))
    #expect(try item(of: &source) == nil)
  }

  @Test func aSnapshotComesWithTheSamePixels() throws {
    let server = try XServer()
    let trees = FakeTrees()
    var source = try LiveSource(x11: server.display, trees: trees, options: options)
    let first = try frame(of: &source)
    let now = MonotonicClock.now
    try trees.report("a", begin: now - 10, end: now)
    let second = try frame(of: &source)
    #expect(try second.pixels.get().isSameStorage(as: first.pixels.get()) && second.damage == Region())
    // Drawn but not reported yet: the server is asked before a picture counts as unchanged.
    try server.fill("#123456")
    let later = MonotonicClock.now
    try trees.report("b", begin: later - 10, end: later)
    let third = try frame(of: &source)
    #expect(try pixels(third) == [Pixel](repeating: 0x123456, count: 640 * 480))
  }

  /// A 32-bit window with its own pointer is moved under the pointer: the server composes it while it
  /// changes pointers, and reports only the old place.
  @Test func unreportedDrawingIsFound() throws {
    let server = try XServer()
    try server.fill("#336699")
    guard let mover = try server.startMover() else { return }
    defer { XServer.kill(mover.process) }
    let screen = try X11Screen(display: server.display, target: .screen)
    _ = try screen.capture(isThorough: true)
    /// The colours at the old place and the new, as reported and as compared.
    func colours(_ capture: LiveCapture) throws -> [Pixel]? {
      guard case .picture(let picture) = capture else { return nil }
      return [20, 320].map { x in
        var row: [Pixel] = [0]
        var span = row.mutableSpan
        picture.frame.readRow(50, x..<x + 1, into: &span)
        return row[0]
      }
    }
    try mover.move()
    for _ in 0..<5 {
      MonotonicClock.wait(for: nil, until: MonotonicClock.now + 20_000_000)
      let current = try colours(screen.capture(isThorough: false))
      #expect(current?[1] != 0xC80096, "this server reports everything: the rest proves nothing")
    }
    #expect(try !screen.isUnchanged(), "the picture differs, though no damage was reported")
    guard case .picture(let found) = try screen.capture(isThorough: true) else {
      Issue.record("what was not current of is not found")
      return
    }
    #expect(try colours(.picture(found)) == [0x336699, 0xC80096])
    #expect(found.damage?.contains(x: 400, y: 80) == true)
    #expect(try screen.isUnchanged())
  }

  @Test func aServerThatEndsIsReported() throws {
    let server = try XServer()
    var source = try LiveSource(x11: server.display, options: options)
    _ = try source.next()
    server.kill()
    #expect { try source.next() } throws: { error in
      guard case CaptureError.unavailable(let fault) = error else { return false }
      return fault.message.contains("broke")
    }
  }

  @Test func windowsAreListed() throws {
    let server = try XServer()
    let windows = try X11Windows(display: server.display)
    #expect(try windows.windows().isEmpty && windows.knowsProcesses)
    guard let program = try server.start("xmessage", "-geometry", "200x100+30+40", "-title", "Grüße", "text")
    else { return }
    defer { XServer.kill(program) }
    var entries: [DesktopWindow] = []
    for _ in 0..<100 where entries.isEmpty {
      MonotonicClock.wait(for: nil, until: MonotonicClock.now + 50_000_000)
      entries = try windows.windows()
    }
    let window = try #require(entries.first)
    #expect(entries.count == 1 && window.window.isManaged && window.isVisible && window.parent == nil)
    // As reported by the server, not by a property: xmessage sets none.
    #expect(window.pid == Int(program.processIdentifier))
    #expect(window.window.width == 200 && window.window.height == 100)
    // Inside the border.
    #expect((30...35).contains(window.window.x) && (40...45).contains(window.window.y))
    #expect(window.title == "Grüße")
    // Only that window.
    let id = try #require(window.window.xid)
    let source = try LiveSource(x11: server.display, target: .window(UInt32(id)), options: options)
    #expect(source.width == 200 && source.height == 100)
  }

  @Test func missingServersAndWindowsAreRefused() throws {
    #expect { try LiveSource(x11: ":6543") } throws: { error in
      guard case CaptureError.unavailable(let fault) = error else { return false }
      return fault.message.contains("no X server answers")
    }
    let server = try XServer()
    for target in [X11Target.window(0x123456), .activeWindow] {
      #expect(throws: CaptureError.self) { try LiveSource(x11: server.display, target: target) }
    }
  }
}

@Suite struct X11FaultTests {
  @Test func faultsNameThePackagesToInstall() {
    let headers = X11Connection.fault(SCRIM_X11_NOT_BUILT, place: "display :0", detail: "")
    #expect(
      "\(headers)".contains(
        "apt-get install libxcb1-dev libxcb-shm0-dev libxcb-damage0-dev libxcb-xfixes0-dev libxcb-res0-dev libxcb-shape0-dev"
      ))
    let library = X11Connection.fault(SCRIM_X11_NO_LIBRARY, place: "display :0", detail: "libxcb-damage.so.0")
    #expect("\(library)".contains("libxcb-damage.so.0") && "\(library)".contains("apt-get install"))
  }
}
