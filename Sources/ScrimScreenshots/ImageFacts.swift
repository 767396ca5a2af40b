import ScrimCodec

/// Facts about an image before its pixels are decoded.
struct ImageFacts {
  var format: ImageFormat
  /// Pixels.
  var stored: PixelSize
  var orientation: Orientation
  /// Whether the file may have pixels that are not opaque.
  var mayHaveAlpha: Bool
  var isGray: Bool
  /// Whether pixels are amounts of ink, CMYK.
  var isInk = false
  /// ICC profile of the pixels' colours; nil for sRGB.
  var profile: [UInt8]?
  /// Conversions that are worth a note in the report.
  var notes: [String] = []

  var displayed: PixelSize { orientation.displayed(stored) }

  /// Parses the structure of a file, and refuses files that this tool can't process exactly.
  ///
  /// - Parameter format: by the file's name, which the content must not contradict.
  init(_ bytes: [UInt8], format: ImageFormat) throws(Refusal) {
    let hasOtherLineEnds = bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0D])
    guard let actual = ImageFormat(signatureOf: bytes), !hasOtherLineEnds else {
      throw Refusal(.otherContent, ImageFacts.whatItIs(bytes, namedAs: format))
    }
    guard actual == format else {
      throw Refusal(
        .otherContent,
        "named as \(format.rawValue.uppercased()), the content is \(actual.rawValue.uppercased()); rename it")
    }
    do {
      switch format {
      case .png: try self.init(png: bytes)
      case .jpeg: try self.init(jpeg: bytes)
      }
    } catch let error as CodecError {
      throw Refusal(error)
    } catch let error as Refusal {
      throw error
    } catch {
      throw Refusal(.damaged, "it can't be read")
    }
  }

  /// Describes a file that is not a picture, and what to do.
  private static func whatItIs(_ bytes: [UInt8], namedAs format: ImageFormat) -> String {
    let named = "named as \(format.rawValue.uppercased())"
    if bytes.isEmpty { return "the file is empty; write or copy it again" }
    let signature: [UInt8] =
      format == .png ? [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] : [0xFF, 0xD8, 0xFF]
    let head = bytes.prefix(1 << 16)
    let lines: [(mark: [UInt8], what: String)] = [
      (
        [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0D, 0x0A],
        "line ends were changed on the way (adb shell); use adb exec-out screencap -p"
      ),
      (
        [0xFF, 0xFE],
        "it was written as UTF-16 text, as PowerShell's > does; redirect it in cmd, or pull a file"
      ),
      (
        [0xEF, 0xBF, 0xBD, 0x50, 0x4E, 0x47],
        "it was written as text, which can't be undone; take the picture again"
      ),
      ([0x3F, 0x50, 0x4E, 0x47], "it was written as text, which can't be undone; take the picture again"),
    ]
    for line in lines where head.starts(with: line.mark) { return "\(named), but \(line.what)" }
    // Output of a shell, then the picture.
    let start = head.indices.first { index in head[index...].starts(with: signature) }
    if let start, start > 0,
      head[..<start].allSatisfy({ $0 >= 0x20 || [0x09, 0x0A, 0x0D, 0x1B].contains($0) })
    {
      return
        "\(start) bytes of text are before the picture, a warning of the program that wrote it; it may be of another display. Take the picture again without them (screencap -p -d ID, standard error redirected), or cut it off: tail -c +\(start + 1)"
    }
    return "\(named), the content is something else; rename it"
  }

  private init(png bytes: [UInt8]) throws {
    let header = try PNG.header(of: bytes.span)
    self.init(
      format: .png, stored: PixelSize(width: header.width, height: header.height), orientation: .upright,
      mayHaveAlpha: header.colorType == .rgba || header.colorType == .grayAlpha,
      isGray: header.colorType == .gray)
    if header.bitDepth == 16 { notes.append("16 bits a sample rounded to 8, v * 255 / 65535") }
    let chunks = try PNG.chunks(of: bytes.span)
    profile = try PNG.profile(bytes.span, chunks)
    for chunk in chunks {
      switch chunk.name {
      case "acTL", "fcTL", "fdAT":
        throw Refusal(.unsupported, "an animated PNG; export the frame you need as a plain PNG")
      case "tRNS":
        mayHaveAlpha = true
        isGray = false
      // Full-range sRGB; other code points mean HDR and film.
      case "cICP" where Array(bytes[chunk.content]) != [1, 13, 0, 1]:
        throw Refusal(.unsupported, "its cICP colours are not sRGB; convert it first")
      case "eXIf":
        let turn = try JPEG.orientation(ofTIFF: bytes.span.extracting(chunk.content))
        guard turn ?? 1 == 1 else {
          throw Refusal(
            .unsupported, "a PNG with an Exif rotation, which few programs apply; rotate its pixels first")
        }
        try checkHidden(HiddenOrientation.inXMP(bytes[chunk.content]))
      case "tEXt", "zTXt", "iTXt":
        try checkHidden(HiddenOrientation.inText(chunk.name, bytes[chunk.content]))
      default: break
      }
    }
  }

  private init(jpeg bytes: [UInt8]) throws {
    let header = try JPEG.header(of: bytes.span)
    self.init(
      format: .jpeg, stored: PixelSize(width: header.width, height: header.height),
      orientation: Orientation(number: header.orientation), mayHaveAlpha: false,
      isGray: header.components == 1)
    let segments = try JPEG.segments(of: bytes.span)
    profile = try JPEG.profile(bytes.span, segments)
    isInk = header.components == 4
    guard !isInk || profile != nil else {
      throw Refusal(
        .unsupported,
        "colours for print (CMYK) without a profile, which look different everywhere; ImageMagick makes them sRGB: convert in.jpg -colorspace sRGB out.jpg"
      )
    }
    for segment in segments where segment.marker == 0xE2 {
      if bytes[segment.content].starts(with: "MPF\0".utf8) {
        throw Refusal(.unsupported, "several pictures in one JPEG; export the one you need")
      }
    }
    // Extended XMP is split over segments.
    try checkHidden(
      HiddenOrientation.inXMP(segments.filter { $0.marker == 0xE1 }.flatMap { bytes[$0.content] }))
  }

  /// Programs differ in which orientation they apply, if there are several; LabelMe and others also apply
  /// that of XMP.
  private func checkHidden(_ orientations: Set<Int>) throws(Refusal) {
    guard orientations.isSubset(of: [orientation.number]) else {
      throw Refusal(
        .unsupported,
        "its XMP or its text says to rotate it otherwise than its Exif data, so programs differ; rotate its pixels, or remove these data (exiftool -XMP:Orientation= or mogrify -strip)"
      )
    }
  }

  private init(
    format: ImageFormat, stored: PixelSize, orientation: Orientation, mayHaveAlpha: Bool, isGray: Bool
  ) {
    self.format = format
    self.stored = stored
    self.orientation = orientation
    self.mayHaveAlpha = mayHaveAlpha
    self.isGray = isGray
  }
}
