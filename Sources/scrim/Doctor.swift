import ArgumentParser
import Foundation
import Glibc
import ScrimCapture
import ScrimFormat
import ScrimRedact

struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check what can be recorded here and which windows can be read, and print advice for the rest.",
    discussion: "Exit code 1 if something that is set up does not work, or if nothing can be recorded at all."
  )

  @OptionGroup var output: OutputOptions

  func run() throws {
    var report = DoctorReport()
    report.checkBuild()
    report.checkLibraries()
    report.checkX11()
    report.checkWayland()
    report.checkFramebuffer()
    report.checkTrees()
    report.checkPrograms()
    report.checkDisk()
    if output.json { try output.print(json: report) } else { for line in report.lines { print(line) } }
    guard report.isHealthy else {
      throw Failure(
        .input,
        report.canRecord
          ? "not everything works here: see the lines with \"fault\" above"
          : "nothing can be recorded here: there is no X display, Wayland compositor or framebuffer to be read"
      )
    }
  }
}

/// State of everything on this machine that recording uses.
struct DoctorReport: Encodable {
  enum State: String, Encodable {
    case works
    /// Not present, which is not a fault by itself.
    case absent
    /// Present or requested, but not working.
    case fault
  }

  struct Check: Encodable {
    var name: String
    var state: State
    var found: String
    /// The remedy; null if none is needed.
    var advice: String?
  }

  private(set) var checks: [Check] = []
  private(set) var windows: [WindowReport] = []
  private(set) var canRecord = false

  private enum CodingKeys: String, CodingKey {
    case checks, windows
  }

  var isHealthy: Bool { canRecord && !checks.contains { $0.state == .fault } }

  var lines: [String] {
    let width = (checks.map(\.name.count).max() ?? 0) + 2
    func padded(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
    var lines: [String] = []
    for check in checks {
      lines.append(
        padded(check.name, width) + padded(check.state.rawValue, 8) + Terminal.printable(check.found))
      if let advice = check.advice { lines.append(padded("", width + 8) + "→ " + advice) }
    }
    for window in windows.prefix(WindowReport.lineLimit) { lines.append(window.line) }
    if windows.count > WindowReport.lineLimit {
      lines.append("\(windows.count - WindowReport.lineLimit) more windows are in --json")
    }
    return lines
  }

  private mutating func note(_ name: String, _ state: State, _ found: String, _ advice: String? = nil) {
    checks.append(Check(name: name, state: state, found: found, advice: advice))
  }

  private static func environment(_ name: String) -> String? {
    guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else { return nil }
    return value
  }

  mutating func checkBuild() {
    let coding = EntropyCoding.preferred == .deflate ? "deflate" : "zstd"
    note(
      "build", .works, "\(Scrim.producer), frames are compressed with \(coding)",
      coding == "deflate" ? "a build without --disable-default-traits halves the bytes" : nil)
  }

  mutating func checkLibraries() {
    let libraries = [
      ("libxcb.so.1", "libxcb1"), ("libxcb-shm.so.0", "libxcb-shm0"),
      ("libxcb-damage.so.0", "libxcb-damage0"),
      ("libxcb-xfixes.so.0", "libxcb-xfixes0"), ("libxcb-res.so.0", "libxcb-res0"),
      ("libdbus-1.so.3", "libdbus-1-3"),
    ]
    let missing = libraries.filter { !DoctorReport.canOpen($0.0) }
    if missing.isEmpty {
      note("libraries", .works, "the libraries for X displays and accessibility trees are installed")
    } else {
      note(
        "libraries", .absent, missing.map(\.0).joined(separator: ", "),
        "apt-get install " + missing.map(\.1).joined(separator: " "))
    }
  }

  private static func canOpen(_ library: String) -> Bool {
    // The handle is closed at once; the name lives until the call returns.
    guard let handle = unsafe dlopen(library, RTLD_LAZY) else { return false }
    unsafe dlclose(handle)
    return true
  }

  mutating func checkX11() {
    guard let display = DoctorReport.environment("DISPLAY") else {
      return note("X display", .absent, "DISPLAY is not set", "give one: scrim record --x11 :0 …")
    }
    do {
      let source = try LiveSource(x11: display)
      let size = "\(source.width)x\(source.height)"
      canRecord = true
      guard try X11Windows(display: display).knowsProcesses else {
        return note(
          "X display", .fault, "\(display), \(size), but it does not report which process drew a window",
          "every window is masked completely: use a server with the extension X-Resource 1.2")
      }
      note("X display", .works, "\(display), \(size): scrim record --x11 \(display) --out SESSION")
    } catch { note("X display", .fault, "\(display)", "\(error)") }
  }

  mutating func checkWayland() {
    guard let name = DoctorReport.environment("WAYLAND_DISPLAY") else {
      return note("Wayland", .absent, "WAYLAND_DISPLAY is not set")
    }
    do {
      let source = try LiveSource(wayland: nil)
      canRecord = true
      note(
        "Wayland", .works, "\(name), \(source.width)x\(source.height): scrim record --wayland --out SESSION")
    } catch { return note("Wayland", .fault, name, "\(error)") }
    do {
      _ = try SwayWindows()
      note("sway", .works, "it lists its windows")
    } catch { note("sway", .absent, "no windows are known, so everything is masked", "\(error)") }
  }

  mutating func checkFramebuffer() {
    let device = "/dev/fb0"
    guard FileManager.default.fileExists(atPath: device) else {
      return note("framebuffer", .absent, "there is no \(device)")
    }
    do {
      let source = try LiveSource(framebuffer: device)
      canRecord = true
      note("framebuffer", .works, "\(device), \(source.width)x\(source.height)")
    } catch { note("framebuffer", .absent, device, "\(error)") }
  }

  /// Reads the accessibility trees of the current screen.
  mutating func checkTrees() {
    guard let display = DoctorReport.environment("DISPLAY"), let windows = try? X11Windows(display: display)
    else { return }
    let trees: AccessibilityTrees
    do {
      trees = try AccessibilityTrees(.init(settleDelay: MaskPolicy().settleDelay)) {
        (try? windows.windows()) ?? []
      }
    } catch { return note("accessibility", .fault, "no accessibility tree can be read", "\(error)") }
    // A second is ten times the time of one tree; an application that hangs has a separate limit.
    trees.poke()
    for _ in 0..<30 where trees.latest() == nil { usleep(100_000) }
    usleep(500_000)
    self.windows = trees.windows.filter(\.isOpen).map { window in
      var window = window
      window.since = 0
      return WindowReport(window, nil)
    }
    let read = self.windows.count { $0.maskedWhole == nil && !$0.isBare }
    note(
      "accessibility", read > 0 || self.windows.isEmpty ? .works : .absent,
      "\(read) of \(self.windows.count) windows have an accessibility tree with widgets",
      read == self.windows.count
        ? nil
        : "the others are masked completely: \(WindowReport.browserAdvice), Qt with QT_LINUX_ACCESSIBILITY_ALWAYS_ON=1, GTK 3 with at-spi2-core installed"
    )
  }

  mutating func checkPrograms() {
    for (program, use) in [("ffmpeg", "export --to mp4 and webm"), ("tesseract", "redact --detect ocr")] {
      let paths = (DoctorReport.environment("PATH") ?? "/usr/bin:/bin").split(separator: ":")
      if paths.contains(where: { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }) {
        note(program, .works, "for \(use)")
      } else {
        note(
          program, .absent, "needed by \(use) only",
          "apt-get install \(program == "ffmpeg" ? "ffmpeg" : "tesseract-ocr")")
      }
    }
  }

  mutating func checkDisk() {
    var status = statvfs()
    // The name lives until the call returns, and `status` is a local variable.
    guard unsafe statvfs(".", &status) == 0 else { return }
    let free = Int(status.f_bavail) * Int(status.f_frsize) / (1 << 20)
    let isLow = free < 200
    note(
      "disk", isLow ? .fault : .works, "\(free) MB are free in this folder",
      isLow ? "an hour of an office screen takes some 50 MB, of photographs and video far more" : nil)
  }
}
