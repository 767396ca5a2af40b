import Foundation
import ScrimCodec
import ScrimImage
import ScrimPlayer
import ScrimStore

/// Six pictures of a session for browsers without scripts, as markup.
struct FilmStrip {
  private static let count = 6
  /// The maximum width of a picture, in pixels.
  private static let width = 480

  private let reader: SessionReader
  private let segments: Range<Int>

  init(_ reader: SessionReader, _ segments: Range<Int>) {
    self.reader = reader
    self.segments = segments
  }

  /// Omits pictures of segments that can't be played.
  var markup: String {
    let listed = reader.manifest.segments[segments]
    guard let start = listed.first?.times.lowerBound, let end = listed.last?.times.upperBound else {
      return ""
    }
    var figures: [String] = []
    for place in 0..<FilmStrip.count {
      let time = start + (end - start) / Int64(2 * FilmStrip.count) * Int64(2 * place + 1)
      guard let small = Thumbnail.jpeg(of: reader, segments, at: time, width: FilmStrip.width) else {
        continue
      }
      let seconds = Double(time) / 1e9
      let name = "\(Double(Int(seconds * 10)) / 10) s"
      figures.append(
        "<figure><img alt=\"The screen at \(name)\" src=\"data:image/jpeg;base64,\(Data(small).base64EncodedString())\">"
          + "<figcaption>\(name)</figcaption></figure>")
    }
    return "<div class=\"strip\"><p>Playing this session needs scripts. These pictures are of it.</p>"
      + figures.joined() + "</div>"
  }
}
