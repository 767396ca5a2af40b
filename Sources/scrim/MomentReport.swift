import ScrimFormat
import ScrimImage
import ScrimPlayer
import ScrimRedact
import ScrimStore

/// The frame of a session at a moment, and its masks.
struct MomentReport: Encodable {
  struct Mask: Encodable {
    var x: Int
    var y: Int
    var w: Int
    var h: Int
    var kind: String
    var reason: String
    var role: String?

    init(_ mask: ListedMask) {
      (x, y, w, h) = (mask.rect.x, mask.rect.y, mask.rect.width, mask.rect.height)
      kind = mask.kind.rawValue
      reason = mask.reason.name
      role = mask.role
    }
  }

  /// Time of the frame: the last one up to the moment, or the first one if there is none.
  var tMs: Double
  var frame: Int
  var withheldTiles: Int
  var failedClosed: Bool
  /// From top to bottom, then from left to right; nil if the session lists none.
  var masks: [Mask]?

  /// - Parameter seconds: on the session's clock.
  init(_ reader: SessionReader, at seconds: Double) throws {
    let time = Int64((seconds * 1e9).rounded())
    let segments = reader.manifest.segments
    guard let first = segments.firstIndex(where: { $0.frames > 0 }) else {
      throw Failure(.input, "the session has no frame")
    }
    // Events may be earlier than the frames of their segment, so the previous segment may contain the
    // frame.
    var shown: MomentReport?
    let last = segments.lastIndex { $0.times.lowerBound <= time } ?? first
    for index in [last, last - 1] where index >= 0 && shown == nil {
      let segment: Segment
      do { segment = try reader.segment(index) } catch { throw Failure(error) }
      shown = MomentReport(segment, upTo: time)
    }
    if shown == nil {
      do { shown = MomentReport(try reader.segment(first), upTo: .max, firstOnly: true) } catch {
        throw Failure(error)
      }
    }
    guard let shown else { throw Failure(.input, "the session has no frame") }
    self = shown
  }

  private init?(_ segment: Segment, upTo time: Int64, firstOnly: Bool = false) {
    var masks: [ListedMask]?
    var found: FrameRecord?
    for frame in segment.frames {
      guard frame.time <= time else { break }
      if frame.isKey { masks = nil }
      frame.masks?.apply(to: &masks)
      found = frame
      if firstOnly { break }
    }
    guard let found else { return nil }
    tMs = Double(found.time) / 1e6
    frame = found.number
    withheldTiles = found.withheldTiles
    failedClosed = found.status.contains(.failedClosed)
    self.masks = masks?.sorted { ($0.rect.y, $0.rect.x) < ($1.rect.y, $1.rect.x) }.map(Mask.init)
  }

  func print(_ output: OutputOptions) throws {
    if output.json { return try output.print(json: self) }
    var line = "frame \(frame) at \(tMs) ms"
    if failedClosed { line += ", failed closed" }
    if withheldTiles > 0 { line += ", \(counted(withheldTiles, "tile")) withheld" }
    Swift.print(line)
    guard let masks else { return Swift.print("  the session lists no masks") }
    for mask in masks {
      let role = mask.role.map { ", \($0)" } ?? ""
      Swift.print("  \(mask.w)x\(mask.h) at \(mask.x),\(mask.y): \(mask.kind), \(mask.reason)\(role)")
    }
  }
}
