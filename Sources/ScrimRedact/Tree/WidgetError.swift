/// Why a list of widgets or windows is not a valid tree. Its frame fails closed.
///
/// A description names the widget by its id or its place in the list, never by its name or text.
public struct WidgetError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The invalid element.
  public enum Culprit: Hashable, Sendable {
    /// A widget: its id, if it has one, and its index in the list (flattened, parents before their
    /// children).
    case widget(id: String?, index: Int)
    case window(xid: Int?, index: Int)
    /// The object around the lists, or the lists themselves.
    case tree
  }

  public enum Fault: Hashable, Sendable {
    case missing(String)
    /// NaN or infinite.
    case notFinite(String)
    case negative(String)
    /// Beyond ``WidgetTree/coordinateLimit`` or ``WidgetTree/extentLimit``.
    case outOfRange(String)
    case wrongType(String, expected: String)
    case repeatedKey(String)
    case contradiction(String, String)
    case duplicateID
    case parentCycle
    /// A parent index outside the list.
    case noSuchParent
    case boxScale
    case tooMany(String, limit: Int)
    case notJSON(String)
  }

  public var culprit: Culprit
  public var fault: Fault

  public init(_ culprit: Culprit, _ fault: Fault) {
    self.culprit = culprit
    self.fault = fault
  }

  public var description: String {
    let subject =
      switch culprit {
      case .widget(let id?, let index):
        "widget \"\(WidgetError.printable(id))\" (number \(index) of its list)"
      case .widget(nil, let index): "widget number \(index) of its list (it has no id)"
      case .window(let xid?, let index): "window \(xid) (number \(index) of its list)"
      case .window(nil, let index): "window number \(index) of its list"
      case .tree: "the widget tree"
      }
    return "\(subject): \(fault.sentence)"
  }

  /// An id for a message: short, and without control characters.
  static func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars.prefix(80) {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
        result.unicodeScalars.append("\u{FFFD}")
      default: result.unicodeScalars.append(scalar)
      }
    }
    return text.unicodeScalars.dropFirst(80).isEmpty ? result : result + "…"
  }
}

extension WidgetError.Fault {
  var sentence: String {
    switch self {
    case .missing(let key): "\(key) is missing; give it"
    case .notFinite(let key): "\(key) is NaN or infinite; give a number of pixels, or leave the widget out"
    case .negative(let key): "\(key) is negative; give a size of zero or more, or leave the widget out"
    case .outOfRange(let key):
      "\(key) is larger than any screen; check the source"
    case .wrongType(let key, let expected): "\(key) must be \(expected)"
    case .repeatedKey(let key): "\(key) is given twice; give it once"
    case .contradiction(let one, let other): "\(one) and \(other) contradict each other; give one of them"
    case .duplicateID: "another widget has the same id; ids must differ within a tree"
    case .parentCycle: "it is its own ancestor; correct the parent of one of the widgets in this cycle"
    case .noSuchParent: "its parent's index lies outside the list"
    case .boxScale:
      "box_scale must be a number from \(WidgetTree.boxScales.lowerBound) to \(WidgetTree.boxScales.upperBound)"
    case .tooMany(let what, let limit): "more than \(limit) \(what); list only visible ones"
    case .notJSON(let reason): reason
    }
  }
}
