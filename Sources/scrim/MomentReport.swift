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
    let open = reader.openSegment?.segment.frames ?? []
    guard segments.contains(where: { $0.frames > 0 }) || !open.isEmpty else {
      throw Failure(.input, "the session has no frame")
    }
    let ends = segments.filter { $0.frames + $0.events > 0 }.map(\.times.upperBound) + open.map(\.time)
    let end = ends.max() ?? 0
    guard time <= end else {
      let length = Double(end) / 1e9
      throw Failure(
        .usage,
        "--at \(seconds) is after the end of the session, which \(open.isEmpty ? "lasts" : "has") \(length) s\(open.isEmpty ? "" : " so far"); give at most that"
      )
    }
    func frames(of index: Int) throws -> [FrameRecord] {
      guard index < segments.count else { return open }
      do { return try reader.segment(index).frames } catch { throw Failure(error) }
    }
    // Events may be earlier than the frames of their segment, so an earlier segment may contain the frame.
    var shown: MomentReport?
    var index = segments.count
    if open.first.map({ $0.time > time }) ?? true {
      index = segments.lastIndex { $0.times.lowerBound <= time } ?? -1
    }
    while index >= 0, shown == nil {
      shown = MomentReport(try frames(of: index), upTo: time)
      index -= 1
    }
    for index in 0...segments.count where shown == nil {
      shown = MomentReport(try frames(of: index), upTo: .max, firstOnly: true)
    }
    guard let shown else { throw Failure(.input, "the session has no frame") }
    self = shown
  }

  private init?(_ frames: [FrameRecord], upTo time: Int64, firstOnly: Bool = false) {
    var masks: [ListedMask]?
    var found: FrameRecord?
    for frame in frames {
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
