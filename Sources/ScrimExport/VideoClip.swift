import Foundation
import ScrimFormat
import ScrimStore

/// An mp4 of a part of a session within a size limit, at the best quality that fits.
struct VideoClip {
  /// The constant rate factors of H.264 that are tried in this order; text stays readable at 30.
  private static let qualities = [23, 30, 37, 44, 51]

  let path: String
  var bytes: Int
  /// The size of the pictures in pixels: both sides are even.
  var width: Int
  var height: Int
  var frames: Int
  /// The constant frame rate.
  var rate: Int
  /// The start, in nanoseconds on the session's clock.
  var start: Int64

  var milliseconds: Int { (frames * 1000 + rate / 2) / rate }
  /// The end, in nanoseconds on the session's clock.
  var end: Int64 { start + Int64(frames) * 1_000_000_000 / Int64(rate) }

  /// Writes the clip to `path`.
  ///
  /// - Parameters:
  /// - limit: the maximum size in bytes.
  /// - goOn: false ends the export early.
  /// - Returns: nil if `goOn` ended it; then there is no file.
  static func make(
    _ export: SessionExport, at path: String, limit: Int, while goOn: () -> Bool
  ) throws(ExportError) -> VideoClip? {
    var smallest = Int.max
    for quality in qualities {
      var film = try VideoExport(
        file: path, form: .mp4, width: export.size.width, height: export.size.height,
        framesPerSecond: export.framesPerSecond, quality: quality)
      var isWhole = true
      _ = try export.run(into: &film) { _ in
        isWhole = goOn()
        return isWhole
      }
      guard isWhole else {
        _ = try? FileManager.default.removeItem(atPath: path)
        return nil
      }
      let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? nil
      guard let size else { throw .system(path: path, reason: "is not there") }
      if size <= limit {
        return VideoClip(
          path: path, bytes: size, width: VideoExport.padded(export.size.width),
          height: VideoExport.padded(export.size.height), frames: film.written,
          rate: VideoExport.rate(for: export.framesPerSecond), start: film.start ?? 0)
      }
      smallest = min(smallest, size)
    }
    _ = try? FileManager.default.removeItem(atPath: path)
    throw .tooLarge(name: path, bytes: smallest, limit: limit)
  }
}

extension SessionExport {
  /// From the time of the part's first picture to its end, in nanoseconds on the session's clock.
  func times() throws(ExportError) -> ClosedRange<Int64> {
    let segments = range.segments(of: reader, needsPicture: true)
    guard let last = reader.spans[segments].last, let first = segments.first else {
      throw .noFrames(path: reader.folder.path, isRange: !range.isAll)
    }
    let frame: Int64?
    do { frame = try reader.segment(first).frames.first?.time } catch { throw .store(error) }
    let start = max(range.from ?? .min, frame ?? reader.spans[first].times.lowerBound)
    let end = min(range.until ?? .max, last.times.upperBound)
    guard start <= end else { throw .noFrames(path: reader.folder.path, isRange: !range.isAll) }
    return start...end
  }
}
