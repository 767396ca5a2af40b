import ArgumentParser
import Foundation
import ScrimCapture
import ScrimFormat
import ScrimImage
import ScrimPlayer
import ScrimRecorder
import ScrimRedact
import ScrimStore

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Verify every checksum, the chain and the decoding of a session; with its capture, also the masks.")

  @Argument(help: "A session folder.")
  var session: String

  @Option(help: ArgumentHelp("The capture it was recorded from.", valueName: "dir"))
  var capture: String?

  @Option(
    help: ArgumentHelp(
      "With --capture: the policy it was recorded with; default if none is given.", valueName: "policy"))
  var policy: String?

  @OptionGroup var key: KeyOption

  @OptionGroup var output: OutputOptions

  private struct Report: Encodable {
    var segments: Int
    var frames: Int
    var maskedPixelsChecked: Int
    /// Indices of segments whose files are missing; nil if there are none.
    var missing: [Int]?
  }

  /// The runs of segments between the missing ones, which are sorted.
  static func ranges(of count: Int, without missing: [Int]) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var start = 0
    for index in missing + [count] {
      if start < index { ranges.append(start..<index) }
      start = index + 1
    }
    return ranges
  }

  private static func gap(_ missing: [Int], of count: Int, frames: Int) -> String {
    var runs: [ClosedRange<Int>] = []
    for index in missing {
      if let last = runs.last, last.upperBound + 1 == index {
        runs[runs.count - 1] = last.lowerBound...index
      } else {
        runs.append(index...index)
      }
    }
    let names = runs.prefix(10).map {
      $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)"
    }
    let list = names.joined(separator: ", ") + (runs.count > 10 ? ", …" : "")
    return "gap: \(counted(missing.count, "segment")) of \(count) missing (\(list)); the rest is intact "
      + "(\(counted(frames, "frame"))). A spool that reached its limit lists what it dropped in dropped.jsonl; "
      + "otherwise look for the files where the session was copied from"
  }

  func validate() throws {
    guard policy == nil || capture != nil else {
      throw ValidationError("--policy needs --capture, whose masks are recomputed")
    }
  }

  func run() throws {
    if key.key == nil, try verifiedSealed() { return }
    let reader = try key.opened(session)
    let missing: [Int]
    do { missing = try reader.missingSegments() } catch { throw Failure(error) }
    var masks = try capture.map {
      try MaskCheck(capture: $0, policy: .named(policy ?? "default"), manifest: reader.manifest)
    }
    var progress = Progress(
      unit: "frames", total: reader.frameCount, isQuiet: output.quiet)
    var frames = 0
    do {
      // What lies between gaps is verified; the chain across them by the digests in the manifest.
      for range in Verify.ranges(of: reader.segmentCount, without: missing) {
        var player = SessionPlayer(reader, segments: range)
        while let frame = try player.next() {
          if let picture = player.picture { try masks?.check(frame, picture, listed: player.masks) }
          frames += 1
          progress.show(frames)
        }
      }
    } catch let error as PlaybackError {
      progress.clear()
      throw Failure(.input, "\(error)")
    }
    progress.clear()
    if !missing.isEmpty {
      if output.json {
        try output.print(
          json: Report(
            segments: reader.manifest.segments.count, frames: frames,
            maskedPixelsChecked: masks?.pixels ?? 0, missing: missing))
      }
      throw Failure(.input, Verify.gap(missing, of: reader.manifest.segments.count, frames: frames))
    }
    try checkSealed(reader, frames: frames)
    guard frames > 0 else { throw Failure(.input, "\(session): the session has no frame") }
    let report = Report(
      segments: reader.manifest.segments.count, frames: frames, maskedPixelsChecked: masks?.pixels ?? 0)
    if output.json { try output.print(json: report) }
    if !output.quiet {
      var line = "\(counted(report.segments, "segment")), \(counted(frames, "frame")): intact"
      if reader.manifest.envelope?.about.isEmpty == true { line += Verify.unprovedEnd }
      if capture != nil { line += "; \(counted(report.maskedPixelsChecked, "masked pixel")) checked" }
      Terminal.say(line)
    }
  }

  private static let unprovedEnd =
    "; the recording was cut off, so nothing shows that these are all of its segments"

  private struct SealedReport: Encodable {
    var sealedTo: String
    var segments: Int
    var bytes: Int
    var contentsRead = false
  }

  /// Verifies a session that is sealed to a public key as far as that goes without the private one.
  ///
  /// - Returns: false if the session is not sealed to one.
  private func verifiedSealed() throws -> Bool {
    let check: SealedCheck
    do {
      guard let found = try SessionFolder(path: session).checkSealed() else { return false }
      check = found
    } catch { throw Failure(error) }
    guard capture == nil else {
      throw Failure(
        .usage, "\(session): the session is sealed to the public key \(check.key); --capture needs --key FILE"
      )
    }
    let found = "\(counted(check.segments, "segment")), \(counted(check.messages, "message"))"
    var open = check.unlisted.map { "\($0) is not listed" }
    if check.isOpen { open.append("manifest.json is open") }
    guard open.isEmpty else {
      var message = "the session has not ended: \(open.joined(separator: ", ")); \(found) intact"
      if let segment = check.openSegment {
        message += ", and \(counted(segment.messages, "message")) in the segment that is not ended"
        if segment.tornBytes > 0 {
          message += ", followed by \(counted(segment.tornBytes, "byte")) of a torn one"
        }
      }
      throw Failure(.input, message + "; if it is no longer being recorded, scrim recover \(session) ends it")
    }
    guard check.segments > 0 else { throw Failure(.input, "\(session): the session has no segment") }
    if output.json {
      try output.print(
        json: SealedReport(sealedTo: "\(check.key)", segments: check.segments, bytes: check.bytes))
    }
    if !output.quiet {
      var line = "\(found): digests, order and chain intact"
      if check.isCut { line += "; the last segment was cut off" }
      if !check.hasDescription { line += Verify.unprovedEnd }
      Terminal.say(
        line
          + "; contents were not read: they are sealed to the public key \(check.key), and --key FILE opens them"
      )
    }
    try mentionSetAside()
    return true
  }

  private func mentionSetAside() throws {
    let files: [String]
    do { files = try SessionFolder(path: session).setAsideFiles() } catch { throw Failure(error) }
    if !output.quiet, !files.isEmpty {
      Terminal.say(
        "\(files.joined(separator: ", ")): set aside by a recovery, since no frame in it is intact; not part of the session"
      )
    }
  }

  /// A session that was cut off may be intact up to its end, but it is still not a success.
  private func checkSealed(_ reader: SessionReader, frames: Int) throws {
    var open: [String]
    do { open = try reader.unlistedFiles().map { "\($0) is not listed" } } catch { throw Failure(error) }
    if reader.manifest.state == .open { open.append("manifest.json is open") }
    guard !open.isEmpty else { return try mentionSetAside() }
    var message = "the session is not sealed: \(open.joined(separator: ", "))"
    if let segment = reader.openSegment {
      message +=
        "; \(counted(frames, "frame")) intact, \(segment.segment.frames.count) of them in the segment that is not sealed"
      if segment.tornBytes > 0 {
        message += ", followed by \(counted(segment.tornBytes, "byte")) of a torn record"
      }
    } else {
      message += "; \(counted(frames, "frame")) intact"
    }
    throw Failure(.input, message + "; if it is no longer being recorded, scrim recover \(session) seals it")
  }
}

/// Computes from a capture which pixels of each frame must be fill, and checks them.
///
/// It shares the plan with the recorder, and no later stage: rectangles are painted one by one, pixel by
/// pixel.
private struct MaskCheck {
  private var source: CaptureFolder
  private let policy: MaskPolicy
  private let planner: MaskPlanner
  private var plan: (version: Int, expected: [Pixel?], listed: [ListedMask: Int])?
  private(set) var pixels = 0
  private var last: SourceFrame?

  init(capture: String, policy: MaskPolicy, manifest: SessionManifest) throws {
    do { source = try CaptureFolder(capture) } catch { throw Failure(error) }
    guard manifest.policy == SHA256.digest(policy.canonicalJSON.span) else {
      throw Failure(
        .input, "the session was recorded with another policy than the given one (their digests differ)")
    }
    guard manifest.width == source.width, manifest.height == source.height else {
      throw Failure(.input, "the session's pictures have another size than the capture's")
    }
    self.policy = policy
    planner = MaskPlanner(policy: policy)
  }

  /// - Parameter listed: the masks that the session lists as in force; nil if it lists none.
  mutating func check(
    _ played: SessionPlayer.PlayedFrame, _ picture: Picture, listed: [ListedMask]?
  ) throws {
    let frame = try frame(played.number)
    let expected: [Pixel?]
    let masks: [ListedMask: Int]
    switch frame.tree {
    case .success(let tree) where !played.status.contains(.failedClosed):
      (expected, masks) = self.expected(tree, version: frame.treeVersion)
    default:
      expected = [Pixel?](repeating: policy.fills[.other], count: picture.pixels.count)
      masks = MaskPlan.failedClosed(width: picture.width, height: picture.height).listed.counted
    }
    for index in expected.indices {
      guard let fill = expected[index] else { continue }
      guard picture.pixels[index] == fill else {
        throw Failure(
          .input,
          "frame \(played.number): the masked pixel \(index % picture.width),\(index / picture.width) is not the fill; do not pass this session on"
        )
      }
      pixels += 1
    }
    if let listed, listed.counted != masks {
      throw Failure(
        .input,
        "frame \(played.number): the masks that the session lists are not those of the capture's boxes; record it again"
      )
    }
  }

  private mutating func frame(_ number: Int) throws -> SourceFrame {
    // A segment may begin with the last frame of the one before.
    if let last, last.number == number { return last }
    do {
      while let item = try source.next() {
        if case .frame(let frame) = item, frame.number == number {
          last = frame
          return frame
        }
      }
    } catch { throw Failure(error) }
    throw Failure(.input, "the capture has no frame \(number), the session has one")
  }

  private mutating func expected(_ tree: WidgetTree, version: Int) -> ([Pixel?], [ListedMask: Int]) {
    if let plan, plan.version == version { return (plan.expected, plan.listed) }
    var expected = [Pixel?](repeating: nil, count: source.width * source.height)
    var usage = PolicyUsage(policy: policy)
    let made = planner.planOfWindows(for: tree, width: source.width, height: source.height, usage: &usage)
    for mask in made.masks.sorted(by: { $0.kind < $1.kind }) {
      for y in mask.rect.y..<mask.rect.maxY {
        for x in mask.rect.x..<mask.rect.maxX { expected[y * source.width + x] = policy.fills[mask.kind] }
      }
    }
    let listed = made.listed.counted
    plan = (version, expected, listed)
    return (expected, listed)
  }
}

extension [ListedMask] {
  /// Number of occurrences of each mask: their order has no meaning.
  fileprivate var counted: [ListedMask: Int] { reduce(into: [:]) { $0[$1, default: 0] += 1 } }
}
