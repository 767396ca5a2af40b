import ScrimJSON
import ScrimRedact

/// LabelMe's annotations of one picture. Only shapes that enclose pixels are boxes.
enum LabelMe {
  static func read(_ json: JSON, for request: SidecarRequest) throws(BoxesError) -> Sidecar {
    let root = try BoxObject(json, .labelme, "the outermost object")
    let claimed = PixelSize(width: try root.pixels("imageWidth"), height: try root.pixels("imageHeight"))
    guard claimed == request.displayed else {
      throw root.fault(.otherSize(claimed: "\(claimed)", picture: request.displayed))
    }
    // Written on Windows too.
    if let path = try root.string("imagePath"),
      path.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map(String.init) != request.name
    {
      throw root.fault(.unsupported("boxes whose imagePath names another picture"))
    }
    guard let shapes = try root.list("shapes") else { throw root.fault(.missing("shapes")) }
    var list = WidgetList(.labelme)
    for (index, item) in shapes.enumerated() {
      let shape = try BoxObject(item, .labelme, "shape \(index)")
      guard let label = try shape.string("label") else { throw shape.fault(.missing("label")) }
      let box = try box(of: shape)
      let widget = Widget(role: label, x: box[0], y: box[1], width: box[2], height: box[3])
      _ = try list.append(widget, from: shape.place)
    }
    return Sidecar(
      tree: try list.tree(), size: claimed, describesWholeWindows: false, format: BoxFormat.labelme.rawValue)
  }

  private static func box(of shape: BoxObject) throws(BoxesError) -> [Double] {
    let points = try points(of: shape)
    let kind = try shape.string("shape_type") ?? "polygon"
    switch kind {
    case "rectangle" where points.count == 2 || points.count == 4, "polygon" where points.count >= 3,
      "mask" where points.count == 2:
      let xs = points.map { $0[0] }
      let ys = points.map { $0[1] }
      let (left, top) = (xs.min() ?? 0, ys.min() ?? 0)
      return [left, top, (xs.max() ?? 0) - left, (ys.max() ?? 0) - top]
    case "circle" where points.count == 2:
      // The centre and a point on the circle.
      let (dx, dy) = (points[1][0] - points[0][0], points[1][1] - points[0][1])
      let radius = (dx * dx + dy * dy).squareRoot()
      return [points[0][0] - radius, points[0][1] - radius, 2 * radius, 2 * radius]
    default:
      throw shape.fault(.unsupported("a shape that encloses nothing or has too few points; draw a rectangle"))
    }
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
}
