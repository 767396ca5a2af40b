import CScrimX11
import Foundation
package import ScrimRedact
import Synchronization

/// The windows of an X display, for the reader of accessibility trees. Has its own connection; may be
/// called from any thread.
package final class X11Windows: Sendable {
  private let connection: Mutex<X11Connection>

  /// - Parameter display: as in DISPLAY.
  package init(display: String) throws(CaptureError) {
    connection = Mutex(try X11Connection(display: display))
  }

  /// Whether the server reports which process drew a window (extension X-Resource, version 1.2). Otherwise
  /// no window has a process, and so none has a tree.
  package var knowsProcesses: Bool { connection.withLock { $0.reportsProcesses } }

  /// Windows of every process, at any depth, in pixels of the screen: first those that are not on the
  /// screen, then those that are, bottom to top.
  ///
  /// - Throws: if the display is gone, or has more than 8192 windows.
  package func windows() throws(CaptureError) -> [DesktopWindow] {
    try connection.withLock { connection throws(CaptureError) in
      var windows = try connection.windows().map(DesktopWindow.init)
      for index in windows.indices {
        guard let parent = windows[index].parent,
          let around = windows.first(where: { $0.window.xid == parent })
        else { continue }
        windows[index].isHelper = X11Windows.isHelper(windows[index], in: around)
      }
      return windows
    }
  }

  /// Whether a window that covers its parent is drawn by a child process of the parent's process with the
  /// same program.
  private static func isHelper(_ window: DesktopWindow, in around: DesktopWindow) -> Bool {
    let (inner, outer) = (window.window, around.window)
    guard let pid = window.pid, let host = around.pid, inner.x == outer.x, inner.y == outer.y,
      inner.width == outer.width, inner.height == outer.height,
      let program = ProcessInfo.program(of: pid), program == ProcessInfo.program(of: host)
    else { return false }
    var next: Int? = pid
    for _ in 0..<8 {
      guard let current = next, current > 1 else { return false }
      if current == host { return true }
      next = ProcessInfo.parent(of: current)
    }
    return false
  }
}

extension ProcessInfo {
  /// The path of a process's program, according to the kernel.
  static func program(of pid: Int) -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe")
  }

  /// The file name of a process's program. Its title and arguments are not used, since they may contain
  /// private data.
  static func programName(of pid: Int) -> String? {
    guard let path = program(of: pid) else { return nil }
    // The kernel marks a program file that was replaced as deleted.
    let file = path.hasSuffix(" (deleted)") ? String(path.dropLast(10)) : path
    return file.split(separator: "/").last.map { String($0) }
  }

  /// Its parent process; nil if it is gone.
  fileprivate static func parent(of pid: Int) -> Int? {
    guard let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8) else { return nil }
    let line = status.split(separator: "\n").first { $0.hasPrefix("PPid:") }
    return line.flatMap { Int($0.dropFirst(5).trimmingCharacters(in: .whitespaces)) }
  }
}

extension DesktopWindow {
  fileprivate init(_ raw: scrim_x11_window) {
    func extents(_ values: (UInt32, UInt32, UInt32, UInt32)) -> Window.Extents {
      // Nonsensical values of one application's window must not make the other applications' trees fail.
      func side(_ value: UInt32) -> Int { min(Int(value), WidgetTree.extentLimit) }
      return Window.Extents(
        left: side(values.0), right: side(values.1), top: side(values.2), bottom: side(values.3))
    }
    let frame = raw.has_frame ? extents(raw.frame) : nil
    let window = Window(
      xid: Int(raw.id), x: Double(raw.x), y: Double(raw.y), width: Double(raw.width),
      height: Double(raw.height), frameExtents: frame,
      shadowExtents: raw.has_shadow ? extents(raw.shadow) : nil, isManaged: raw.is_managed)
    // The bytes are read during the call, all of them inside the field.
    let title = unsafe withUnsafeBytes(of: raw.title) {
      unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    self.init(window: window, pid: raw.pid == 0 ? nil : Int(raw.pid), title: title)
    isVisible = raw.is_visible
    parent = raw.parent == 0 ? nil : Int(raw.parent)
    claimedFrame = raw.has_claimed_frame ? extents(raw.claimed_frame) : nil
  }
}
