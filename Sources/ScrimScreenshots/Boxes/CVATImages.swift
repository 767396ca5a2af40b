import ScrimRedact

/// The XML of "CVAT for images 1.1": `annotations` with one `image` per picture, which contains its shapes.
enum CVATImages {
  static func read(_ root: Markup.Element) throws(BoxesError) -> AnnotatedPictures {
    var result = AnnotatedPictures(format: .cvat)
    for child in root.children {
      switch child.name {
      case "version", "meta": continue
      case "image": result.pictures.append(try picture(child))
      case "track":
        throw BoxesError(
          .cvat, child.place, .unsupported("tracks of a video; export it as \"CVAT for images\""))
      default:
        throw BoxesError(.cvat, child.place, .unsupported("an element that CVAT for images does not have"))
      }
    }
    return result
  }

  private static func picture(_ image: Markup.Element) throws(BoxesError) -> AnnotatedPictures.Picture {
    guard let name = image["name"] else { throw BoxesError(.cvat, image.place, .missing("name")) }
    let size = PixelSize(width: try side("width", of: image), height: try side("height", of: image))
    var picture = AnnotatedPictures.Picture(path: name, size: size, place: image.place)
    for shape in image.children where shape.name != "tag" {
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
      // The pixels that its runs set lie within these bounds.
      extent.add(
        x: try number("left", of: shape), y: try number("top", of: shape),
        width: try size("width", of: shape), height: try size("height", of: shape))
    case "polygon", "polyline", "points":
      try checkUpright(shape, degrees)
      try addPoints(of: shape, to: &extent)
    case "cuboid":
      try checkUpright(shape, degrees)
      for corner in ["tl1", "bl1", "tr1", "br1", "tl2", "bl2", "tr2", "br2"] {
        extent.add(x: try number("x" + corner, of: shape), y: try number("y" + corner, of: shape))
      }
    case "skeleton":
      try checkUpright(shape, degrees)
      for part in shape.children where part.name != "attribute" { try add(part, to: &extent) }
    default:
      throw BoxesError(
        .cvat, shape.place, .unsupported("a shape that CVAT for images does not have; draw a rectangle"))
    }
    guard shape.name == "skeleton" || shape.children.allSatisfy({ $0.name == "attribute" }) else {
      throw BoxesError(.cvat, shape.place, .unsupported("shapes inside a shape that is not a skeleton"))
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
