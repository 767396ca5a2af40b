import Foundation
import ScrimJSON
import ScrimRedact

/// LabelMe's annotations of one picture, and those of X-AnyLabeling, which adds rotated rectangles and
/// more.
enum LabelMe {
  static func read(_ json: JSON, for request: SidecarRequest) throws(BoxesError) -> Sidecar {
    let root = try BoxObject(json, .labelme, "the outermost object")
    let size = PixelSize(width: try root.pixels("imageWidth"), height: try root.pixels("imageHeight"))
    let path = try root.string("imagePath")
    // The picture may have been converted to another format since.
    if let path, PicturePath(path).stem != PicturePath(request.name).stem {
      throw root.fault(.unsupported("boxes whose imagePath names another picture"))
    }
    try root.refuseRegions(except: ["shapes", "imageData", "imagePath"])
    guard let items = try root.list("shapes") else { throw root.fault(.missing("shapes")) }
    var shapes: [Shape] = []
    for (index, item) in items.enumerated() {
      shapes.append(try Shape(try BoxObject(item, .labelme, "shape \(index)")))
    }
    var picture = AnnotatedPictures.Picture(path: path ?? request.name, size: size, place: root.place)
    var groups: [String: (extent: Extent, isClosed: Bool)] = [:]
    for shape in shapes {
      guard let id = shape.group else { continue }
      groups[id, default: (Extent(), false)].extent.add(shape.extent)
      if !shape.isOpen { groups[id]?.isClosed = true }
    }
    for shape in shapes { picture.regions.append(try shape.region(in: groups)) }
    return try picture.sidecar(.labelme, for: request)
  }

  private struct Shape {
    /// Members that are read here, or that LabelMe and X-AnyLabeling define as text or (`kie_linking`) as pairs of
    /// groups. Their `flags` and `attributes` are free.
    private static let known: Set<String> = [
      "label", "points", "mask", "cuboid3d", "text", "description", "kie_linking",
    ]
    var label: String
    var group: String?
    var extent: Extent
    /// Whether it is a line or a point, which encloses no area by itself.
    var isOpen: Bool
    var place: BoxObject

    init(_ shape: BoxObject) throws(BoxesError) {
      guard let label = try shape.string("label") else { throw shape.fault(.missing("label")) }
      self.label = label
      place = shape
      try Shape.refuseOthers(of: shape)
      group = shape["group_id"] == nil ? nil : try shape.id("group_id")
      let points = try Shape.points(of: shape)
      let kind = try shape.string("shape_type") ?? "polygon"
      extent = Extent()
      for point in points { extent.add(x: point[0], y: point[1]) }
      isOpen = false
      switch kind {
      case "rectangle" where points.count == 2 || points.count == 4, "polygon" where points.count >= 3,
        "rotation" where points.count == 4, "oriented_rectangle" where points.count == 4,
        "quadrilateral" where points.count == 4, "cuboid" where points.count >= 4:
        break
      case "mask" where points.count == 2:
        // Its points are pixels of the mask, the last included.
        extent.add(x: extent.maxX + 1, y: extent.maxY + 1)
      case "circle" where points.count == 2:
        // The centre and a point on the circle.
        let (dx, dy) = (points[1][0] - points[0][0], points[1][1] - points[0][1])
        let radius = (dx * dx + dy * dy).squareRoot()
        extent.add(ellipseAtX: points[0][0], y: points[0][1], radiusX: radius, radiusY: radius)
      case "point", "points", "line", "linestrip", "polyline":
        guard !points.isEmpty else { throw shape.fault(.malformed("it has no points; delete it")) }
        isOpen = points.count < 3 || !extent.hasArea
      case "rectangle", "polygon", "rotation", "oriented_rectangle", "quadrilateral", "cuboid", "mask",
        "circle":
        throw shape.fault(.malformed("a \(kind) of \(points.count) points; draw it again"))
      default:
        throw shape.fault(.unsupported("a shape of the kind \(printable(kind)); draw a rectangle"))
      }
      try addDepth(of: shape, points)
      try addRotation(of: shape, kind)
      if let corner = points.first { try addMask(of: shape, at: corner, isMask: kind == "mask") }
      guard isOpen || extent.hasArea else {
        throw shape.fault(.unsupported("a \(kind) that encloses nothing; draw it again or delete it"))
      }
    }

    /// Refuses members that may be a region and are not read.
    private static func refuseOthers(of shape: BoxObject) throws(BoxesError) {
      try shape.refuseRegions(except: known)
      try shape.refuseMeasures(except: [])
    }

    /// A mask is a picture of its own, which may be larger than its two points imply.
    private mutating func addMask(
      of shape: BoxObject, at corner: [Double], isMask: Bool
    ) throws(BoxesError) {
      guard let text = try shape.string("mask") else { return }
      guard isMask else {
        throw shape.fault(.unsupported("a mask of a shape of another kind; draw a polygon"))
      }
      guard let head = Data(base64Encoded: String(text.filter { !$0.isWhitespace }.prefix(64))),
        let size = PixelSize(pngHead: Array(head))
      else { throw shape.fault(.malformed("its mask is not a PNG; draw it again")) }
      extent.add(x: corner[0], y: corner[1], width: Double(size.width), height: Double(size.height))
    }

    /// The back of a cuboid, which X-AnyLabeling also gives as the vector to it from the front.
    private mutating func addDepth(of shape: BoxObject, _ points: [[Double]]) throws(BoxesError) {
      guard let cuboid = try shape.object("cuboid3d") else { return }
      try cuboid.refuseRegions(except: ["depth_vector", "vertices2d_order"])
      guard let vector = try cuboid.numbers("depth_vector") else { return }
      guard vector.count == 2 else {
        throw cuboid.fault(.wrongType("depth_vector", expected: "two numbers"))
      }
      // Of eight points, the last four are the back.
      for point in points.prefix(4) { extent.add(x: point[0] + vector[0], y: point[1] + vector[1]) }
    }

    /// X-AnyLabeling's `direction` in radians: the points of a `rotation` are its rotated corners. Any other shape may
    /// be meant without it or with it.
    private mutating func addRotation(of shape: BoxObject, _ kind: String) throws(BoxesError) {
      guard let radians = try shape.number("direction"), radians != 0, kind != "rotation" else { return }
      extent.add(
        x: extent.minX, y: extent.minY, width: extent.width, height: extent.height,
        degrees: radians * 180 / .pi)
    }

    private static func points(of shape: BoxObject) throws(BoxesError) -> [[Double]] {
      guard let items = try shape.list("points") else { throw shape.fault(.missing("points")) }
      var points: [[Double]] = []
      for item in items {
        guard case .array(let pair) = item, pair.count == 2 else {
          throw shape.fault(.wrongType("points", expected: "a list of pairs of numbers"))
        }
        points.append(try JSONField(key: "points", value: item, context: shape.context).numbers())
      }
      return points
    }

    /// The shape's region; that of a point or a line is the bounds of its group.
    func region(
      in groups: [String: (extent: Extent, isClosed: Bool)]
    ) throws(BoxesError) -> AnnotatedPictures.Region {
      var extent = extent
      if isOpen {
        guard let group = group.flatMap({ groups[$0] }), group.isClosed, group.extent.hasArea else {
          throw place.fault(
            .unsupported("a line or a point, which encloses nothing; draw a rectangle or delete it"))
        }
        extent.add(group.extent)
      }
      return AnnotatedPictures.Region(label: label, extent: extent, place: place.place)
    }
  }
}

extension PixelSize {
  /// The size of a PNG from its first bytes.
  init?(pngHead bytes: [UInt8]) {
    guard bytes.count >= 24, bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) else { return nil }
    func number(at place: Int) -> Int { bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
    self.init(width: number(at: 16), height: number(at: 20))
    guard (1..<1 << 24).contains(width), (1..<1 << 24).contains(height) else { return nil }
  }
}
