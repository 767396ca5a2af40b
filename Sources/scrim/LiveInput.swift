import ArgumentParser
import Foundation
import ScrimCapture
import ScrimRedact

/// Options that select a live screen and the duration of its recording.
struct LiveInput: ParsableArguments {
  @Option(
    defaultAsFlag: "$DISPLAY",
    help: ArgumentHelp(
      "A live X display, such as :0; without a value that of DISPLAY.", valueName: "display"))
  var x11: String?

  @Option(
    help: ArgumentHelp(
      "With --x11: the area of one window: its id from xwininfo, or active.", valueName: "id"))
  var window: WindowName?

  @Flag(help: "The live Wayland compositor of WAYLAND_DISPLAY; it must support wlr-screencopy.")
  var wayland = false

  @Option(
    name: .customLong("output"),
    help: ArgumentHelp(
      "With --wayland: the compositor's name of the output; required if there are several.",
      valueName: "name"))
  var outputName: String?

  @Option(help: ArgumentHelp("A live framebuffer device, such as /dev/fb0.", valueName: "device"))
  var fbdev: String?

  @Flag(help: "With --xwd: the file is a live screen, as written by Xvfb -fbdir.")
  var follow = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Seconds after which a live recording ends; by default it runs until Ctrl-C.", valueName: "s"))
  var duration: Double?

  /// The given inputs, as option names.
  var inputs: [String] {
    [x11.map { _ in "--x11" }, wayland ? "--wayland" : nil, fbdev.map { _ in "--fbdev" }].compactMap(\.self)
  }

  /// Whether the input is a live screen.
  var isGiven: Bool { !inputs.isEmpty || follow }

  /// The screen, for messages.
  var name: String {
    if let display { return "the X display \(display)" }
    return fbdev ?? "the Wayland compositor\(outputName.map { "'s output \($0)" } ?? "")"
  }

  /// How a recording ends, for messages.
  var ending: String { duration.map { "it ends after \($0) s, or with Ctrl-C" } ?? "Ctrl-C ends it" }

  /// The selected X display; nil if none.
  private var display: String? {
    guard let x11 else { return nil }
    guard x11 == "$DISPLAY" || x11.isEmpty else { return x11 }
    return ProcessInfo.processInfo.environment["DISPLAY"] ?? ""
  }

  func check(xwd: String?, fps: Double?, raw: String?) throws {
    guard window == nil || x11 != nil else { throw ValidationError("--window needs --x11") }
    if let display, display.isEmpty {
      throw ValidationError(
        "--x11 without a value uses DISPLAY, which is not set; give a display, such as --x11 :0")
    }
    guard outputName == nil || wayland else { throw ValidationError("--output needs --wayland") }
    guard !follow || xwd != nil else { throw ValidationError("--follow needs --xwd") }
    let isLive = isGiven
    guard isLive || duration == nil else {
      throw ValidationError(
        "--duration needs a live screen: --x11, --wayland, --fbdev, --xwd FILE --follow")
    }
    guard isLive || raw != nil || fps == nil else {
      throw ValidationError("--fps needs --raw or a live screen")
    }
    guard !isLive || fps.map({ (0.01...240).contains($0) }) ?? true else {
      throw ValidationError("--fps takes 0.01 to 240 frames a second for a live screen")
    }
    guard duration.map({ $0 > 0 && $0 <= 31_536_000 }) ?? true else {
      throw ValidationError("--duration takes seconds, above 0 and at most a year")
    }
  }

  /// The live screen, if one was selected.
  func source(xwd: String?, fps: Double?, policy: MaskPolicy) throws(CaptureError) -> LiveSource? {
    var options = LiveOptions()
    let filter = EventFilter(policy: policy)
    options.admitsKeys = { filter.kept(Event("key"), in: $0) != nil }
    if let fps { options.framesPerSecond = fps }
    options.duration = duration.map { Int64($0 * 1e9) }
    options.isCancelled = { Terminal.isInterrupted }
    if let display {
      return try LiveSource(
        x11: display, target: window?.target ?? .screen, trees: try trees(ofX11: display, policy),
        options: options)
    }
    if wayland {
      return try LiveSource(wayland: nil, output: outputName, trees: treesOfWayland(policy), options: options)
    }
    if let fbdev { return try LiveSource(framebuffer: fbdev, options: options) }
    if follow, let xwd { return try LiveSource(xwd: xwd, options: options) }
    return nil
  }
}

extension LiveInput {
  /// The reader of the display's accessibility trees. Without it, everything is masked that the policy
  /// doesn't show without a tree.
  private func trees(
    ofX11 display: String, _ policy: MaskPolicy
  ) throws(CaptureError) -> AccessibilityTrees? {
    let windows = try X11Windows(display: display)
    if !windows.knowsProcesses {
      Terminal.say(
        "warning: the X server does not report which process drew a window (it lacks X-Resource 1.2), so every window is masked completely"
      )
    }
    return trees(LiveInput.options(policy)) {
      // If the display is gone, so are its frames; until then no windows are known.
      (try? windows.windows()) ?? []
    }
  }

  /// The same for a Wayland compositor, if it reports windows.
  private func treesOfWayland(_ policy: MaskPolicy) -> AccessibilityTrees? {
    do {
      let windows = try SwayWindows(output: outputName)
      var options = LiveInput.options(policy)
      options.isRelativeToWindows = true
      if policy.showsWidgets {
        Terminal.say(
          "warning: sway does not report menus, tool tips, notifications and bars; their pixels over a widget that the policy shows are withheld only as a change that no tree explains"
        )
      }
      return trees(options) { (try? windows.windows()) ?? [] }
    } catch {
      warn(error)
      return nil
    }
  }

  private static func options(_ policy: MaskPolicy) -> AccessibilityTrees.Options {
    let planner = MaskPlanner(policy: policy)
    var options = AccessibilityTrees.Options(settleDelay: policy.settleDelay)
    options.isSame = { planner.isSame($0, $1) }
    return options
  }

  private func trees(
    _ options: AccessibilityTrees.Options, windows: @escaping @Sendable () -> [DesktopWindow]
  ) -> AccessibilityTrees? {
    do { return try AccessibilityTrees(options, windows: windows) } catch {
      warn(error)
      return nil
    }
  }

  private func warn(_ error: any Error) {
    Terminal.say(
      "warning: no accessibility tree can be read, so all windows are treated as unknown: \(error)")
  }
}

/// A window on the command line: its id, or `active`.
struct WindowName: ExpressibleByArgument {
  var target: X11Target

  init?(argument: String) {
    if argument == "active" {
      target = .activeWindow
    } else {
      let isHex = argument.lowercased().hasPrefix("0x")
      guard let id = UInt32(isHex ? String(argument.dropFirst(2)) : argument, radix: isHex ? 16 : 10), id > 0
      else { return nil }
      target = .window(id)
    }
  }
}
