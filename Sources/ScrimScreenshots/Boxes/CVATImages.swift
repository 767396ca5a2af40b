import ScrimJSON
import ScrimRedact

/// The XML of "CVAT for images 1.1": `annotations` with one `image` per picture, which contains its shapes.
enum CVATImages {
  static func read(_ root: Markup.Element) throws(BoxesError) -> AnnotatedPictures {
    var result = AnnotatedPictures(format: .cvat)
    guard !root.hasText else { throw text(in: root) }
    var subsets: [String?] = []
    for child in root.children {
      switch child.name {
      case "version", "meta":
        guard !holdsShapes(child) else {
          throw BoxesError(.cvat, child.place, .unsupported("shapes outside an image"))
        }
      case "image":
        result.pictures.append(try picture(child))
        subsets.append(child["subset"])
      case "track":
        throw BoxesError(
          .cvat, child.place, .unsupported("tracks of a video; export it as \"CVAT for images\""))
      default:
        throw BoxesError(.cvat, child.place, .unsupported("an element that CVAT for images does not have"))
      }
    }
    let counts = Dictionary(result.pictures.map { (JSONKey($0.path), 1) }, uniquingKeysWith: +)
    for (index, subset) in subsets.enumerated() {
      guard let subset else { continue }
      let path = result.pictures[index].path
      let isRepeated = counts[JSONKey(path)] != 1
      result.pictures[index].path = CVATImages.path(path, in: subset, isRepeated: isRepeated)
    }
    return result
  }

  private static func holdsShapes(_ element: Markup.Element) -> Bool {
    element.children.contains { child in
      child.name == "image" || child.name == "track" || places[child.name] != nil || holdsShapes(child)
    }
  }

  /// The path of a picture of a project, which is exported to `images/SUBSET/NAME`. Names repeat from subset to subset.
  private static func path(_ name: String, in subset: String, isRepeated: Bool) -> String {
    let listed = PicturePath(name)
    guard !subset.isEmpty, subset != "default" || isRepeated, !listed.isAbsolute, listed.parts.first != subset
    else { return name }
    return subset + "/" + name
  }

  private static func picture(_ image: Markup.Element) throws(BoxesError) -> AnnotatedPictures.Picture {
    guard let name = image["name"] else { throw BoxesError(.cvat, image.place, .missing("name")) }
    let size = PixelSize(width: try side("width", of: image), height: try side("height", of: image))
    var picture = AnnotatedPictures.Picture(path: name, size: size, place: image.place)
    try refuseOthers(of: image, except: ["id", "name", "width", "height", "subset", "task_id", "frame"])
    guard !image.hasText else { throw text(in: image) }
    for shape in image.children {
      guard shape.name != "tag" else {
        try checkTag(shape)
        continue
      }
      guard let label = shape["label"] else { throw BoxesError(.cvat, shape.place, .missing("label")) }
      var extent = Extent()
      try add(shape, to: &extent)
      let hasOwnArea = ["box", "ellipse", "mask"].contains(shape.name)
      guard extent.hasArea || hasOwnArea && !extent.isEmpty else {
        throw BoxesError(
          .cvat, shape.place,
          .unsupported("a line or a point, which encloses nothing; draw a rectangle or delete it"))
      }
      picture.regions.append(
        AnnotatedPictures.Region(label: label, extent: extent, place: shape.place))
    }
    return picture
  }

  private static func add(_ shape: Markup.Element, to extent: inout Extent) throws(BoxesError) {
    let degrees = shape["rotation"] == nil ? 0 : try number("rotation", of: shape)
    if let own = places[shape.name] { try refuseOthers(of: shape, except: own.union(facts)) }
    try checkContent(of: shape)
    switch shape.name {
    case "box":
      let (left, top) = (try number("xtl", of: shape), try number("ytl", of: shape))
      let (right, bottom) = (try number("xbr", of: shape), try number("ybr", of: shape))
      guard right >= left, bottom >= top else {
        throw BoxesError(.cvat, shape.place, .badNumber("its box", "has a negative size"))
      }
      extent.add(x: left, y: top, width: right - left, height: bottom - top, degrees: degrees)
    case "ellipse":
      extent.add(
        ellipseAtX: try number("cx", of: shape), y: try number("cy", of: shape),
        radiusX: try size("rx", of: shape), radiusY: try size("ry", of: shape), degrees: degrees)
    case "mask":
      try checkUpright(shape, degrees)
      try checkRuns(of: shape)
      // The pixels that its runs set lie within these bounds.
      extent.add(
        x: try number("left", of: shape), y: try number("top", of: shape),
        width: try size("width", of: shape), height: try size("height", of: shape))
    case "polygon", "polyline", "points":
      try checkUpright(shape, degrees)
      try addPoints(of: shape, to: &extent)
    case "cuboid":
      try checkUpright(shape, degrees)
      for corner in cuboidCorners {
        extent.add(x: try number("x" + corner, of: shape), y: try number("y" + corner, of: shape))
      }
    case "skeleton":
      try checkUpright(shape, degrees)
      for part in shape.children where part.name != "attribute" { try add(part, to: &extent) }
    default:
      throw BoxesError(
        .cvat, shape.place, .unsupported("a shape that CVAT for images does not have; draw a rectangle"))
    }
  }

  /// The attributes that are the place of a shape.
  private static let places: [String: Set<String>] = [
    "box": ["xtl", "ytl", "xbr", "ybr", "rotation"], "ellipse": ["cx", "cy", "rx", "ry", "rotation"],
    "mask": ["rle", "left", "top", "width", "height", "rotation"], "polygon": ["points", "rotation"],
    "polyline": ["points", "rotation"], "points": ["points", "rotation"], "skeleton": ["rotation"],
    "cuboid": Set(cuboidCorners.flatMap { ["x" + $0, "y" + $0] } + ["rotation"]),
  ]

  /// The attributes about a shape or a tag that CVAT and Datumaro write.
  private static let facts: Set<String> = [
    "label", "source", "occluded", "outside", "z_order", "group_id", "keyframe", "frame", "id",
    "annotation_type",
    "score", "votes", "track_id", "task_id", "job_id", "subset", "type", "pinned", "locked", "hidden",
    "color",
  ]

  private static let cuboidCorners = ["tl1", "bl1", "tr1", "br1", "tl2", "bl2", "tr2", "br2"]

  /// Refuses attributes that CVAT doesn't have and that may be a place: numbers, coordinates.
  private static func refuseOthers(
    of element: Markup.Element, except known: Set<String>
  ) throws(BoxesError) {
    let others = element.attributes.filter { !known.contains($0.name) }
    let members = others.map { JSON.Member($0.name, .string($0.value)) }
    let number = others.first { attribute in
      attribute.value != "0" && (RegionText.numberCount(attribute.value) ?? 0) > 0
    }
    guard let key = number?.name ?? RegionMember.first(in: members, except: []) else { return }
    throw BoxesError(
      .cvat, element.place,
      .unsupported("\(printable(key)), which CVAT for images does not have and which may be a place"))
  }

  /// Inside a shape are only its attributes, or the shapes of a skeleton.
  private static func checkContent(of shape: Markup.Element) throws(BoxesError) {
    guard !shape.hasText else { throw text(in: shape) }
    let attributes = shape.children.filter { $0.name == "attribute" }
    guard shape.name == "skeleton" || attributes.count == shape.children.count else {
      throw BoxesError(.cvat, shape.place, .unsupported("shapes inside a shape that is not a skeleton"))
    }
    for attribute in attributes {
      try refuseOthers(of: attribute, except: ["name", "id", "spec_id"])
      guard attribute.children.isEmpty else {
        throw BoxesError(.cvat, attribute.place, .unsupported("elements inside an attribute"))
      }
    }
    let members = attributes.map { JSON.Member($0["name"] ?? "", .string($0.text)) }
    guard let key = RegionMember.first(in: members, except: []) else { return }
    throw BoxesError(
      .cvat, shape.place,
      .unsupported("its attribute \(printable(key)), which may be a region; draw it, or delete it"))
  }

  private static func checkTag(_ tag: Markup.Element) throws(BoxesError) {
    try refuseOthers(of: tag, except: facts)
    try checkContent(of: tag)
  }

  private static func text(in element: Markup.Element) -> BoxesError {
    BoxesError(.cvat, element.place, .unsupported("text where CVAT for images has none"))
  }

  /// The runs of a mask, outside first, row by row, end within its bounds.
  private static func checkRuns(of mask: Markup.Element) throws(BoxesError) {
    guard let text = mask["rle"] else { return }
    let area = try size("width", of: mask) * size("height", of: mask)
    var sum = 0.0
    for run in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let count = String(run).trimmingSpaces.plainNumber, count >= 0, count == count.rounded() else {
        throw BoxesError(.cvat, mask.place, .wrongType("rle", expected: "whole numbers with commas"))
      }
      sum += count
    }
    guard sum <= area else {
      throw BoxesError(.cvat, mask.place, .malformed("its rle is larger than its bounds; export it again"))
    }
  }

  private static func checkUpright(_ shape: Markup.Element, _ degrees: Double) throws(BoxesError) {
    guard degrees == 0 else {
      throw BoxesError(.cvat, shape.place, .unsupported("a rotation of points; draw a rectangle"))
    }
  }

  /// `x,y;x,y;…`
  private static func addPoints(of shape: Markup.Element, to extent: inout Extent) throws(BoxesError) {
    guard let text = shape["points"] else { throw BoxesError(.cvat, shape.place, .missing("points")) }
    for pair in text.split(separator: ";") {
      let numbers = pair.split(separator: ",", omittingEmptySubsequences: false).compactMap {
        String($0).trimmingSpaces.plainNumber
      }
      guard numbers.count == 2, numbers.allSatisfy({ abs($0) <= Double(WidgetTree.coordinateLimit) }),
        pair.utf8.count(where: { $0 == UInt8(ascii: ",") }) == 1
      else {
        throw BoxesError(.cvat, shape.place, .wrongType("points", expected: "x,y;x,y in plain numbers"))
      }
      extent.add(x: numbers[0], y: numbers[1])
    }
    guard !extent.isEmpty else { throw BoxesError(.cvat, shape.place, .missing("points")) }
  }

  private static func side(_ key: String, of image: Markup.Element) throws(BoxesError) -> Int {
    guard let value = Int(exactly: try number(key, of: image)), value > 0 else {
      throw BoxesError(.cvat, image.place, .badNumber(key, "must be a whole number of pixels"))
    }
    return value
  }

  private static func size(_ key: String, of shape: Markup.Element) throws(BoxesError) -> Double {
    let value = try number(key, of: shape)
    guard value >= 0 else { throw BoxesError(.cvat, shape.place, .badNumber(key, "is negative")) }
    return value
  }

  private static func number(_ key: String, of shape: Markup.Element) throws(BoxesError) -> Double {
    guard let text = shape[key] else { throw BoxesError(.cvat, shape.place, .missing(key)) }
    guard let number = text.plainNumber, abs(number) <= Double(WidgetTree.coordinateLimit) else {
      throw BoxesError(.cvat, shape.place, .badNumber(key, "is not a plain number"))
    }
    return number
  }
}

extension String {
  /// Without spaces at both ends.
  fileprivate var trimmingSpaces: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
