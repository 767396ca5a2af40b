import ArgumentParser
import ScrimFormat
import ScrimPlayer
import ScrimRecorder
import ScrimStore

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print what a session holds, by segment and in total.")

  @Argument(help: "A session folder.")
  var session: String

  @Option(
    help: ArgumentHelp(
      "Print what is shown at a moment instead: its frame, and the masks with kind, reason and role.",
      valueName: "s"))
  var at: Double?

  @Flag(
    help: "Print what happened instead, a line an event and note; with --json, all of each as JSON Lines.")
  var timeline = false

  @Flag(
    help: "Print presses in anger or without an answer, and how long answers took, instead (Insight.md).")
  var insight = false

  @OptionGroup var key: KeyOption

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard [at != nil, timeline, insight].count(where: { $0 }) <= 1 else {
      throw ValidationError("--at, --timeline and --insight exclude each other")
    }
    guard at.map({ $0.isFinite && abs($0) <= 1e9 }) ?? true else {
      throw ValidationError("--at takes seconds of the session's clock")
    }
  }

  func run() throws {
    let reader = try key.opened(session)
    if timeline { return try TimelineReport.print(reader, json: output.json) }
    if insight { return try InsightReport(reader).print(output) }
    if let at { return try MomentReport(reader, at: at).print(output) }
    var player = SessionPlayer(reader)
    var report = SessionReport(reader)
    do {
      while let frame = try player.next() { report.note(frame, player.tallies, events: player.events.count) }
    } catch { throw Failure(.input, "\(error)") }
    report.close()
    if output.json { try output.print(json: report) } else { for line in report.lines { print(line) } }
  }
}

/// The content of a session.
struct SessionReport: Encodable {
  struct Operations: Encodable {
    var operations = 0
    var pixels = 0
    /// Bytes before compression, without JPEG pictures.
    var plainBytes = 0
  }

  struct Part: Encodable {
    /// The size of a segment's pictures in pixels; nil in the total, since segments may differ.
    var width: Int?
    var height: Int?
    var bytes = 0
    var frames = 0
    var keyframes = 0
    /// Bytes of the frames' operations as stored.
    var frameBytes = 0
    /// The number of frames with withheld tiles. Frames that are all fill are counted as failed closed.
    var withheldFrames = 0
    /// 16-pixel tiles that show older content or fill although no mask covers them, in all frames.
    var withheldTiles = 0
    var failedClosedFrames = 0
    /// The number of missing frame numbers between existing frames.
    var droppedFrames = 0
    var events = 0
    var firstMs: Double?
    var lastMs: Double?
    var operations: [String: Operations] = [:]
    /// For an unsealed segment: the number of bytes after its complete records.
    var unsealedTornBytes: Int?
  }

  var session: String
  var startedAt: String
  var width: Int
  var height: Int
  var producer: String
  var policyDigest: String
  var state: String
  var segments: [Part]
  var total = Part()
  private var lastNumber: Int?

  private enum CodingKeys: String, CodingKey {
    case session, startedAt, width, height, producer, policyDigest, state, segments, total
  }

  init(_ reader: SessionReader) {
    let manifest = reader.manifest
    session = "\(manifest.session)"
    startedAt = RFC3339.string(manifest.start)
    width = manifest.width
    height = manifest.height
    producer = manifest.producer
    policyDigest = "\(manifest.policy)"
    state = manifest.state.rawValue
    segments = manifest.segments.map {
      Part(width: $0.width, height: $0.height, bytes: $0.bytes, events: $0.events)
    }
    if let open = reader.openSegment {
      let header = open.segment.header
      segments.append(
        Part(
          width: header.width, height: header.height, bytes: open.bytes, events: open.segment.events.count,
          unsealedTornBytes: open.tornBytes))
    }
  }

  mutating func note(_ frame: SessionPlayer.PlayedFrame, _ tallies: [String: OperationTally], events: Int) {
    var part = segments[frame.segment]
    part.frames += 1
    part.frameBytes += frame.bytes
    if frame.isKey { part.keyframes += 1 }
    if frame.status.contains(.withheldInPart) { part.withheldFrames += 1 }
    part.withheldTiles += frame.withheldTiles
    if frame.status.contains(.failedClosed) { part.failedClosedFrames += 1 }
    // A segment may begin with the last frame of the one before.
    if let lastNumber, frame.number > lastNumber { part.droppedFrames += frame.number - lastNumber - 1 }
    lastNumber = frame.number
    let time = Double(frame.time) / 1e6
    part.firstMs = part.firstMs ?? time
    part.lastMs = time
    part.operations = tallies.mapValues {
      Operations(operations: $0.operations, pixels: $0.pixels, plainBytes: $0.bytes)
    }
    segments[frame.segment] = part
  }

  mutating func close() {
    for part in segments {
      total.bytes += part.bytes
      total.frames += part.frames
      total.keyframes += part.keyframes
      total.frameBytes += part.frameBytes
      total.withheldFrames += part.withheldFrames
      total.withheldTiles += part.withheldTiles
      total.failedClosedFrames += part.failedClosedFrames
      total.droppedFrames += part.droppedFrames
      total.events += part.events
      total.firstMs = total.firstMs ?? part.firstMs
      total.lastMs = part.lastMs ?? total.lastMs
      total.operations.merge(part.operations) {
        Operations(
          operations: $0.operations + $1.operations, pixels: $0.pixels + $1.pixels,
          plainBytes: $0.plainBytes + $1.plainBytes)
      }
    }
  }

  var lines: [String] {
    var lines = [
      "session \(session), \(width)x\(height), begun \(startedAt), \(state)",
      "producer \(producer), policy \(policyDigest)",
    ]
    for (index, part) in segments.enumerated() {
      let isOther = part.width != width || part.height != height
      let size = isOther ? ", \(part.width ?? 0)x\(part.height ?? 0)" : ""
      lines += SessionReport.lines("segment \(index)\(size)", part)
      if let torn = part.unsealedTornBytes {
        lines.append("  not sealed\(torn > 0 ? "; \(torn) bytes behind its whole records are left out" : "")")
      }
    }
    return lines + SessionReport.lines("total", total)
  }

  private static func lines(_ name: String, _ part: Part) -> [String] {
    var text =
      "\(name): \(counted(part.bytes, "byte")), \(counted(part.frames, "frame")) (\(counted(part.keyframes, "keyframe"))), \(counted(part.events, "event"))"
    if let first = part.firstMs, let last = part.lastMs { text += ", \(first) to \(last) ms" }
    var lines = [text]
    let oddities = [
      (part.withheldFrames, "withheld in part"), (part.failedClosedFrames, "failed closed"),
      (part.droppedFrames, "dropped"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    if !oddities.isEmpty { lines.append("  frames " + oddities.joined(separator: ", ")) }
    for (kind, value) in part.operations.sorted(by: { $0.key < $1.key }) {
      lines.append(
        "  \(kind): \(counted(value.operations, "operation")), \(counted(value.pixels, "pixel")), \(counted(value.plainBytes, "byte")) plain"
      )
    }
    return lines
  }
}
