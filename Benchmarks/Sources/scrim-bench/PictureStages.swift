import Foundation
import ScrimCodec
import ScrimImage
import ScrimRedact
import ScrimScreenshots

/// PNG, and the redaction of a screenshot from file to file.
enum PictureStages {
  static var all: [Stage] { [write, writeSmall, read, redact] }

  private static let screenshot = Scene.windows.canvas(0).pixels

  /// The pixels as PNG compresses them: three bytes each, a zero before each row.
  private static var rows: [UInt8] {
    var rows: [UInt8] = []
    for (index, pixel) in screenshot.enumerated() {
      if index % Screen.width == 0 { rows.append(0) }
      rows += [16, 8, 0].map { UInt8(truncatingIfNeeded: pixel >> $0) }
    }
    return rows
  }

  private static var plainFile: [UInt8] {
    get throws { try PlainPNG.write(screenshot, width: Screen.width, height: Screen.height) }
  }

  private static var write: Stage {
    Stage("PNG write, fast", share: 0.5, reference: "plain libpng, level 1") {
      (
        { _ in
          try sampleBytes {
            try PNG.encodeFast(screenshot.span, width: Screen.width, height: Screen.height)
          }
        }, against: { _ in try sample { _ = try plainFile } }
      )
    }
  }

  private static var writeSmall: Stage {
    Stage("PNG write, level 2", share: 0.25, reference: "plain zlib on the same bytes") {
      (
        { _ in
          try sampleBytes {
            try PNG.encode(screenshot.span, width: Screen.width, height: Screen.height, level: 2)
          }
        }, against: try Reference.deflate(rows, level: 2)
      )
    }
  }

  private static var read: Stage {
    Stage("PNG read", share: 0.5, reference: "plain libpng") {
      let file = try plainFile
      var words: [UInt32] = []
      var pixels = [UInt32](repeating: 0, count: Screen.pixels)
      return (
        { _ in try sample { _ = try PNG.decode(file.span, into: &words) } },
        against: { _ in
          try sample {
            try PlainPNG.read(file, into: &pixels, width: Screen.width, height: Screen.height)
          }
        }
      )
    }
  }

  /// The work of `scrim redact --no-sync` on a folder of one screenshot and forty boxes, including
  /// verification.
  private static var redact: Stage {
    Stage("redact a screenshot, file to file", share: 0.25, reference: "plain libpng: read, fill, write") {
      let folder = try Scratch()
      let boxes = ScreenFolder.boxes(width: Screen.width, height: Screen.height, seed: 1)
      let file = try plainFile
      try FileManager.default.createDirectory(atPath: folder.path("in"), withIntermediateDirectories: false)
      try ScreenFolder.write(
        file, boxes: boxes, width: Screen.width, height: Screen.height, to: folder.path("in/shot.png"))
      let work: (Int) throws -> Sample = { _ in
        let out = folder.path("out")
        var request = RedactionRequest(
          input: folder.path("in"), output: out,
          settings: RedactionSettings(policy: MaskPolicy(preset: .default)))
        request.syncs = false
        var refused = 1
        var result = try sample(.process) {
          let run = try RedactionRun(request)
          refused = try run.run(isInterrupted: { false }, onResult: { _ in }).refused
        }
        guard refused == 0 else { throw BenchError("the screenshot of the benchmark was refused") }
        result.bytes =
          try FileManager.default.attributesOfItem(atPath: out + "/shot.png")[.size] as? Int
        try FileManager.default.removeItem(atPath: out)
        return result
      }
      var pixels = [UInt32](repeating: 0, count: Screen.pixels)
      let plain: (Int) throws -> Sample = { _ in
        let out = folder.path("plain.png")
        return try sample(.process) {
          let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.path("in/shot.png"))))
          try PlainPNG.read(file, into: &pixels, width: Screen.width, height: Screen.height)
          for box in boxes {
            for y in box.y..<box.maxY {
              for x in box.x..<box.maxX { pixels[y * Screen.width + x] = 0 }
            }
          }
          try Data(PlainPNG.write(pixels, width: Screen.width, height: Screen.height))
            .write(to: URL(fileURLWithPath: out))
        }
      }
      return (work, against: plain)
    }
  }
}
