public import ScrimRedact

/// Result for one image: a line of the report. Contains names of files, never names or texts of widgets.
public struct ImageResult: Sendable, Encodable {
  public enum Status: String, Sendable, Encodable {
    case written
    /// The output already existed with the same bytes.
    case same
    /// An earlier run finished it, and nothing has changed since.
    case resumed
    /// It would be written if this were not a dry run.
    case planned
    /// It has no boxes and is left out, as requested.
    case skipped
    case refused
  }

  /// Path below the input.
  public var image: String
  public var status: Status
  /// Path below the output.
  public var output: String?
  /// Why it was refused: a fixed short phrase, and a sentence.
  public var reason: String?
  public var message: String?
  public var width: Int?
  public var height: Int?
  /// Number of masks by the name of their reason; those of the gap guard are tiles of 8 pixels.
  public var masks: [String: Int]?
  public var maskedPixels: Int?
  /// The format of the boxes; absent if all of the image is masked.
  public var boxes: String?
  public var notes: [String]?

  init(_ image: String, _ status: Status) {
    self.image = image
    self.status = status
  }

  init(_ image: String, _ refusal: Refusal) {
    self.init(image, .refused)
    reason = refusal.reason.rawValue
    message = refusal.sentence
  }

  init(_ image: String, _ status: Status, output: String?, _ redacted: RedactedImage) {
    self.init(image, status)
    self.output = output
    width = redacted.size.width
    height = redacted.size.height
    masks = redacted.masksByReason
    maskedPixels = redacted.maskedPixels
    boxes = redacted.boxes
    notes = redacted.notes.isEmpty ? nil : redacted.notes
  }
}

/// Totals of a run.
public struct RedactionSummary: Sendable {
  public internal(set) var images = 0
  public internal(set) var byStatus: [ImageResult.Status: Int] = [:]
  /// Refused images by reason.
  public internal(set) var refusals: [String: Int] = [:]
  public internal(set) var masksByReason: [String: Int] = [:]
  public internal(set) var usage: PolicyUsage
  /// Files that are not images by their names, such as sidecars: no output, no issue.
  public internal(set) var others = 0
  public internal(set) var isInterrupted = false
  /// Whether boxes of any image are what an OCR engine read.
  public internal(set) var hasBoxesOfEngine = false

  init(policy: MaskPolicy) { usage = PolicyUsage(policy: policy) }

  public var refused: Int { byStatus[.refused] ?? 0 }

  mutating func add(_ result: ImageResult, _ usage: PolicyUsage?) {
    images += 1
    byStatus[result.status, default: 0] += 1
    if let reason = result.reason { refusals[reason, default: 0] += 1 }
    if let masks = result.masks { masksByReason.merge(masks, uniquingKeysWith: +) }
    if result.notes?.contains(Sidecar.engineNote) == true { hasBoxesOfEngine = true }
    if let usage { self.usage.merge(usage) }
  }
}
