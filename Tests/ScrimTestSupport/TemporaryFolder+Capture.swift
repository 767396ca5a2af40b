import ScrimCodec
public import ScrimImage

extension TemporaryFolder {
  /// Writes a capture folder.
  ///
  /// - Parameters:
  ///   - frames: the lines of `frames.jsonl`, as they are.
  ///   - images: pixels by path within the capture; each becomes a PNG file.
  ///   - events: the lines of `events.jsonl`; nil for none.
  public func writeCapture(
    _ name: String, width: Int, height: Int, frames: [String], images: [String: [Pixel]],
    events: [String]? = nil
  ) throws {
    try write(
      Array(#"{"format":"capture-corpus/1","width":\#(width),"height":\#(height)}"#.utf8),
      to: "\(name)/capture.json")
    try write(Array((frames.joined(separator: "\n") + "\n").utf8), to: "\(name)/frames.jsonl")
    if let events {
      try write(Array((events.joined(separator: "\n") + "\n").utf8), to: "\(name)/events.jsonl")
    }
    for (path, pixels) in images {
      try write(try PNG.encode(pixels.span, width: width, height: height, level: 1), to: "\(name)/\(path)")
    }
  }
}
