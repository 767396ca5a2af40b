import ScrimJSON
import ScrimRedact

/// VGG Image Annotator 1 and 2: a project, or the annotations alone as an object with one member per
/// picture.
enum VIAAnnotations {
  static let shapes = ["rect", "circle", "ellipse", "polygon", "polyline", "point"]

  /// The object with one member per picture; nil if the value is neither a project nor annotations.
  static func pictures(in json: JSON) -> JSON? {
    guard case .object(let members) = json else { return nil }
    if let pictures = json["_via_img_metadata"] { return pictures }
    guard !members.isEmpty, members.allSatisfy({ $0.value["filename"] != nil && $0.value["regions"] != nil })
    else { return nil }
    return json
  }

  static func read(_ json: JSON) throws(BoxesError) -> AnnotatedPictures {
    var result = AnnotatedPictures(format: .via)
    if json["_via_img_metadata"] != nil {
      // The settings, the questions of the project, and the order of the pictures.
      try BoxObject(json, .via, "the outermost object").refuseRegions(
        except: ["_via_img_metadata", "_via_settings", "_via_attributes", "_via_image_id_list"])
    }
    let root = try BoxObject(pictures(in: json) ?? json, .via, "the pictures")
    for (index, member) in root.members.enumerated() {
      let item = try BoxObject(member.value, .via, "picture \(index)")
      try item.refuseRegions(except: ["filename", "regions", "fileref", "base64_img_data"])
      guard let path = try item.string("filename") else { throw item.fault(.missing("filename")) }
      var picture = AnnotatedPictures.Picture(path: path, size: nil, place: item.place)
      if case .number(let bytes)? = item["size"], bytes > 0 { picture.byteCount = Int(exactly: bytes) }
      for (number, region) in try regions(of: item).enumerated() {
        picture.regions.append(
          try self.region(try BoxObject(region, .via, "\(item.place), region \(number)")))
      }
      result.pictures.append(picture)
    }
    return result
  }

  /// The list of regions; version 1 writes an object with numbers as keys.
  private static func regions(of picture: BoxObject) throws(BoxesError) -> [JSON] {
    if case .object(let members)? = picture["regions"] { return members.map(\.value) }
    guard let list = try picture.list("regions") else { throw picture.fault(.missing("regions")) }
    return list
  }

  private static func region(_ region: BoxObject) throws(BoxesError) -> AnnotatedPictures.Region {
    guard let shape = try region.object("shape_attributes") else {
      throw region.fault(.missing("shape_attributes"))
    }
    try region.refuseRegions(except: ["shape_attributes", "region_attributes"])
    try region.object("region_attributes")?.refuseRegions(except: [])
    try refuseOthers(of: shape)
    var extent = Extent()
    switch try shape.string("name") {
    case "rect":
      extent.add(
        x: try shape.required("x"), y: try shape.required("y"), width: try shape.size("width"),
        height: try shape.size("height"), degrees: try degrees(of: shape))
    case "circle":
      let radius = try shape.size("r")
      extent.add(
        ellipseAtX: try shape.required("cx"), y: try shape.required("cy"), radiusX: radius, radiusY: radius)
    case "ellipse":
      extent.add(
        ellipseAtX: try shape.required("cx"), y: try shape.required("cy"), radiusX: try shape.size("rx"),
        radiusY: try shape.size("ry"), degrees: try degrees(of: shape))
    case "polygon", "polyline":
      guard let xs = try shape.numbers("all_points_x"), let ys = try shape.numbers("all_points_y"),
        xs.count == ys.count, xs.count >= 3
      else {
        throw shape.fault(
          .wrongType("all_points_x", expected: "as many numbers as all_points_y, three or more"))
      }
      for (x, y) in zip(xs, ys) { extent.add(x: x, y: y) }
      guard extent.hasArea else { throw shape.fault(enclosesNothing) }
    case "point", "line": throw shape.fault(enclosesNothing)
    case nil: throw shape.fault(.missing("name"))
    default: throw shape.fault(.unsupported("a shape that VIA 2 does not have; draw a rectangle"))
    }
    return AnnotatedPictures.Region(label: try label(of: region), extent: extent, place: region.place)
  }

  /// Refuses numbers under names that the shape doesn't have: a rotation, or the places of another shape.
  private static func refuseOthers(of shape: BoxObject) throws(BoxesError) {
    let known: [String: Set<String>] = [
      "rect": ["x", "y", "width", "height", "theta"], "circle": ["cx", "cy", "r"],
      "ellipse": ["cx", "cy", "rx", "ry", "theta"], "polygon": ["all_points_x", "all_points_y"],
      "polyline": ["all_points_x", "all_points_y"],
    ]
    guard let own = known[try shape.string("name") ?? ""] else { return }
    try shape.refuseRegions(except: own.union(["name"]))
    for member in shape.members where !own.contains(member.key) {
      switch member.value {
      case .string(let text) where RegionText.numberCount(text) == nil: continue
      case .null, .bool, .number(0): continue
      case .string, .number, .digits:
        throw shape.fault(
          .unsupported("\(printable(member.key)), which this shape does not have in VIA; draw a polygon"))
      case .array, .object: continue
      }
    }
  }

  private static let enclosesNothing = BoxesError.Fault.unsupported(
    "a line or a point, which encloses nothing; draw a rectangle or delete it")

  /// `theta` is in radians.
  private static func degrees(of shape: BoxObject) throws(BoxesError) -> Double {
    (try shape.number("theta") ?? 0) * 180 / .pi
  }

  /// The first text among its attributes, or the first checked option.
  private static func label(of region: BoxObject) throws(BoxesError) -> String {
    guard let attributes = try region.object("region_attributes") else { return "region" }
    for member in attributes.members {
      switch member.value {
      case .string(let text) where !text.isEmpty: return text
      case .object(let ticked):
        if let first = ticked.first(where: { $0.value == .bool(true) }) { return first.key }
      default: continue
      }
    }
    return "region"
  }
}
