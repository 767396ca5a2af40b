import Foundation
import ScrimCodec
import ScrimImage

/// Redacts the same screenshots and boxes with `scrim redact` and with other programs: file to file, one thread, PNG of level 1.
enum FolderPeers {
  private static let most = 150

  private struct Screen {
    var path: String
    var boxes: [Rect]
  }

  /// - Parameter folder: screenshots to copy, PNG; nil for generated ones.
  static func measure(_ folder: String?, scrim: String, script: String) throws -> [PeerResult] {
    let scratch = try Scratch()
    let input = scratch.path("in")
    try FileManager.default.createDirectory(atPath: input, withIntermediateDirectories: false)
    let screens = try folder.map { try copied($0, to: input) } ?? generated(to: input)
    let list = scratch.path("list")
    let lines = screens.map { screen in
      screen.path + "\t"
        + screen.boxes.map { "\($0.x),\($0.y),\($0.width),\($0.height)" }.joined(separator: " ")
    }
    try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: list))
    let out = scratch.path("out")
    func redact(_ name: String, _ options: [String]) -> Peer {
      Peer(
        name: name, commands: [[scrim, "redact", input, "--out", out, "--jobs", "1", "--quiet"] + options],
        output: out)
    }
    var missing: [String] = []
    var peers = [redact("scrim redact, synced", ["--sync"])]
    for (name, backend) in [("libvips (C API)", "vips"), ("Pillow", "pillow"), ("OpenCV", "opencv")] {
      // A user's own Python often comes first on the PATH, but only the system's Python has the system's packages.
      let python = ["python3", "/usr/bin/python3"].first { Program.isInstalled($0, [script, backend]) }
      if let python {
        peers.append(Peer(name: name, commands: [[python, script, backend, list, out]], output: out))
      } else {
        missing.append("\(name), or Python for it,")
      }
    }
    peers += onePerImage(screens, out: out, missing: &missing)
    Peer.say(missing: missing)
    return try Peer.measure(
      "\(screens.count) screenshots", scrim: redact("scrim redact", ["--no-sync"]), peers: peers)
  }

  /// Programs that process one image per run.
  private static func onePerImage(_ screens: [Screen], out: String, missing: inout [String]) -> [Peer] {
    var peers: [Peer] = []

    func target(_ screen: Screen) -> String { "\(out)/\((screen.path as NSString).lastPathComponent)" }
    if Program.isInstalled("/usr/bin/convert", ["-version"]) {
      let commands = screens.map { screen in
        let draw = screen.boxes.map { "rectangle \($0.x),\($0.y) \($0.maxX - 1),\($0.maxY - 1)" }
        return ["/usr/bin/convert", screen.path, "-limit", "thread", "1", "-fill", "black", "-draw"]
          + [draw.joined(separator: " "), "-strip", "-define", "png:compression-level=1"]
          + ["-define", "png:compression-filter=0", "PNG24:\(target(screen))"]
      }
      peers.append(
        Peer(name: "ImageMagick, a run an image", commands: [["mkdir", out]] + commands, output: out))
    } else {
      missing.append("ImageMagick")
    }
    if Program.isInstalled("ffmpeg", ["-version"]) {
      let commands = screens.map { screen in
        let filter = screen.boxes.map {
          "drawbox=x=\($0.x):y=\($0.y):w=\($0.width):h=\($0.height):color=black:t=fill"
        }
        return [
          "ffmpeg", "-v", "error", "-threads", "1", "-i", screen.path, "-vf", filter.joined(separator: ","),
        ]
          + [
            "-threads", "1", "-pix_fmt", "rgb24", "-compression_level", "1", "-pred", "none", target(screen),
          ]
      }
      peers.append(Peer(name: "ffmpeg, a run an image", commands: [["mkdir", out]] + commands, output: out))
    } else {
      missing.append("ffmpeg")
    }
    return peers
  }

  private static func generated(to folder: String) throws -> [Screen] {
    try (0..<20).map { index in
      let scene = Scene.allCases[index % Scene.allCases.count]
      let canvas = scene.canvas(index * 3)
      let png = try PlainPNG.write(canvas.pixels, width: canvas.width, height: canvas.height)
      return try write(
        png, canvas.width, canvas.height, to: "\(folder)/\(scene.rawValue)-\(index).png", index)
    }
  }

  private static func copied(_ source: String, to folder: String) throws -> [Screen] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: source).sorted()) ?? []
    var screens: [Screen] = []
    for name in names where name.hasSuffix(".png") && screens.count < most {
      guard let data = FileManager.default.contents(atPath: "\(source)/\(name)") else { continue }
      let bytes = [UInt8](data)
      let header = try PNG.header(of: bytes.span)
      screens.append(
        try write(bytes, header.width, header.height, to: "\(folder)/\(name)", screens.count))
    }
    guard !screens.isEmpty else { throw BenchError("--screens \(source): no PNG files there") }
    return screens
  }

  private static func write(_ png: [UInt8], _ width: Int, _ height: Int, to path: String, _ seed: Int) throws
    -> Screen
  {
    let boxes = ScreenFolder.boxes(width: width, height: height, seed: UInt32(seed))
    try ScreenFolder.write(png, boxes: boxes, width: width, height: height, to: path)
    return Screen(path: path, boxes: boxes)
  }
}
