import Foundation
import Glibc
package import ScrimRedact
import ScrimSystem

/// The windows of a sway session, for the reader of accessibility trees, through the i3 IPC protocol. May
/// be called from any thread.
///
/// Wayland itself gives a program no information about other programs' windows. Surfaces that sway doesn't
/// list (menus, notifications, bars) are missing here.
package struct SwayWindows: Sendable {
  private let path: String
  private let output: String?
  private var place: String { "sway's socket \(path)" }

  /// - Parameters:
  ///   - path: of the socket; nil uses SWAYSOCK.
  ///   - output: sway's name of the recorded output; nil for the only one.
  /// - Throws: `unavailable` if no sway answers there.
  package init(path: String? = nil, output: String? = nil) throws(CaptureError) {
    guard let path = path ?? ProcessInfo.processInfo.environment["SWAYSOCK"], !path.isEmpty else {
      throw .unavailable(
        CaptureIssue(
          place: "the compositor's windows",
          message: "SWAYSOCK is not set; windows can be read from sway only, whose socket it names"))
    }
    self.path = path
    self.output = output
    _ = try windows()
  }

  /// Visible windows, bottom to top, in pixels of the output's picture; those of other outputs lie beside
  /// it, or extend into it. None if positions in the picture are unknown: several outputs are on and none
  /// is named, the output is rotated, or another one shows a part of the same area.
  ///
  /// - Throws: if sway doesn't answer within half a second.
  package func windows() throws(CaptureError) -> [DesktopWindow] {
    do {
      return try SwayWindows.windows(inTree: ask(SwayWindows.getTree), output: output)
    } catch is DecodingError {
      throw .badInput(
        CaptureIssue(place: place, message: "the program at this socket doesn't speak sway's protocol"))
    } catch let error as CaptureError { throw error } catch {
      throw .badInput(CaptureIssue(place: place, message: "\(error)"))
    }
  }

  // MARK: The tree

  private struct Box: Decodable {
    var x, y, width, height: Double

    var isPlaced: Bool { [x, y, width, height].allSatisfy { (-1e6...1e6).contains($0) } }

    func overlaps(_ other: Box) -> Bool {
      x < other.x + other.width && other.x < x + width && y < other.y + other.height
        && other.y < y + height
    }
  }

  private struct Node: Decodable {
    var id: Int
    var type: String
    var name: String?
    var rect: Box
    /// The content, relative to `rect`.
    var windowRect: Box?
    /// The title bar, which lies above `rect`.
    var decoRect: Box?
    var pid: Int?
    var visible: Bool?
    var focused: Bool?
    var active: Bool?
    var scale: Double?
    var transform: String?
    var nodes: [Node]?
    var floatingNodes: [Node]?

    /// Whether all numbers can be places on a screen.
    var isPlaced: Bool {
      [rect, windowRect, decoRect].allSatisfy { $0?.isPlaced ?? true } && (0...100).contains(scale ?? 1)
    }

    /// This node and all below, in drawing order: later ones are drawn above.
    var all: [Node] { [self] + (nodes ?? []).flatMap(\.all) + (floatingNodes ?? []).flatMap(\.all) }
  }

  /// Reads an answer to GET_TREE.
  static func windows(inTree json: Data, output name: String? = nil) throws -> [DesktopWindow] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let root = try decoder.decode(Node.self, from: json)
    guard root.all.allSatisfy(\.isPlaced) else {
      throw CaptureError.badInput(
        CaptureIssue(place: "sway's list of windows", message: "it has sizes that no screen has"))
    }
    let outputs = root.all.filter { $0.type == "output" && $0.active == true }
    let chosen = outputs.filter { name == nil || $0.name == name }
    guard chosen.count == 1, let output = chosen.first, output.transform ?? "normal" == "normal" else {
      return []
    }
    let others = outputs.filter { $0.id != output.id }
    guard !others.contains(where: { $0.rect.overlaps(output.rect) }) else { return [] }
    let scale = max(output.scale ?? 1, 1)
    // A floating window of another output is drawn above tiled windows of this one.
    let all = root.all.filter { $0.pid != nil }
    let hidden = all.filter { $0.visible != true }
    let visible = (output.all + others.flatMap(\.all)).filter { $0.pid != nil && $0.visible == true }
    return (hidden + visible).map { window($0, onto: output.rect, scale) }
  }

  private static func window(_ node: Node, onto output: Box, _ scale: Double) -> DesktopWindow {
    let whole = node.rect
    let content = node.windowRect ?? Box(x: 0, y: 0, width: whole.width, height: whole.height)
    func side(_ length: Double) -> Int {
      min(max(Int((length * scale).rounded(.up)), 0), WidgetTree.extentLimit)
    }
    var window = DesktopWindow(
      window: Window(
        xid: node.id, x: ((whole.x + content.x - output.x) * scale).rounded(),
        y: ((whole.y + content.y - output.y) * scale).rounded(), width: (content.width * scale).rounded(),
        height: (content.height * scale).rounded(),
        frameExtents: Window.Extents(
          left: side(content.x), right: side(whole.width - content.x - content.width),
          top: side(content.y + (node.decoRect?.height ?? 0)),
          bottom: side(whole.height - content.y - content.height)),
        shadowExtents: nil, isManaged: true),
      pid: node.pid, title: node.name ?? "")
    window.isVisible = node.visible == true
    window.hasFocus = node.focused == true
    return window
  }

  // MARK: The socket

  private static let getTree: UInt32 = 4
  /// Maximum size of an answer in bytes; a thousand windows take one megabyte.
  private static let limit = 64 << 20
  private static let cancelCheckInterval: Int64 = 500_000_000

  /// Sends one request on a connection of its own.
  private func ask(_ type: UInt32) throws(CaptureError) -> Data {
    let socket = try UnixSocket.connect(path, place: place, advice: "set SWAYSOCK to that of its session")
    defer { close(socket) }
    let end = MonotonicClock.now + SwayWindows.cancelCheckInterval
    let question = SwayIPC.message(type)
    // The count is that of the array, which outlives the call.
    guard unsafe send(socket, question, question.count, Int32(MSG_NOSIGNAL)) == question.count else {
      throw silent
    }
    let head = SwayIPC.head(try receive(SwayIPC.headBytes, from: socket, until: end))
    guard let count = head?.count, count <= SwayWindows.limit else {
      throw .badInput(
        CaptureIssue(place: place, message: "the program at this socket doesn't speak sway's protocol"))
    }
    return Data(try receive(count, from: socket, until: end))
  }

  private func receive(_ count: Int, from socket: Int32, until end: Int64) throws(CaptureError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      MonotonicClock.wait(for: socket, until: end)
      guard MonotonicClock.now < end else { throw silent }
      // The requested bytes fit after the `done` bytes.
      let part = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe recv(socket, buffer.baseAddress! + done, count - done, Int32(MSG_DONTWAIT))
      }
      if part < 0, errno == EINTR || errno == EAGAIN { continue }
      guard part > 0 else { throw silent }
      done += part
    }
    return bytes
  }

  private var silent: CaptureError {
    .unavailable(CaptureIssue(place: place, message: "sway doesn't answer"))
  }
}
