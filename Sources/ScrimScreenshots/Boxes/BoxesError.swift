import ScrimRedact

/// Why a side file gives no boxes. Its picture is refused.
///
/// A description names the place by line, number and element; never by a name or text that an application
/// showed.
package struct BoxesError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Fault: Hashable, Sendable {
    case missing(String)
    case wrongType(String, expected: String)
    /// An invalid number, a negative one where it is not allowed, or one beyond any screen.
    case badNumber(String, String)
    case repeated(String)
    /// Not this format at all.
    case malformed(String)
    /// Understood, but unreliable.
    case unsupported(String)
    /// The boxes belong to a picture of another size and would mask the wrong places.
    case otherSize(claimed: String, picture: PixelSize)
    /// The boxes may belong to another display, or to another size of it.
    case otherScreen(claimed: String, picture: PixelSize)
    case scaleUnknown
    case tooMany(String, limit: Int)
  }

  /// Nil if the format is unknown.
  package var format: BoxFormat?
  package var place: String
  package var fault: Fault

  init(_ format: BoxFormat?, _ place: String, _ fault: Fault) {
    self.format = format
    self.place = place
    self.fault = fault
  }

  package var description: String { "\(format?.name ?? "side file"), \(place): \(fault.sentence)" }
}

extension BoxesError.Fault {
  var sentence: String {
    switch self {
    case .missing(let key): "\(key) is missing; give it"
    case .wrongType(let key, let expected): "\(key) must be \(expected)"
    case .badNumber(let key, let problem): "\(key) \(problem); correct the source or leave the box out"
    case .repeated(let key): "\(key) is given twice; give it once"
    case .malformed(let reason): reason
    case .unsupported(let what): "can't rely on \(what)"
    case .otherSize(let claimed, let picture):
      "the boxes are for \(claimed), the picture is \(picture); give boxes of this picture, or their scale"
    case .otherScreen(let claimed, let picture):
      "the boxes look like those of a screen of \(claimed), the picture is \(picture); the window dump and the picture must be of one display at one size. If they are (a split screen, a menu alone), use --box-scale 1"
    case .scaleUnknown:
      "the number of pixels per unit of its boxes is unknown; put deviceScaleFactor into the file, or give a box scale"
    case .tooMany(let what, let limit): "more than \(limit) \(what); list only visible ones"
    }
  }
}

/// Text for a message: short, and of plain characters.
func printable(_ text: String) -> String {
  let short = text.unicodeScalars.prefix(60).map {
    $0.isASCII && $0.value > 0x20 && $0.value < 0x7F ? $0 : "?"
  }
  var result = ""
  result.unicodeScalars.append(contentsOf: short)
  return text.unicodeScalars.dropFirst(60).isEmpty ? result : result + "..."
}

extension BoxesError.Fault {
  /// A tree's error, without the id that its own message would contain: ids of some tools are labels.
  init(_ fault: WidgetError.Fault) {
    switch fault {
    case .notFinite(let key): self = .badNumber(key, "is NaN or infinite")
    case .negative(let key): self = .badNumber(key, "is negative")
    case .outOfRange(let key): self = .badNumber(key, "is larger than any screen")
    case .parentCycle:
      self = .malformed("it is its own ancestor; correct the children of a node in this cycle")
    case .boxScale:
      self = .badNumber(
        "the box scale",
        "must lie between \(WidgetTree.boxScales.lowerBound) and \(WidgetTree.boxScales.upperBound)")
    default: self = .malformed("its boxes are not a valid tree")
    }
  }
}
