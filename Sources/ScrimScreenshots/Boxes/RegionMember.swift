import ScrimJSON

/// Whether a member of an annotation, under a key that its format doesn't define, may be a region.
enum RegionMember {
  enum Kind {
    case none
    /// X, y, width, height.
    case box
    /// Triples x, y, v.
    case keypoints
    /// It may be a region, of an unknown form.
    case unknown
  }

  /// Keys that COCO and its exporters define.
  private static let known: Set<String> = [
    "bbox", "segmentation", "keypoints", "segments_info", "attributes", "bbox_mode", "area", "iscrowd",
  ]

  /// Parts of keys of values about a region, such as `keypoint_scores`, `rgb`, `embedding`.
  private static let informative = [
    "score", "conf", "prob", "logit", "visib", "valid", "color", "colour", "rgb", "embed", "feature",
    "vector", "name", "label", "class", "categor", "histogram", "date", "time", "tags",
  ]

  private static let regional = [
    "box", "kpt", "keypoint", "poly", "segment", "mask", "contour", "corner", "quad", "rle", "rect",
    "point", "landmark", "vert", "outline", "bound", "hull", "roi", "region", "skeleton", "ellipse",
  ]

  private static let regionalEnds = [
    "boxes", "polygon", "polygons", "mask", "masks", "region", "regions", "contour", "segmentation",
  ]

  /// - Parameter isNested: whether the member lies deeper than the annotation itself, where COCO's own keys have no
  ///   meaning and are not read.
  static func kind(of key: String, _ value: JSON, isNested: Bool = false) -> Kind {
    let key = key.lowercased()
    guard isNested || !known.contains(key) else { return .none }
    let isRegional = regional.contains { key.contains($0) }
    switch value {
    case .null, .bool, .number, .digits: return .none
    // A run-length mask, a path to one, or numbers as text.
    case .string(let text):
      let isMask = ["rle", "mask", "counts", "wkt"].contains(key) && !text.isEmpty
      let isBox = ["box", "polygon", "segmentation"].contains { key.hasSuffix($0) }
      return isMask || isBox && text.contains(where: \.isNumber) ? .unknown : .none
    case .array(let items):
      if items.isEmpty { return .none }
      // The end of a key says what the value is, as in name_bbox; its beginning only of what.
      if key.hasSuffix("kpts") || key.hasSuffix("keypoints") { return .keypoints }
      if key.hasSuffix("box") || key.hasSuffix("bbox") { return .box }
      if regionalEnds.contains(where: { key.hasSuffix($0) }) { return .unknown }
      if items.contains(where: holdsRegion) { return .unknown }
      if informative.contains(where: { key.contains($0) }) { return .none }
      if items.allSatisfy({ if case .string = $0 { true } else { false } }) { return .none }
      return isRegional || holdsPlaces(items) ? .unknown : .none
    case .object(let members):
      if members.isEmpty { return .none }
      if holdsRegion(value) { return .unknown }
      return isRegional && !informative.contains { key.contains($0) } ? .unknown : .none
    }
  }

  /// Whether an object, at any depth, has a member that may be a region.
  private static func holdsRegion(_ value: JSON) -> Bool {
    guard case .object(let members) = value else { return false }
    return hasCorners(members) || members.contains { kind(of: $0.key, $0.value, isNested: true) != .none }
  }

  /// Whether numbers under keys of their own are a box: `x`, `y`, `width`, `height`, or `xmin` and so on.
  static func hasCorners(_ members: [JSON.Member]) -> Bool {
    func has(_ keys: [String]) -> Bool {
      members.contains { member in
        switch member.value {
        case .number, .digits: keys.contains(member.key.lowercased())
        default: false
        }
      }
    }
    return has(["x", "left", "xmin", "x_min", "x1"]) && has(["y", "top", "ymin", "y_min", "y1"])
      && has(["width", "w", "right", "xmax", "x_max", "x2"])
  }

  /// Whether a list is long enough for a box, or lists pairs.
  private static func holdsPlaces(_ items: [JSON]) -> Bool {
    var numbers = 0
    for item in items {
      switch item {
      case .number, .digits: numbers += 1
      case .array(let inner): if inner.count > 1, holdsPlaces(inner + inner) { return true }
      default: break
      }
    }
    return numbers >= 4
  }
}
