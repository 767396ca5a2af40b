import Foundation
import ScrimImage

/// A private folder under the system's temporary one, removed when it is released.
final class Scratch {
  let root: String

  init() throws {
    let name = "scrim-bench-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0 ... .max))"
    root = (NSTemporaryDirectory() as NSString).appendingPathComponent(name)
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  func path(_ name: String) -> String { root + "/" + name }
}

/// Screenshots with boxes, as input of `scrim redact`.
enum ScreenFolder {
  /// Forty boxes in the sizes of labels and fields; equal seeds give equal boxes.
  static func boxes(width: Int, height: Int, seed: UInt32) -> [Rect] {
    var state = seed &* 2_654_435_761 &+ 1
    func random(_ bound: Int) -> Int {
      state = state &* 1_664_525 &+ 1_013_904_223
      return Int(state >> 8) % max(bound, 1)
    }
    return (0..<40).map { _ in
      let size = (min(60 + random(180), width), min(14 + random(18), height))
      return Rect(
        x: random(width - size.0), y: random(height - size.1), width: size.0, height: size.1)
    }
  }

  /// Writes a picture and its boxes beside it, each masked by an explicit mark.
  static func write(_ png: [UInt8], boxes: [Rect], width: Int, height: Int, to path: String) throws {
    try Data(png).write(to: URL(fileURLWithPath: path))
    let widgets = boxes.map {
      #"{"role":"label","x":\#($0.x),"y":\#($0.y),"w":\#($0.width),"h":\#($0.height),"mask":true}"#
    }
    let sidecar = #"{"width":\#(width),"height":\#(height),"widgets":[\#(widgets.joined(separator: ","))]}"#
    try Data(sidecar.utf8).write(to: URL(fileURLWithPath: path + ".json"))
  }
}
