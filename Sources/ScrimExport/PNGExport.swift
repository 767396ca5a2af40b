import Foundation
import ScrimCodec
public import ScrimImage

/// Writes a folder with one PNG per picture, and `frames.jsonl` with one line per frame; equal frames name the same
/// file.
public struct PNGExport: PictureForm, ~Copyable {
  public static var isMoving: Bool { false }

  private let path: String
  private let index: FileHandle
  private var image: String?

  /// Creates the folder, or uses an empty one.
  public init(folder path: String) throws(ExportError) {
    self.path = path
    let files = FileManager.default
    if let names = try? files.contentsOfDirectory(atPath: path), !names.isEmpty {
      throw .notEmpty(path: path)
    }
    let list = path + "/frames.jsonl"
    do {
      try files.createDirectory(atPath: path, withIntermediateDirectories: true)
      try Data().write(to: URL(fileURLWithPath: list))
      index = try FileHandle(forWritingTo: URL(fileURLWithPath: list))
    } catch {
      throw .system(path: path, reason: error.localizedDescription)
    }
  }

  public mutating func add(_ picture: borrowing Picture, _ shown: ShownFrame) throws(ExportError) {
    if shown.isChanged { image = nil }
    let name = image ?? PNGExport.name(of: shown.number)
    if image == nil {
      let png: [UInt8]
      do {
        png = try PNG.encodeFast(picture.pixels.span, width: picture.width, height: picture.height)
      } catch { throw .codec(error) }
      let file = path + "/" + name
      do { try Data(png).write(to: URL(fileURLWithPath: file)) } catch {
        throw .system(path: file, reason: error.localizedDescription)
      }
    }
    image = name
    let line = #"{"index":\#(shown.number),"t_ms":\#(milliseconds(shown.time)),"image":"\#(name)"}"# + "\n"
    do { try index.write(contentsOf: Data(line.utf8)) } catch {
      throw .system(path: path + "/frames.jsonl", reason: error.localizedDescription)
    }
  }

  public mutating func finish(at end: Int64) throws(ExportError) {
    do { try index.close() } catch {
      throw .system(path: path + "/frames.jsonl", reason: error.localizedDescription)
    }
  }

  private static func name(of number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 6 - digits.count)) + digits + ".png"
  }
}

/// Nanoseconds as milliseconds in decimal notation: no exponent, no trailing zeros.
func milliseconds(_ nanoseconds: Int64) -> String {
  let sign = nanoseconds < 0 ? "-" : ""
  let whole = nanoseconds.magnitude / 1_000_000
  let rest = nanoseconds.magnitude % 1_000_000
  if rest == 0 { return "\(sign)\(whole)" }
  var digits = String(rest)
  digits = String(repeating: "0", count: 6 - digits.count) + digits
  while digits.last == "0" { digits.removeLast() }
  return "\(sign)\(whole).\(digits)"
}
