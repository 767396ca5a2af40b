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
    values(in: json).contains { $0["original_width"] != nil && $0["original_height"] != nil }
  }

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
    guard task["data"] != nil else {
      for member in task.members where isResultList(member.value) {
        for (index, item) in values(in: member.value).enumerated() {
          if case .string = item { continue }
          let value = try BoxObject(item, .labelstudio, "\(task.place), region \(index)")
          try add(value, sides: value, kind: nil, to: &picture)
        }
      }
      return picture
    }
    // A task that is not done yet, or was skipped, gives no information about private content.
    let done = (try task.list("annotations") ?? []) + (try task.list("completions") ?? [])
    if !done.contains(where: { $0["was_cancelled"] != .bool(true) }) {
      picture.problem = .unsupported("a task that is not annotated yet, or was skipped; annotate it")
    }
    for key in ["annotations", "completions", "predictions", "drafts"] {
      for (index, item) in try task.list(key)?.enumerated() ?? [].enumerated() {
        try add(annotation: item, key, "\(task.place), \(key) \(index)", of: task, to: &picture)
      }
    }
    return picture
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
    for (number, item) in try annotation.list("result")?.enumerated() ?? [].enumerated() {
      try add(result: item, "\(place), result \(number)", to: &picture)
    }
    for inner in ["prediction", "predictions", "draft", "drafts"] {
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
    guard let value = try region.object("value") else { return }
    try add(value, sides: region, kind: try region.string("type"), to: &picture)
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
    let isPlaced = ["x", "y", "points", "vertices", "rle", "imageDataURL"].contains { value[$0] != nil }
    guard isPlaced else {
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
    let size = PixelSize(
      width: try sides.pixels("original_width"), height: try sides.pixels("original_height"))
    guard picture.size ?? size == size else {
      throw value.fault(.unsupported("regions of pictures of two sizes; keep those of one"))
    }
    picture.size = size
    let extent = try extent(of: value, in: size)
    picture.regions.append(
      AnnotatedPictures.Region(label: try label(of: value), extent: extent, place: value.place))
  }

  private static func extent(of value: BoxObject, in size: PixelSize) throws(BoxesError) -> Extent {
    let (perX, perY) = (Double(size.width) / 100, Double(size.height) / 100)
    var extent = Extent()
    if let data = try value.numbers("rle") {
      let bytes = data.compactMap { UInt8(exactly: $0) }
      guard bytes.count == data.count,
        RunLengths.unpack(
          bytes, count: size.width * size.height * 4,
          { run, word in
            guard word != 0 else { return }
            extent.add(run: run.lowerBound / 4..<(run.upperBound - 1) / 4 + 1, lines: size.width)
          })
      else { throw value.fault(.malformed("its rle is damaged, or of another size; export it again")) }
      return extent
    }
    if value["imageDataURL"] != nil {
      throw value.fault(.unsupported("a bitmask; use the brush or a polygon"))
    }
    let degrees = try value.number("rotation") ?? 0
    for key in ["points", "vertices"] {
      guard let points = try value.list(key) else { continue }
      guard degrees == 0 else { throw value.fault(.unsupported("a rotation of points; draw a rectangle")) }
      for item in points { try add(point: item, key, of: value, perX, perY, to: &extent) }
      guard extent.hasArea else {
        throw value.fault(
          .unsupported("a line or a point, which encloses nothing; draw a rectangle or delete it"))
      }
      return extent
    }
    let (x, y) = (try value.required("x") * perX, try value.required("y") * perY)
    if value["radiusX"] != nil || value["radiusY"] != nil {
      extent.add(
        ellipseAtX: x, y: y, radiusX: try value.size("radiusX") * perX,
        radiusY: try value.size("radiusY") * perY, degrees: degrees)
    } else if value["height"] != nil {
      extent.add(
        x: x, y: y, width: try value.size("width") * perX, height: try value.size("height") * perY,
        degrees: degrees, aboutX: x, y: y)
    } else {
      // A key point is a disc, whose width is a fraction of the picture's.
      let reach = try value.number("width").map { $0 * perX } ?? 0
      guard reach > 0 else {
        throw value.fault(
          .unsupported("a line or a point, which encloses nothing; draw a rectangle or delete it"))
      }
      extent.add(ellipseAtX: x, y: y, radiusX: reach, radiusY: reach)
    }
    return extent
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
