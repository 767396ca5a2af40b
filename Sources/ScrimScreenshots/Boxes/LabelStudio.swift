import ScrimJSON
import ScrimRedact

/// Label Studio's export as JSON, or as JSON-MIN: a list of tasks, each with the results of its annotators
/// and of models. Positions are percentages of the picture's sides; a rectangle is rotated about its upper
/// left corner.
enum LabelStudio {
  static func isTask(_ json: JSON) -> Bool {
    guard case .object(let members) = json else { return false }
    if json["data"] != nil, json["images"] == nil {
      return ["annotations", "completions", "predictions"].contains { json[$0] != nil }
    }
    return members.contains { isResultList($0.value) }
  }

  /// JSON-MIN has the values themselves under the names that the project gives its questions: a list, in
  /// which a choice or a line of text alone is a string, or one value.
  private static func isResultList(_ json: JSON) -> Bool {
    values(in: json).contains { item in
      guard case .object(let members) = item else { return false }
      if item["original_width"] != nil && item["original_height"] != nil { return true }
      // Without them it can't be read, but it is meant as such a task.
      return isPlaced(item) && members.contains { $0.key.hasSuffix("labels") }
    }
  }

  private static let positions = ["x", "y", "points", "vertices", "rle", "imageDataURL"]

  /// Whether an object has a position.
  private static func isPlaced(_ json: JSON) -> Bool { positions.contains { json[$0] != nil } }

  private static func values(in json: JSON) -> [JSON] {
    if case .array(let items) = json { return items }
    return [json]
  }

  static func read(_ json: JSON) throws(BoxesError) -> AnnotatedPictures {
    var result = AnnotatedPictures(format: .labelstudio)
    let tasks = if case .array(let items) = json { items } else { [json] }
    for (index, item) in tasks.enumerated() {
      result.pictures.append(try picture(try BoxObject(item, .labelstudio, "task \(index)")))
    }
    return result
  }

  private static func picture(_ task: BoxObject) throws(BoxesError) -> AnnotatedPictures.Picture {
    var picture = AnnotatedPictures.Picture(
      path: try path(of: task), size: nil, isScalable: true, place: task.place)
    guard let data = try task.object("data") else {
      try add(brief: task, to: &picture)
      return picture
    }
    let lists = ["annotations", "completions", "predictions", "drafts"]
    try task.refuseRegions(except: Set(lists + ["data", "neighbors"]))
    try data.refuseRegions(except: [])
    // A task that is not done yet, or was skipped, gives no information about private content.
    let done = (try task.list("annotations") ?? []) + (try task.list("completions") ?? [])
    if !done.contains(where: { $0["was_cancelled"] != .bool(true) }) {
      picture.problem = .unsupported("a task that is not annotated yet, or was skipped; annotate it")
    }
    picture.size = lists.lazy.compactMap { task[$0].flatMap(sides(in:)) }.first
    for key in lists {
      for (index, item) in try task.list(key)?.enumerated() ?? [].enumerated() {
        try add(annotation: item, key, "\(task.place), \(key) \(index)", of: task, to: &picture)
      }
    }
    return picture
  }

  /// Adds the regions of a task of JSON-MIN: every value that has a position.
  private static func add(
    brief task: BoxObject, to picture: inout AnnotatedPictures.Picture
  ) throws(BoxesError) {
    var read: Set<String> = []
    for member in task.members {
      let items = values(in: member.value)
      guard isResultList(member.value) || items.contains(where: isPlaced) else { continue }
      read.insert(member.key)
      for (index, item) in items.enumerated() {
        if case .string = item { continue }
        let value = try BoxObject(item, .labelstudio, "\(task.place), region \(index)")
        try add(value, sides: value, kind: nil, to: &picture)
      }
    }
    try task.refuseRegions(except: read)
  }

  /// Adds the results of an annotation, and those of the prediction or draft inside it.
  private static func add(
    annotation item: JSON, _ key: String, _ place: String, of holder: BoxObject,
    to picture: inout AnnotatedPictures.Picture
  ) throws(BoxesError) {
    // A bare number is the id of an annotation stored elsewhere.
    if case .number = item {
      throw holder.fault(.unsupported("\(key) that are only ids; export them as full JSON"))
    }
    let annotation = try BoxObject(item, .labelstudio, place)
    let inside = ["prediction", "predictions", "draft", "drafts"]
    try annotation.refuseRegions(except: Set(inside + ["result", "neighbors"]))
    for (number, item) in try annotation.list("result")?.enumerated() ?? [].enumerated() {
      try add(result: item, "\(place), result \(number)", to: &picture)
    }
    for inner in inside {
      guard let value = annotation[inner] else { continue }
      for (index, item) in values(in: value).enumerated() {
        let place = "\(place), \(inner) \(index)"
        // A draft may be the results alone.
        if item["value"] != nil {
          try add(result: item, place, to: &picture)
        } else {
          try add(annotation: item, inner, place, of: annotation, to: &picture)
        }
      }
    }
  }

  private static func add(
    result item: JSON, _ place: String, to picture: inout AnnotatedPictures.Picture
  ) throws(BoxesError) {
    let region = try BoxObject(item, .labelstudio, place)
    let kind = try region.string("type")
    try region.refuseRegions(except: ["value"])
    guard let value = try region.object("value") else {
      // A relation of two regions has none.
      guard let kind, wordKinds.contains(kind) else { throw region.fault(.missing("value")) }
      return
    }
    try add(value, sides: region, kind: kind, to: &picture)
  }

  /// The size of the picture by the first result that has it.
  private static func sides(in json: JSON) -> PixelSize? {
    switch json {
    case .array(let items): return items.lazy.compactMap { sides(in: $0) }.first
    case .object(let members):
      if case .number(let width)? = json["original_width"],
        case .number(let height)? = json["original_height"], let width = Int(exactly: width),
        let height = Int(exactly: height), width > 0, height > 0
      {
        return PixelSize(width: width, height: height)
      }
      return members.lazy.compactMap { sides(in: $0.value) }.first
    default: return nil
    }
  }

  private static let extensions = ["png", "jpg", "jpeg"]

  /// The one picture of a task.
  private static func path(of task: BoxObject) throws(BoxesError) -> String {
    let data = try task.object("data") ?? task
    var paths: [String] = []
    for member in data.members {
      guard case .string(let text) = member.value,
        let ending = PicturePath(text).name.split(separator: ".").last,
        extensions.contains(ending.lowercased())
      else { continue }
      paths.append(text)
    }
    guard let path = paths.first else { throw task.fault(.missing("the picture's path in data")) }
    guard Set(paths.map(JSONKey.init)).count == 1 else {
      throw task.fault(.unsupported("a task with several pictures; make one task per picture"))
    }
    return path
  }

  /// Results about the picture as a whole, or about another region.
  private static let wordKinds = [
    "choices", "taxonomy", "rating", "number", "datetime", "textarea", "pairwise", "relation", "ranker",
  ]

  private static func add(
    _ value: BoxObject, sides: BoxObject, kind: String?, to picture: inout AnnotatedPictures.Picture
  ) throws(BoxesError) {
    try refuseOthers(of: value)
    guard positions.contains(where: { value[$0] != nil }) else {
      if let kind, wordKinds.contains(kind) { return }
      // JSON-MIN has no kinds.
      if kind == nil, (wordKinds + ["text"]).contains(where: { value[$0] != nil }) { return }
      throw value.fault(.unsupported("a result of an unknown kind without a position"))
    }
    guard sides["item_index"] == nil else {
      throw value.fault(.unsupported("a task with several pictures; make one task per picture"))
    }
    guard try sides.number("image_rotation") ?? 0 == 0 else {
      throw value.fault(
        .unsupported("a picture that was rotated in Label Studio; rotate it back, or rotate the file itself"))
    }
    let size: PixelSize
    if kind != nil, let known = picture.size, sides["original_width"] == nil, sides["original_height"] == nil
    {
      // Predictions often lack them, and are of the same picture.
      size = known
    } else {
      size = PixelSize(
        width: try sides.pixels("original_width"), height: try sides.pixels("original_height"))
    }
    guard picture.size ?? size == size else {
      throw value.fault(.unsupported("regions of pictures of two sizes; keep those of one"))
    }
    picture.size = size
    let extent = try extent(of: value, in: size)
    picture.regions.append(
      AnnotatedPictures.Region(label: try label(of: value), extent: extent, place: value.place))
  }

  /// Refuses places and rotations that a value of Label Studio doesn't have.
  private static func refuseOthers(of value: BoxObject) throws(BoxesError) {
    let known = positions + ["width", "height", "radiusX", "radiusY", "text"] + wordKinds
    try value.refuseRegions(except: Set(known))
    try value.refuseMeasures(except: ["width", "height", "rotation"])
  }

  /// The bounds of all that a value has: a brush, points, and a rectangle, an ellipse or a key point.
  private static func extent(of value: BoxObject, in size: PixelSize) throws(BoxesError) -> Extent {
    let (perX, perY) = (Double(size.width) / 100, Double(size.height) / 100)
    if value["imageDataURL"] != nil {
      throw value.fault(.unsupported("a bitmask; use the brush or a polygon"))
    }
    var extent = Extent()
    let degrees = try value.number("rotation") ?? 0
    let hasPoints = ["rle", "points", "vertices"].contains { value[$0] != nil }
    guard !hasPoints || degrees == 0 else {
      throw value.fault(.unsupported("a rotation of points; draw a rectangle"))
    }
    if let data = try value.numbers("rle") {
      try add(brush: data, of: value, in: size, to: &extent)
    }
    for key in ["points", "vertices"] {
      guard let points = try value.list(key) else { continue }
      var outline = Extent()
      for item in points { try add(point: item, key, of: value, perX, perY, to: &outline) }
      guard outline.hasArea else { throw value.fault(enclosesNothing) }
      extent.add(outline)
    }
    if !hasPoints || value["x"] != nil || value["y"] != nil {
      try add(placed: value, degrees, perX, perY, to: &extent)
    }
    return extent
  }

  private static let enclosesNothing = BoxesError.Fault.unsupported(
    "a line or a point, which encloses nothing; draw a rectangle or delete it")

  private static func add(
    brush data: [Double], of value: BoxObject, in size: PixelSize, to extent: inout Extent
  ) throws(BoxesError) {
    let bytes = data.compactMap { UInt8(exactly: $0) }
    var brush = Extent()
    guard bytes.count == data.count,
      RunLengths.unpack(
        bytes, count: size.width * size.height * 4,
        { run, word in
          guard word != 0 else { return }
          brush.add(run: run.lowerBound / 4..<(run.upperBound - 1) / 4 + 1, lines: size.width)
        })
    else { throw value.fault(.malformed("its rle is damaged, or of another size; export it again")) }
    extent.add(brush)
  }

  /// A rectangle, an ellipse or a key point.
  private static func add(
    placed value: BoxObject, _ degrees: Double, _ perX: Double, _ perY: Double, to extent: inout Extent
  ) throws(BoxesError) {
    let (x, y) = (try value.required("x") * perX, try value.required("y") * perY)
    let isEllipse = value["radiusX"] != nil || value["radiusY"] != nil
    if isEllipse {
      extent.add(
        ellipseAtX: x, y: y, radiusX: try value.size("radiusX") * perX,
        radiusY: try value.size("radiusY") * perY, degrees: degrees)
    }
    if value["height"] != nil {
      extent.add(
        x: x, y: y, width: try value.size("width") * perX, height: try value.size("height") * perY,
        degrees: degrees, aboutX: x, y: y)
    } else if !extent.isEmpty, value["width"] == nil {
      extent.add(x: x, y: y)
    } else if !isEllipse {
      // A key point is a disc, whose width is a fraction of the picture's.
      let reach = try value.number("width").map { $0 * perX } ?? 0
      guard reach > 0 else { throw value.fault(enclosesNothing) }
      extent.add(ellipseAtX: x, y: y, radiusX: reach, radiusY: reach)
    }
  }

  /// A pair, or an object with `x` and `y` and the handles of a curve.
  private static func add(
    point item: JSON, _ key: String, of value: BoxObject, _ perX: Double, _ perY: Double,
    to extent: inout Extent
  ) throws(BoxesError) {
    if case .array(let pair) = item {
      let numbers = try JSONField(key: key, value: .array(pair), context: value.context).numbers()
      guard numbers.count == 2 else {
        throw value.fault(.wrongType(key, expected: "a list of pairs of numbers"))
      }
      extent.add(x: numbers[0] * perX, y: numbers[1] * perY)
      return
    }
    let point = try BoxObject(item, .labelstudio, "\(value.place), \(key)")
    extent.add(x: try point.required("x") * perX, y: try point.required("y") * perY)
    for name in ["controlPoint1", "controlPoint2"] {
      guard let handle = try point.object(name) else { continue }
      extent.add(x: try handle.required("x") * perX, y: try handle.required("y") * perY)
    }
  }

  /// The first label of any kind: `rectanglelabels`, `brushlabels`, `labels`, …
  private static func label(of value: BoxObject) throws(BoxesError) -> String {
    for member in value.members where member.key.hasSuffix("labels") {
      if case .array(let items) = member.value, case .string(let label)? = items.first { return label }
    }
    return "region"
  }
}
