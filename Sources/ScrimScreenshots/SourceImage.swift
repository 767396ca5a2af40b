import ScrimCodec

/// A decoded image, rotated for display.
struct SourceImage {
  var facts: ImageFacts
  /// Pixels `0xAARRGGBB` of the displayed picture; high bytes have no meaning if all are opaque.
  var pixels: [UInt32]
  var isOpaque: Bool
  /// Size in pixels of a coded block of the stored picture: traces of any of its pixels may be in all of
  /// them.
  var block: PixelSize

  init(_ bytes: [UInt8], facts: ImageFacts, pixelLimit: Int) throws(Refusal) {
    self.facts = facts
    do throws(CodecError) {
      switch facts.format {
      case .png:
        let image = try PNG.decode(
          bytes.span, as: facts.mayHaveAlpha ? .argb : .rgb, sixteenBit: .reduce, pixelLimit: pixelLimit)
        pixels = image.pixels
        isOpaque = image.info.isOpaque
        block = PixelSize(width: 1, height: 1)
      case .jpeg:
        let image = try JPEG.decode(
          bytes.span, upsampling: .withinBlocks, keepsInk: facts.isInk, pixelLimit: pixelLimit)
        guard image.info.trailingBytes == 0 else {
          throw CodecError(
            .jpeg, .trailingBytes(image.info.trailingBytes),
            "bytes follow the end of the picture, where phones store previews and videos")
        }
        pixels = facts.orientation.displayed(image.pixels, of: facts.stored)
        isOpaque = true
        block = PixelSize(width: image.info.blockWidth, height: image.info.blockHeight)
      }
      if facts.isInk, let profile = facts.profile {
        try ColorProfile.convertInkToSRGB(&pixels, from: profile)
        self.facts.notes.append("colours converted from a print profile to sRGB")
      } else if let profile = facts.profile {
        let isGray = pixels.allSatisfy(\.isGray)
        if try ColorProfile.convertToSRGB(&pixels, from: profile, isGray: isGray) {
          self.facts.isGray = facts.isGray && pixels.allSatisfy(\.isGray)
          self.facts.notes.append("colours converted from a profile to sRGB")
        }
      }
    } catch {
      throw Refusal(error)
    }
  }
}

extension UInt32 {
  /// Whether a pixel `0x??RRGGBB` is grey.
  fileprivate var isGray: Bool { self & 0xFFFF == self >> 8 & 0xFFFF }
}

/// Why an image has no output.
public struct Refusal: Error, Hashable, Sendable {
  public enum Reason: String, Sendable {
    case noBoxes = "no boxes"
    case badBoxes = "bad boxes"
    case unreadable
    case notAFile = "not a regular file"
    case otherContent = "content and extension differ"
    case damaged
    case unsupported
    case overLimit = "over the limit"
    case badName = "name"
    case clash = "names clash"
    case exists = "output exists"
    case notVerified = "verification failed"
  }

  public var reason: Reason
  /// The error and its remedy. Describes the file's structure, never the content of a picture or a
  /// widget.
  public var sentence: String

  init(_ reason: Reason, _ sentence: String) {
    self.reason = reason
    self.sentence = sentence
  }

  init(_ error: CodecError) {
    let reason: Reason =
      switch error.fault {
      case .otherFormat: .otherContent
      case .truncated, .damaged, .trailingBytes: .damaged
      case .unsupported: .unsupported
      case .overLimit, .outOfMemory: .overLimit
      }
    self.init(reason, "\(error)")
  }

  init(_ fault: FolderError) {
    let reason: Reason =
      switch fault {
      case .system, .changed: .unreadable
      case .notAFile: .notAFile
      case .tooLarge: .overLimit
      }
    self.init(reason, fault.sentence)
  }

  init(_ fault: SidecarIssue) { self.init(.badBoxes, "\(fault)") }
}
