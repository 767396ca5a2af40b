import ScrimJSON
import ScrimRedact

extension SidecarFormat {
  /// `{"width":1280,"height":800,"box_scale":1,"space":"displayed","widgets":[…],"windows":[…]}`; `width`
  /// and `height` are required, other keys are informative. Accepts every file with its ending, so it is
  /// tried last.
  package static let scrim = SidecarFormat(name: "scrim", ending: ".json") { bytes, _ in
    Result { () throws(SidecarIssue) in try Sidecar(scrim: bytes) }
  }
}

/// The outermost object of Scrim's own sidecar.
private struct SidecarObject: JSONContext {
  func error(_ fault: JSONObjectError) -> SidecarIssue {
    switch fault {
    case .notAnObject: SidecarIssue("it must be an object")
    case .missing(let key): SidecarIssue("\(key) of the picture is missing; give it in pixels")
    case .wrongType("space", _, _): SidecarIssue(#"space must be "stored" or "displayed""#)
    case .repeated(let key): SidecarIssue("\(key) is given twice; give it once")
    case .wrongType(let key, _, kind: "a number"), .notFinite(let key), .outOfRange(let key),
      .negative(let key):
      SidecarIssue("\(key) must be a whole number of pixels")
    case .wrongType(let key, _, _): SidecarIssue("\(key) of the picture is missing; give it in pixels")
    case .unknownKey(let key), .contradiction(let key, _):
      SidecarIssue("\(printable(key)) is ambiguous")
    }
  }
}

extension Sidecar {
  init(scrim bytes: [UInt8]) throws(SidecarIssue) {
    let json: JSON
    do { json = try JSON(bytes, acceptingNonFinite: true) } catch { throw SidecarIssue("\(error)") }
    let root = try JSONObject(json, in: SidecarObject())
    for key in ["width", "height", "space"]
    where root.members.count(where: { $0.key.hasSameBytes(as: key) }) > 1 {
      throw root.context.error(.repeated(key))
    }
    var space = BoxSpace.displayed
    if let field = root.field("space") {
      guard let named = BoxSpace(rawValue: try field.string()), named != .either else {
        throw field.wrongType("stored or displayed")
      }
      space = named
    }
    let tree: WidgetTree
    do { tree = try WidgetTree(json) } catch { throw SidecarIssue("\(error)") }
    let size = PixelSize(
      width: try Sidecar.side("width", of: root), height: try Sidecar.side("height", of: root))
    if let fault = tree.mismatch(with: size, isList: root["windows"] == nil) {
      throw SidecarIssue(fault.sentence)
    }
    self.init(
      tree: tree,
      size: size,
      space: space, describesWholeWindows: root["windows"] != nil, format: "scrim")
  }

  private static func side(_ key: String, of root: JSONObject<SidecarObject>) throws(SidecarIssue) -> Int {
    let side = try root.required(key)
    guard side > 0, side < 0x1p31, let whole = Int(exactly: side) else {
      throw root.context.error(.negative(key))
    }
    return whole
  }
}
