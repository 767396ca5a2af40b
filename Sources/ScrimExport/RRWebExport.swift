import Foundation
import ScrimCodec
public import ScrimImage
import ScrimJSON
import ScrimStore

/// Writes one file of events for players of rrweb: a page with one picture, changes laid over it, the pointer, and
/// the session's events as marks.
///
/// rrweb seeks by returning to the last page and applying all events after it. So a new page is written before the
/// changes after a page take more than twice its bytes, or are more than ``changeLimit`` pictures.
public struct RRWebExport: PictureForm {
  public static var isMoving: Bool { true }

  /// The maximum number of pictures over a page.
  private static let changeLimit = 200
  /// The interval in nanoseconds of pointer positions, equal to that of rrweb's own recorder.
  private static let moveInterval: Int64 = 50_000_000

  private var file: ExportFile
  private var sequence: DeltaSequence
  private let events: SessionEvents
  private var nextEvent = 0
  private var lastMove = Int64.min / 2
  /// The time 0 of the session's clock, in nanoseconds since 1970.
  private let clock: Int64
  private let options: PictureOptions
  /// The start of the picture that is held.
  private var since: Int64?
  private var isFirst = true
  /// The size in bytes of the last page's picture, and of the pictures over it.
  private var pageBytes = 0
  private var changeBytes = 0
  private var changes = 0

  /// - Parameter export: the export that will run into this format. With `showsPointer`, pointer and presses become
  ///   rrweb's own events; pictures don't contain them, so `export` needs options without the pointer.
  public init(file path: String, of export: SessionExport, showsPointer: Bool = true) throws(ExportError) {
    let (width, height) = export.size
    file = try ExportFile(path)
    sequence = DeltaSequence(width: width, height: height, tick: 1_000_000, least: 1)
    events = try SessionEvents(export.reader, export.range)
    clock = export.reader.manifest.start
    var options = export.options
    options.showsPointer = showsPointer
    self.options = options
  }

  public mutating func add(_ picture: borrowing Picture, _ shown: ShownFrame) throws(ExportError) {
    if since == nil { since = shown.time }
    guard let delta = sequence.finished(by: picture, at: shown.time) else { return }
    try write(delta, until: shown.time)
    sequence.advance(to: picture, at: shown.time)
    since = shown.time
  }

  public mutating func finish(at end: Int64) throws(ExportError) {
    defer { file.discard() }
    if let delta = sequence.last(until: end) { try write(delta, until: .max) }
    // Players end the session at its last event.
    try put(RRWebEvent.custom("end", at: milliseconds(end), .members([:])))
    try file.write("\n]\n")
    _ = try file.close()
  }

  /// A picture and the events during its time.
  private mutating func write(_ delta: DeltaSequence.Delta, until end: Int64) throws(ExportError) {
    let time = milliseconds(since ?? 0)
    let all = Rect(x: 0, y: 0, width: sequence.width, height: sequence.height)
    let isWhole = delta.isFirst || delta.rect.area * 4 > all.area * 3
    let source = try picture(isWhole ? all : delta.rect)
    changes += 1
    changeBytes += source.utf8.count
    if delta.isFirst || changes > RRWebExport.changeLimit || changeBytes > 2 * pageBytes {
      let whole = isWhole ? source : try picture(all)
      let image = RRWebEvent.image(
        RRWebEvent.Node.picture, whole, x: 0, y: 0, width: all.width, height: all.height)
      try put(RRWebEvent.meta(at: time, width: all.width, height: all.height))
      try put(RRWebEvent.snapshot(at: time, picture: image))
      (pageBytes, changeBytes, changes) = (whole.utf8.count, 0, 0)
      over = RRWebEvent.Node.first..<RRWebEvent.Node.first
    } else if isWhole {
      try put(RRWebEvent.replacement(by: source, removing: over, at: time))
      over = over.upperBound..<over.upperBound
    } else {
      let rect = delta.rect
      let image = RRWebEvent.image(
        over.upperBound, source, x: rect.x, y: rect.y, width: rect.width, height: rect.height)
      try put(RRWebEvent.addition(of: image, at: time))
      over = over.lowerBound..<over.upperBound + 1
    }
    while nextEvent < events.count, events.time(nextEvent) < end {
      if let event = events.entry(nextEvent) { try write(event, notBefore: time) }
      nextEvent += 1
    }
  }

  /// The ids of the pictures over the page.
  private var over = RRWebEvent.Node.first..<RRWebEvent.Node.first

  private mutating func write(_ event: SessionEvents.Entry, notBefore least: Int64) throws(ExportError) {
    let time = max(least, milliseconds(event.time))
    guard let place = event.place else {
      if event.type != "key", event.type != "char" {
        try put(RRWebEvent.custom(event.type, at: time, event.json))
      }
      return
    }
    guard options.showsPointer else { return }
    let (x, y) = (place.x * options.scale, place.y * options.scale)
    switch event.type {
    case "button":
      for interaction in [RRWebEvent.Interaction.mouseDown, .mouseUp, .click] {
        try put(RRWebEvent.interaction(interaction, at: time, x: x, y: y))
      }
    case "button-down": try put(RRWebEvent.interaction(.mouseDown, at: time, x: x, y: y))
    case "button-up":
      try put(RRWebEvent.interaction(.mouseUp, at: time, x: x, y: y))
      try put(RRWebEvent.interaction(.click, at: time, x: x, y: y))
    case "touch-down": try put(RRWebEvent.interaction(.touchStart, at: time, x: x, y: y))
    case "touch-up": try put(RRWebEvent.interaction(.touchEnd, at: time, x: x, y: y))
    default:
      guard event.time - lastMove >= RRWebExport.moveInterval else { return }
      lastMove = event.time
      try put(RRWebEvent.move(at: time, x: x, y: y, isTouch: event.type == "touch-move"))
    }
  }

  /// A part of the present picture, as the address of an image.
  private func picture(_ rect: Rect) throws(ExportError) -> String {
    var pixels: [Pixel] = []
    pixels.reserveCapacity(rect.area)
    for y in rect.y..<rect.maxY {
      pixels += sequence.held[y * sequence.width + rect.x..<y * sequence.width + rect.maxX]
    }
    do {
      let plain = try PNG.encode(pixels.span, width: rect.width, height: rect.height, level: 6)
      var best = plain
      // A larger size shows a photograph, for which filters save bytes.
      if plain.count * 2 > rect.area {
        let filtered = try PNG.encode(
          pixels.span, width: rect.width, height: rect.height, level: 6, filter: .adaptive)
        if filtered.count < plain.count { best = filtered }
      }
      return "data:image/png;base64," + Data(best).base64EncodedString()
    } catch { throw .codec(error) }
  }

  /// Milliseconds since 1970, rounded in the same way as the pictures' times.
  private func milliseconds(_ time: Int64) -> Int64 {
    clock / 1_000_000 + Int64((Double(time) / 1e6).rounded())
  }

  private mutating func put(_ event: JSON) throws(ExportError) {
    try file.write(isFirst ? "[\n" : ",\n")
    isFirst = false
    try file.write(event.canonicalBytes)
  }
}
