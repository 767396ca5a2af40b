import ScrimCodec
import ScrimImage
public import ScrimRedact

/// Settings for every image of a run.
public struct RedactionSettings: Sendable {
  public enum Output: String, CaseIterable, Sendable {
    /// The input's format.
    case keep
    case png, jpeg

    /// Nil for the input's format.
    var format: ImageFormat? {
      switch self {
      case .keep: nil
      case .png: .png
      case .jpeg: .jpeg
      }
    }
  }

  /// Treatment of an image without boxes.
  public enum Missing: String, CaseIterable, Sendable {
    /// Refuse it.
    case fail
    /// Mask all of it.
    case mask
    /// Leave it out, which is not an issue.
    case skip
  }

  public var policy: MaskPolicy
  public var output = Output.keep
  public var onMissing = Missing.fail
  /// Finds words in images without boxes; used before `onMissing`.
  public var detector: OCRDetector?
  /// Pixels per unit of a side file's boxes; nil uses the file's scale. Scrim's own sidecars contain
  /// theirs.
  public var boxScale: Double?
  /// The picture (stored or displayed) in which the boxes of other tools' files are counted, if Exif
  /// rotates it; nil uses the file's.
  public var boxSpace: BoxSpace?
  var makesPreviews = false
  /// JPEG quality, 1 to 100.
  public var quality = 90
  /// Whether JPEG may be larger to save time; PNG has nothing to gain.
  public var isHasty = false
  /// Maximum pixels of an image, and bytes of its file.
  public var pixelLimit = PictureLimits.pixels
  public var fileLimit = 1 << 28

  public init(policy: MaskPolicy) { self.policy = policy }

  /// All settings on which the bytes of an output depend, apart from the image and its boxes.
  var identity: [UInt8] {
    Array("scrim redact 3\n\(output.rawValue) \(onMissing.rawValue) \(quality)\n".utf8)
      + Array("\(detector != nil) \(boxScale.map { "\($0)" } ?? "none") \(isHasty)".utf8)
      + Array(" \(boxSpace?.rawValue ?? "none")\n".utf8)
      + policy.canonicalJSON
  }
}

/// A redacted image, encoded and verified.
public struct RedactedImage: Sendable {
  public var bytes: [UInt8]
  public var format: ImageFormat
  /// Pixels.
  public var size: PixelSize
  /// Statistics of the policy for this one plan.
  public var usage: PolicyUsage
  /// Number of masks by the name of their reason; those of the gap guard are tiles of 8 pixels.
  public var masksByReason: [String: Int]
  public var maskedPixels: Int
  /// The format of its boxes; nil if it had none and all of it is masked.
  public var boxes: String?
  public var notes: [String]
  /// A PNG file that shows the masks and their reasons, if requested.
  public var preview: [UInt8]?
}

/// Redacts images in memory: decodes strictly, plans, masks, encodes, decodes again and compares.
struct ImageRedactor: Sendable {
  let settings: RedactionSettings
  private let planner: MaskPlanner
  /// The policy's fills after JPEG coding.
  private let codedFills: MaskFills
  private let fillsAreGray: Bool

  /// Background for transparent pixels if the output can't have any.
  static let background: Pixel = 0x00FF_FFFF
  /// Size of a coded block in JPEG files written here: chroma is not subsampled.
  static let codedBlock = PixelSize(width: 8, height: 8)

  init(_ settings: RedactionSettings) throws(CodecError) {
    self.settings = settings
    planner = MaskPlanner(policy: settings.policy)
    var coded = settings.policy.fills
    for kind in MaskKind.allCases {
      let block = [Pixel](repeating: coded[kind], count: 64)
      let bytes = try JPEG.encode(block.span, width: 8, height: 8, quality: settings.quality, chroma: .full)
      coded[kind] = try JPEG.decode(bytes.span).pixels[0]
    }
    codedFills = coded
    let fills = settings.policy.fills
    fillsAreGray = MaskKind.allCases.allSatisfy { fills[$0] == fills[$0] >> 16 * 0x010101 }
  }

  /// - Parameters:
  ///   - bytes: of the file.
  ///   - sidecars: its boxes from one or several files, of which each may mask; none masks all of it.
  func redact(
    _ bytes: [UInt8], facts: ImageFacts, sidecars: [Sidecar]
  ) throws(Refusal) -> RedactedImage {
    var source = try SourceImage(bytes, facts: facts, pixelLimit: settings.pixelLimit)
    let format = settings.output.format ?? facts.format
    var usage = PolicyUsage(policy: settings.policy)
    var sidecars = sidecars
    var notes = source.facts.notes
    if sidecars.isEmpty, let detector = settings.detector {
      sidecars = [try detect(detector, source, facts)]
      notes.append(OCRDetector.notice)
    }
    for note in sidecars.flatMap(\.notes) where !notes.contains(note) { notes.append(note) }
    let (planned, masks) = plan(sidecars, facts, usage: &usage)
    var grow = Growth(facts: facts, source: source.block, output: PixelSize(width: 1, height: 1))
    if format == .jpeg { grow.output = ImageRedactor.codedBlock }
    let size = facts.displayed
    let grown = planned.mapped(width: size.width, height: size.height, masks: grow.callAsFunction)
    let (regions, suspects) = grown.judged(
      source.pixels, isOpaque: source.isOpaque, isLossy: facts.format == .jpeg,
      growing: grow.callAsFunction)
    let isOpaque = source.isOpaque
    let masked = MaskedImage(
      masking: ImageRedactor.take(&source.pixels), isOpaque: isOpaque, masked: regions,
      fills: settings.policy.fills)
    let encoded = try encode(masked, as: format, isGray: source.facts.isGray && isOpaque && fillsAreGray)
    try verify(encoded, format, masked, regions)
    var reasons = usage.masksByReason
    if suspects > 0 { reasons["gap guard"] = suspects }
    if sidecars.isEmpty { reasons[MaskReason.failedClosed.name] = 1 }
    var preview: [UInt8]?
    if settings.makesPreviews {
      let gap = MaskKind.allCases.firstIndex(of: .gap) ?? 0
      let judged = regions.byKind[gap].subtracting(grown.byKind[gap])
      preview = try Preview(of: masked, masks: masks, judged: judged).encoded()
    }
    let formats = Set(sidecars.map(\.format)).sorted().joined(separator: "+")
    return RedactedImage(
      bytes: encoded, format: format, size: size, usage: usage, masksByReason: reasons,
      maskedPixels: regions.masked.area, boxes: formats.isEmpty ? nil : formats, notes: notes,
      preview: preview)
  }

  /// Finds words in the displayed picture; a transparent picture is composed on white.
  private func detect(
    _ detector: OCRDetector, _ source: borrowing SourceImage, _ facts: ImageFacts
  ) throws(Refusal) -> Sidecar {
    do throws(OCRError) {
      let shown = source.isOpaque ? source.pixels : source.pixels.map { $0.over(ImageRedactor.background) }
      return try detector.boxes(in: shown.span, size: facts.displayed)
    } catch {
      throw Refusal(.noBoxes, "\(error)")
    }
  }

  private static func take(_ pixels: inout [UInt32]) -> [UInt32] {
    var taken: [UInt32] = []
    swap(&taken, &pixels)
    return taken
  }

  /// The masks in the displayed picture: those of all files together.
  private func plan(
    _ sidecars: [Sidecar], _ facts: ImageFacts, usage: inout PolicyUsage
  ) -> (regions: MaskRegions, masks: [MaskPlan.Mask]) {
    guard let first = sidecars.first else {
      let plan = MaskPlan.failedClosed(width: facts.displayed.width, height: facts.displayed.height)
      return (plan.regions, plan.masks)
    }
    var (regions, masks) = plan(first, facts, usage: &usage)
    for sidecar in sidecars.dropFirst() {
      let more = plan(sidecar, facts, usage: &usage)
      regions = regions.union(more.regions)
      masks += more.masks
    }
    return (regions, masks)
  }

  private func plan(
    _ sidecar: Sidecar, _ facts: ImageFacts, usage: inout PolicyUsage
  ) -> (regions: MaskRegions, masks: [MaskPlan.Mask]) {
    switch sidecar.space {
    case .displayed: return plan(sidecar, storedIn: nil, facts, usage: &usage)
    case .stored: return plan(sidecar, storedIn: facts.stored, facts, usage: &usage)
    case .either:
      let shown = plan(sidecar, storedIn: nil, facts, usage: &usage)
      // One picture is one plan, whose masks the report counts once.
      var again = PolicyUsage(policy: settings.policy)
      let turned = plan(sidecar, storedIn: facts.stored, facts, usage: &again)
      return (shown.regions.union(turned.regions), shown.masks + turned.masks)
    }
  }

  /// - Parameter stored: the size of the stored picture, if the boxes refer to that.
  private func plan(
    _ sidecar: Sidecar, storedIn stored: PixelSize?, _ facts: ImageFacts, usage: inout PolicyUsage
  ) -> (regions: MaskRegions, masks: [MaskPlan.Mask]) {
    let size = stored ?? facts.displayed
    let plan = planner.plan(
      for: sidecar.tree, width: size.width, height: size.height,
      describesWholeWindows: sidecar.describesWholeWindows, usage: &usage)
    guard let stored, facts.orientation != .upright else { return (plan.regions, plan.masks) }
    let turn: (Region) -> Region = { region in
      region.mapped { facts.orientation.displayed($0, of: stored) }
    }
    let regions = plan.regions.mapped(
      width: facts.displayed.width, height: facts.displayed.height, masks: turn, guarded: turn,
      boxes: { facts.orientation.displayed($0, of: facts.stored) })
    let masks = plan.masks.map { mask in
      var mask = mask
      mask.rect = facts.orientation.displayed(mask.rect, of: stored)
      return mask
    }
    return (regions, masks)
  }

  private func encode(
    _ masked: borrowing MaskedImage, as format: ImageFormat, isGray: Bool
  ) throws(Refusal) -> [UInt8] {
    do throws(CodecError) {
      switch format {
      case .png:
        return try PNG.encodeFast(
          masked.pixels, width: masked.width, height: masked.height,
          as: masked.isOpaque ? (isGray ? .gray8 : .rgb8) : .rgba8)
      case .jpeg:
        let shown = masked.isOpaque ? [] : masked.flattened(on: ImageRedactor.background)
        return try JPEG.encode(
          masked.isOpaque ? masked.pixels : shown.span, width: masked.width, height: masked.height,
          quality: settings.quality, chroma: .full, optimized: !settings.isHasty)
      }
    } catch {
      throw Refusal(error)
    }
  }

  /// Decodes an output again. A PNG must contain only the picture, and every pixel must equal the masked
  /// image; in a JPEG every masked pixel must be the coded fill. The masked image must have its fills.
  private func verify(
    _ bytes: [UInt8], _ format: ImageFormat, _ masked: borrowing MaskedImage, _ regions: MaskRegions
  ) throws(Refusal) {
    let fault = Refusal(.notVerified, "the output did not decode to the masked picture; report this as a bug")
    do {
      switch format {
      case .png:
        // Equal to the last bit, so a check of one picture's masks is valid for both.
        guard
          try PNG.shows(bytes.span, exactly: masked.pixels, width: masked.width, height: masked.height),
          ImageRedactor.areFilled(
            masked.pixels, regions, settings.policy.fills, alpha: masked.isOpaque ? 0 : 0xFF00_0000)
        else { throw fault }
      case .jpeg:
        let allowed: Set<UInt8> = [0xE0, 0xDB, 0xC0, 0xC4, 0xDA]
        guard try JPEG.segments(of: bytes.span).allSatisfy({ allowed.contains($0.marker) }) else {
          throw fault
        }
        let image = try JPEG.decode(bytes.span)
        guard image.info.header.width == masked.width, image.info.header.height == masked.height,
          image.info.trailingBytes == 0,
          ImageRedactor.areFilled(image.pixels.span, regions, codedFills, alpha: 0)
        else { throw fault }
      }
    } catch {
      throw fault
    }
  }

  /// Whether an existing file shows the same picture as an output, and contains nothing else: igzip does
  /// not always find the same matches (in one of some hundred runs, two outputs of 40).
  static func showTheSame(_ there: [UInt8], _ made: [UInt8]) -> Bool {
    guard let a = try? PNG.decode(made.span, as: .argb), let b = try? PNG.header(of: there.span),
      a.info.header == b
    else { return false }
    return
      (try? PNG.shows(there.span, exactly: a.pixels.span, width: b.width, height: b.height)) ?? false
  }

  /// Whether every masked pixel is its fill, and opaque if there is alpha.
  private static func areFilled(
    _ pixels: Span<UInt32>, _ regions: MaskRegions, _ fills: MaskFills, alpha: UInt32
  ) -> Bool {
    let bits: UInt32 = alpha == 0 ? 0x00FF_FFFF : ~0
    for layer in regions.fills(fills) {
      let colour = (layer.colour | alpha) & bits
      for band in layer.region.bands {
        for y in band.minY..<band.maxY {
          for xs in layer.region.spans[band.firstSpan..<band.endSpan] {
            let start = y * regions.width
            let row = pixels.extracting(start + xs.lowerBound..<start + xs.upperBound)
            var difference: UInt32 = 0
            for i in 0..<row.count { difference |= row[i] ^ colour }
            if difference & bits != 0 { return false }
          }
        }
      }
    }
    return true
  }
}

/// Grows masks so that no trace of masked pixels remains outside: to whole coded blocks of the source file,
/// if that is a JPEG, and of the output file.
struct Growth {
  var facts: ImageFacts
  var source: PixelSize
  var output: PixelSize

  func callAsFunction(_ region: Region) -> Region {
    var region = region
    if source.width > 1 || source.height > 1 {
      let turn = facts.orientation
      region = region.mapped { turn.stored($0, of: facts.stored) }
        .grown(toBlocksOf: source, in: facts.stored)
        .mapped { turn.displayed($0, of: facts.stored) }
    }
    return region.grown(toBlocksOf: output, in: facts.displayed)
  }
}
