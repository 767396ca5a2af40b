import ScrimJSON
import ScrimRedact

/// COCO's object annotations, as exporters write them: boxes, rotated boxes (CVAT), polygons, run-length
/// masks, key points, and the segments of panoptic files.
enum COCOAnnotations {
  /// - Throws: ``BoxesError`` for the first invalid picture, category or annotation: a list with one error
  ///   is not used for any picture.
  static func read(_ json: JSON) throws(BoxesError) -> AnnotatedPictures {
    let root = try BoxObject(json, .coco, "the outermost object")
    try root.refuseRegions(except: ["info", "licenses", "images", "annotations", "categories"])
    var result = AnnotatedPictures(format: .coco)
    var indexOfID: [String: Int] = [:]
    var paths: Set<JSONKey> = []
    for (index, item) in try list("images", of: root).enumerated() {
      let image = try BoxObject(item, .coco, "image \(index)")
      try image.refuseRegions(except: [])
      guard let path = try image.string("file_name") else { throw image.fault(.missing("file_name")) }
      let size = PixelSize(width: try image.pixels("width"), height: try image.pixels("height"))
      guard indexOfID.updateValue(index, forKey: try image.id("id")) == nil else {
        throw image.fault(.repeated("id"))
      }
      guard paths.insert(JSONKey(path)).inserted else { throw image.fault(.repeated("file_name")) }
      result.pictures.append(
        AnnotatedPictures.Picture(path: path, size: size, place: image.place))
    }
    var labels: [String: String] = [:]
    for (index, item) in try list("categories", of: root).enumerated() {
      let category = try BoxObject(item, .coco, "category \(index)")
      guard let name = try category.string("name") else { throw category.fault(.missing("name")) }
      guard labels.updateValue(name, forKey: try category.id("id")) == nil else {
        throw category.fault(.repeated("id"))
      }
    }
    for (index, item) in try list("annotations", of: root).enumerated() {
      let annotation = try BoxObject(item, .coco, "annotation \(index)")
      guard let picture = indexOfID[try annotation.id("image_id")] else {
        throw annotation.fault(.missing("the image that image_id names"))
      }
      guard let size = result.pictures[picture].size else { continue }
      for part in try parts(of: annotation) {
        guard let label = labels[try part.id("category_id")] else {
          throw part.fault(.missing("the category that category_id names"))
        }
        result.pictures[picture].regions.append(
          AnnotatedPictures.Region(
            label: label, extent: try extent(of: part, in: size), place: part.place))
      }
    }
    return result
  }

  /// Whether a file has no regions by its kind: image lists without annotations or categories, captions, and classes of
  /// whole pictures. It says nothing about private content.
  static func isPlaceless(_ json: JSON) -> Bool {
    guard case .array(let items)? = json["annotations"] else { return json["annotations"] == nil }
    if items.isEmpty { return json["categories"] == .array([]) }
    return items.allSatisfy { item in
      guard case .object(let members) = item, item["caption"] != nil || item["category_id"] != nil else {
        return false
      }
      return ["bbox", "segmentation", "keypoints", "segments_info"].allSatisfy { item[$0] == nil }
        && RegionMember.first(in: members, except: []) == nil
    }
  }

  private static func list(_ key: String, of root: BoxObject) throws(BoxesError) -> [JSON] {
    guard let items = try root.list(key) else { throw root.fault(.missing(key)) }
    return items
  }

  /// The segments of a panoptic annotation, and the annotation itself if it has a region of its own.
  private static func parts(of annotation: BoxObject) throws(BoxesError) -> [BoxObject] {
    guard let segments = try annotation.list("segments_info") else { return [annotation] }
    var parts: [BoxObject] = []
    for (index, item) in segments.enumerated() {
      parts.append(try BoxObject(item, .coco, "\(annotation.place), segment \(index)"))
    }
    let isRegion =
      annotation.members.contains { member in
        member.value != .null
          && (["bbox", "segmentation", "keypoints"].contains(member.key)
            || RegionMember.kind(of: member.key, member.value) != .none)
      } || hasCorners(annotation)
    return isRegion ? parts + [annotation] : parts
  }

  private static func extent(of annotation: BoxObject, in size: PixelSize) throws(BoxesError) -> Extent {
    if let mode = try annotation.number("bbox_mode"), mode != 1 {
      throw annotation.fault(.unsupported("a bbox_mode other than 1; give x, y, width, height in pixels"))
    }
    let degrees = try rotation(of: annotation)
    var extent = Extent()
    try add(segmentation: annotation, in: size, to: &extent)
    try add(keypoints: annotation, "keypoints", to: &extent)
    try add(further: annotation, to: &extent)
    if let attributes = try annotation.object("attributes") {
      try add(further: attributes, isNested: true, to: &extent)
    }
    let box = try annotation.numbers("bbox")
    if degrees != 0, extent.hasArea, box?.count != 4 || box?[2] == 0 || box?[3] == 0 {
      // Without a box, the rotation applies to the other parts.
      extent.add(
        x: extent.minX, y: extent.minY, width: extent.width, height: extent.height, degrees: degrees)
    }
    if let box, !box.isEmpty {
      guard box.count == 4 else {
        throw annotation.fault(
          .wrongType(
            "bbox", expected: "four numbers: x, y, width, height; give a rotated box as segmentation")
        )
      }
      guard box[2] >= 0, box[3] >= 0 else {
        throw annotation.fault(.badNumber("bbox", "has a negative size"))
      }
      // An empty box beside other parts gives no information about their position.
      if box[2] > 0 && box[3] > 0 || extent.isEmpty {
        extent.add(x: box[0], y: box[1], width: box[2], height: box[3], degrees: degrees)
      }
    }
    guard !extent.isEmpty else { throw annotation.fault(.missing("bbox")) }
    guard extent.hasArea || box?.isEmpty == false else {
      throw annotation.fault(.unsupported("a region that encloses nothing; give its bbox"))
    }
    return extent
  }

  /// CVAT writes a rotated box in its unrotated form, and the degrees as an attribute.
  private static func rotation(of annotation: BoxObject) throws(BoxesError) -> Double {
    var degrees: Double?
    for holder in [annotation, try annotation.object("attributes")].compactMap(\.self) {
      for member in holder.members where member.value != .null {
        let field = JSONField(key: member.key, value: member.value, context: holder.context)
        switch member.key.lowercased() {
        case "rotation":
          let value = try angle(field)
          guard degrees ?? value == value else {
            throw annotation.fault(.malformed("it has two rotations; keep one"))
          }
          degrees = value
        case "angle", "theta", "rotate", "rotation_angle", "bbox_rotation", "rbbox", "rotated_bbox", "obb":
          if case .number(0) = member.value { continue }
          throw annotation.fault(
            .unsupported(
              "\(printable(member.key)), which COCO does not define; give the rotated box's corners as segmentation"
            ))
        default: break
        }
      }
    }
    return degrees ?? 0
  }

  private static func angle(_ field: JSONField<BoxPlace>) throws(BoxesError) -> Double {
    // Exporters also write attributes as text.
    if case .string(let text) = field.value, let value = text.plainNumber { return value }
    return try field.number()
  }

  private static func add(
    segmentation annotation: BoxObject, in size: PixelSize, to extent: inout Extent
  ) throws(BoxesError) {
    switch annotation["segmentation"] {
    case nil: return
    case .object?:
      guard let runs = try annotation.object("segmentation") else { return }
      try add(runs: runs, in: size, to: &extent)
    case .array(let parts)?:
      // A list of numbers, or of lists of them, or of pairs, or of masks.
      if case .number? = parts.first { return try add(polygon: parts, of: annotation, to: &extent) }
      for (index, part) in parts.enumerated() {
        switch part {
        case .array(let polygon):
          var flat: [JSON] = []
          for item in polygon { if case .array(let pair) = item { flat += pair } else { flat.append(item) } }
          try add(polygon: flat, of: annotation, to: &extent)
        default:
          try add(
            runs: try BoxObject(part, .coco, "\(annotation.place), part \(index)"), in: size, to: &extent)
        }
      }
    default: throw annotation.fault(.wrongType("segmentation", expected: "polygons or a mask"))
    }
  }

  private static func add(
    polygon: [JSON], of annotation: BoxObject, to extent: inout Extent
  ) throws(BoxesError) {
    let numbers = try JSONField(key: "segmentation", value: .array(polygon), context: annotation.context)
      .numbers()
    guard numbers.count.isMultiple(of: 2) else {
      throw annotation.fault(.wrongType("segmentation", expected: "polygons of pairs x, y"))
    }
    for index in stride(from: 0, to: numbers.count, by: 2) {
      extent.add(x: numbers[index], y: numbers[index + 1])
    }
  }

  /// A run-length mask, column by column; the first run is outside.
  private static func add(
    runs: BoxObject, in size: PixelSize, to extent: inout Extent
  ) throws(BoxesError) {
    guard let sides = try runs.numbers("size"), sides == [Double(size.height), Double(size.width)] else {
      throw runs.fault(.wrongType("size", expected: "the picture's height and width"))
    }
    var counts: [Int] = []
    switch runs["counts"] {
    case .string(let text)?:
      guard let read = RunLengths.compressed(Array(text.utf8)) else {
        throw runs.fault(.malformed("its counts are damaged; export them again"))
      }
      counts = read
    case .array?:
      for number in try runs.numbers("counts") ?? [] {
        guard let count = Int(exactly: number) else {
          throw runs.fault(.badNumber("counts", "must be whole numbers"))
        }
        counts.append(count)
      }
    default: throw runs.fault(.missing("counts"))
    }
    var at = 0
    for (index, count) in counts.enumerated() {
      guard count >= 0, count <= size.width * size.height - at else {
        throw runs.fault(.malformed("its counts are those of another size; export them again"))
      }
      if !index.isMultiple(of: 2) {
        extent.add(run: at..<at + count, lines: size.height, areColumns: true)
      }
      at += count
    }
    guard at == size.width * size.height else {
      throw runs.fault(.malformed("its counts end before the picture does; export them again"))
    }
  }

  /// Triples x, y, v; one that isn't labelled is 0, 0, 0.
  private static func add(
    keypoints annotation: BoxObject, _ key: String, to extent: inout Extent
  ) throws(BoxesError) {
    guard let numbers = try annotation.numbers(key) else { return }
    guard numbers.count.isMultiple(of: 3) else {
      throw annotation.fault(.wrongType(printable(key), expected: "triples x, y, v"))
    }
    for index in stride(from: 0, to: numbers.count, by: 3) where numbers[index..<index + 3] != [0, 0, 0] {
      extent.add(x: numbers[index], y: numbers[index + 1])
    }
  }

  private static let numbers: Set<String> = ["id", "image_id", "category_id", "area", "iscrowd", "score"]

  /// Whether members that COCO doesn't define are a box together.
  private static func hasCorners(_ annotation: BoxObject) -> Bool {
    RegionCorners.key(among: annotation.members.filter { !numbers.contains($0.key) }) != nil
  }

  /// Regions under keys that COCO doesn't define: `face_box`, `lefthand_kpts` (COCO-WholeBody), `vbox`
  /// (CrowdHuman), …
  private static func add(
    further annotation: BoxObject, isNested: Bool = false, to extent: inout Extent
  ) throws(BoxesError) {
    if hasCorners(annotation) {
      throw annotation.fault(.unsupported("a box under keys that COCO does not define; give it as bbox"))
    }
    for member in annotation.members {
      switch RegionMember.kind(of: member.key, member.value, isNested: isNested) {
      case .none: continue
      case .keypoints: try add(keypoints: annotation, member.key, to: &extent)
      case .box:
        guard let box = try annotation.numbers(member.key), box.count == 4 else {
          throw annotation.fault(.unsupported("\(printable(member.key)), which is not x, y, width, height"))
        }
        guard box[2] >= 0, box[3] >= 0 else {
          throw annotation.fault(.badNumber(printable(member.key), "has a negative size"))
        }
        // An absent hand or face is an empty box.
        if box[2] > 0, box[3] > 0 { extent.add(x: box[0], y: box[1], width: box[2], height: box[3]) }
      case .unknown:
        throw annotation.fault(
          .unsupported(
            "\(printable(member.key)), which COCO does not define and which may be a region; give it as segmentation"
          ))
      }
    }
  }
}
