import ScrimJSON

/// Whether a member of an object, under a key that its format doesn't define, may be a region.
///
/// The same for all formats, also for the free attributes that people add: structured coordinates may be a
/// region, at any depth; single numbers and words are none.
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

  /// Of those, parts of keys of values that may be lists of numbers in a text.
  private static let numeric = [
    "score", "conf", "prob", "logit", "color", "colour", "rgb", "embed", "feature", "vector", "histogram",
  ]

  /// Parts of keys of numbers that are written in groups: of telephones, cards, plates.
  private static let grouped = [
    "phone", "tel", "fax", "mobile", "card", "account", "iban", "plate", "serial", "number", "code", "zip",
    "ssn", "pin", "date", "time", "year",
  ]

  private static let regional = [
    "box", "kpt", "keypoint", "poly", "segment", "mask", "contour", "corner", "quad", "rle", "rect",
    "point", "landmark", "vert", "outline", "bound", "hull", "roi", "region", "skeleton", "ellipse", "bitmap",
  ]

  private static let regionalEnds = [
    "boxes", "polygon", "polygons", "mask", "masks", "region", "regions", "contour", "segmentation",
  ]

  /// Names of numbers that change a shape, if they are members of the shape itself.
  static let measures: Set<String> = [
    "rotation", "angle", "theta", "rotate", "rotation_angle", "orientation", "skew", "skewx", "skewy", "tilt",
    "radius", "r", "rx", "ry", "width", "height", "w", "h", "line_width", "thickness", "padding", "margin",
  ]

  /// The key of the first member that may be a region, among the members that a format doesn't define.
  ///
  /// - Parameter known: the keys that the format defines. Keys are compared exactly: a reader of `bbox`
  ///   doesn't read `BBox`.
  static func first(
    in members: [JSON.Member], except known: Set<String>, isInText: Bool = false
  ) -> String? {
    let rest = members.filter { !known.contains($0.key) }
    if let member = rest.first(where: {
      kind(of: $0.key, $0.value, isNested: true, isInText: isInText) != .none
    }) {
      return member.key
    }
    return RegionCorners.key(among: rest)
  }

  /// - Parameters:
  ///   - isNested: whether the member lies deeper than the annotation itself, where COCO's own keys have no
  ///     meaning and are not read.
  ///   - isInText: whether the member is of JSON in a text, of which texts are not read as JSON again.
  static func kind(
    of name: String, _ value: JSON, isNested: Bool = false, isInText: Bool = false
  ) -> Kind {
    guard isNested || !known.contains(name) else { return .none }
    let key = name.lowercased()
    switch value {
    case .null, .bool, .number, .digits: return .none
    case .string(let text): return mayBeRegion(text, key, isInText) ? .unknown : .none
    case .array(let items):
      if items.isEmpty { return .none }
      // The end of a key says what the value is, as in name_bbox; its beginning only of what.
      if key.hasSuffix("kpts") || key.hasSuffix("keypoints") { return .keypoints }
      if key.hasSuffix("box") || key.hasSuffix("bbox") { return .box }
      if regionalEnds.contains(where: { key.hasSuffix($0) }) { return .unknown }
      if holdsRegion(value, isInText: isInText) { return .unknown }
      if isInformative(key) || RegionText.isTranscript(key) && RegionText.areTexts(items) { return .none }
      if !isRegional(key), areIDs(items, of: name) { return .none }
      if holdsPlaces(items, isInText: isInText) { return .unknown }
      return isRegional(key) && !RegionText.areTexts(items) ? .unknown : .none
    case .object(let members):
      if members.isEmpty { return .none }
      if holdsRegion(value, isInText: isInText) { return .unknown }
      return isRegional(key) && !isInformative(key) ? .unknown : .none
    }
  }

  /// - Parameter key: in lower case.
  static func isInformative(_ key: String) -> Bool { informative.contains { key.contains($0) } }

  private static func isRegional(_ key: String) -> Bool { regional.contains { key.contains($0) } }

  /// Whether a list is of whole numbers under a name such as `attribute_ids` (Fashionpedia) or `labelIds`.
  private static func areIDs(_ items: [JSON], of name: String) -> Bool {
    let isName = name.lowercased().hasSuffix("_ids") || ["Ids", "IDs"].contains { name.hasSuffix($0) }
    return isName
      && items.allSatisfy { item in
        guard case .number(let value) = item else { return false }
        return value >= 0 && value == value.rounded()
      }
  }

  /// Text may be a run-length mask, the name of its file, or coordinates.
  private static func mayBeRegion(_ text: String, _ key: String, _ isInText: Bool) -> Bool {
    if text.isEmpty { return false }
    if ["rle", "counts", "wkt"].contains(key) { return true }
    if key == "mask" { return !RegionText.isAnswer(text) }
    let namesRegion = ["box", "polygon", "segmentation"].contains { key.hasSuffix($0) }
    if namesRegion, text.contains(where: \.isNumber) { return true }
    if isRegional(key), RegionText.numberCount(text) ?? 0 >= 4 { return true }
    if isRegional(key), RegionText.isFileOrData(text) { return true }
    guard !RegionText.isTranscript(key), !numeric.contains(where: { key.contains($0) }) else { return false }
    return RegionText.isCoordinates(text, isInText: isInText)
      || !grouped.contains { key.contains($0) } && RegionText.isSpacedPlace(text)
  }

  /// Whether an object, or one in a list of any depth, has members that may be a region.
  static func holdsRegion(_ value: JSON, isInText: Bool) -> Bool {
    switch value {
    case .object(let members): first(in: members, except: [], isInText: isInText) != nil
    case .array(let items): items.contains { holdsRegion($0, isInText: isInText) }
    default: false
    }
  }

  /// Whether a list is long enough for a box, or lists pairs. Numbers may be text.
  static func holdsPlaces(_ items: [JSON], isInText: Bool) -> Bool {
    countOfNumbers(items, isInText) >= 4
  }

  /// The count of numbers in a list; a pair or a text of coordinates counts as four.
  private static func countOfNumbers(_ items: [JSON], _ isInText: Bool) -> Int {
    var count = 0
    for item in items {
      switch item {
      case .array(let inner):
        count += inner.count(where: RegionText.isNumber) > 1 ? 4 : countOfNumbers(inner, isInText)
      case .object: count += RegionCorners.isPoint(item) ? 2 : 0
      case .string(let text):
        count += RegionText.isCoordinates(text, isInText: isInText) ? 4 : RegionText.numberCount(text) ?? 0
      default: count += RegionText.isNumber(item) ? 1 : 0
      }
      if count >= 4 { break }
    }
    return count
  }
}
