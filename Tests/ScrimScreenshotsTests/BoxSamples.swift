import Foundation
import ScrimRedact

@testable import ScrimScreenshots

/// Side files of the real tools.
enum BoxSamples {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
    "Boxes")

  /// Each with the size of its picture in pixels.
  static let all: [(file: String, image: String, size: PixelSize)] = [
    ("uiautomator.xml", "shot.png", PixelSize(width: 1080, height: 2400)),
    ("appium-android.xml", "shot.png", PixelSize(width: 1080, height: 2280)),
    ("xcuitest.xml", "shot.png", PixelSize(width: 1170, height: 2532)),
    ("playwright.json", "shot.png", PixelSize(width: 1600, height: 1200)),
    ("chrome.json", "shot.png", PixelSize(width: 1200, height: 900)),
    ("words.hocr", "words.png", PixelSize(width: 400, height: 120)),
    ("words.tsv", "words.png", PixelSize(width: 400, height: 120)),
    ("coco.json", "words.png", PixelSize(width: 400, height: 120)),
    ("labelme.json", "words.png", PixelSize(width: 400, height: 120)),
    ("cvat.xml", "words.png", PixelSize(width: 400, height: 120)),
    ("labelstudio.json", "words.png", PixelSize(width: 400, height: 120)),
    ("via.json", "words.png", PixelSize(width: 400, height: 120)),
  ]

  static func bytes(_ file: String) throws -> [UInt8] {
    Array(try Data(contentsOf: folder.appendingPathComponent(file)))
  }

  static func text(_ file: String) throws -> String { String(decoding: try bytes(file), as: UTF8.self) }

  static func read(
    _ text: String, _ ending: String, image: String = "shot.png", _ size: PixelSize, scale: Double? = nil,
    isTurned: Bool = false, space: BoxSpace? = nil
  ) throws -> Sidecar {
    try Sidecar.read(
      Array(text.utf8), ending: ending,
      request: SidecarRequest(
        image: "some/folder/" + image, stored: size, displayed: size, isTurned: isTurned, boxScale: scale,
        boxSpace: space)
    ).get()
  }

  /// One of `all`, with its text changed or for a picture of another size.
  static func read(
    _ file: String, size: PixelSize? = nil, scale: Double? = nil, change: (String) -> String = { $0 }
  ) throws -> Sidecar {
    let sample = all.first { $0.file == file }!
    return try read(
      change(try text(file)), "." + file.split(separator: ".").last!, image: sample.image,
      size ?? sample.size,
      scale: scale)
  }
}
