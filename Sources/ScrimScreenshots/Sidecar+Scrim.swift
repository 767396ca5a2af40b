import ScrimJSON
import ScrimRedact

extension SidecarFormat {
  /// `{"width":1280,"height":800,"box_scale":1,"space":"displayed","widgets":[…],"windows":[…]}`; `width` and `height`
  /// are required, other keys are informative. Takes every file with its ending, so it comes last.
  public static let scrim = SidecarFormat(name: "scrim", ending: ".json") { bytes, _ in
    Result { () throws(SidecarFault) in try Sidecar(scrim: bytes) }
  }
}

extension Sidecar {
  init(scrim bytes: [UInt8]) throws(SidecarFault) {
    let json: JSON
    do { json = try JSON(bytes, acceptingNonFinite: true) } catch { throw SidecarFault("\(error)") }
    guard case .object(let members) = json else { throw SidecarFault("it must be an object") }
    for key in ["width", "height", "space"] where members.count(where: { $0.key == key }) > 1 {
      throw SidecarFault("\(key) is given twice; give it once")
    }
    var space = BoxSpace.displayed
    switch json["space"] {
    case nil, .null: break
    case .string(let name):
      guard let named = BoxSpace(rawValue: name) else {
        throw SidecarFault(#"space must be "stored" or "displayed""#)
      }
      space = named
    default: throw SidecarFault(#"space must be "stored" or "displayed""#)
    }
    let tree: WidgetTree
    do { tree = try WidgetTree(json) } catch { throw SidecarFault("\(error)") }
    self.init(
      tree: tree,
      size: PixelSize(
        width: try Sidecar.side("width", of: json), height: try Sidecar.side("height", of: json)),
      space: space, describesWholeWindows: json["windows"].map { $0 != .null } ?? false, format: "scrim")
  }

  private static func side(_ key: String, of json: JSON) throws(SidecarFault) -> Int {
    guard case .number(let value)? = json[key] else {
      throw SidecarFault("\(key) of the picture is missing; give it in pixels")
    }
    guard value.isFinite, value > 0, value < 0x1p31, let side = Int(exactly: value) else {
      throw SidecarFault("\(key) must be a whole number of pixels")
    }
    return side
  }
}
