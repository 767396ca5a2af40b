import ScrimJSON

/// Detects the format of bytes from their content.
extension BoxFormat {
  private static let marks: Set<String> = [
    "widgets", "images", "annotations", "categories", "shapes", "boxes", "nodes", "regions",
  ]

  /// The distinguishing keys that occur anywhere in a JSON text.
  static func marks(in bytes: [UInt8]) -> Set<String> {
    var found: Set<String> = []
    var start = 0
    for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "\"") {
      if (5...11).contains(index - start) {
        let word = String(decoding: bytes[start..<index], as: UTF8.self)
        let next = bytes[(index + 1)...].first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        if marks.contains(word), next == UInt8(ascii: ":") { found.insert(word) }
      }
      start = index + 1
    }
    return found
  }

  /// The formats whose keys a JSON value has. Scrim's own sidecar (`widgets`) isn't among them.
  static func formats(of json: JSON) -> [BoxFormat] {
    if case .array(let items) = json {
      if items.contains(where: LabelStudio.isTask) { return [.labelstudio] }
      return items.isEmpty || items.contains(where: PlaywrightBoxes.isNode) ? [.playwright] : []
    }
    guard case .object = json else { return [] }
    var formats: [BoxFormat] = []
    if VIAAnnotations.pictures(in: json) != nil { formats.append(.via) }
    if LabelStudio.isTask(json) {
      formats.append(.labelstudio)
    } else if json["images"] != nil || json["annotations"] != nil || json["categories"] != nil {
      formats.append(.coco)
    }
    if json["shapes"] != nil { formats.append(.labelme) }
    if json["boxes"] != nil { formats.append(.chrome) }
    if json["role"] != nil || (json["nodes"] != nil && json["boxes"] == nil) { formats.append(.playwright) }
    return formats
  }

  /// The format of a document by its root element; nil if it is unknown.
  static func format(ofRoot name: String) -> BoxFormat? {
    switch name {
    case "hierarchy", "displays": .uiautomator
    case "html": .hocr
    case "annotations": .cvat
    case _ where name.lowercased() == "html": .hocr
    default: name == "AppiumAUT" || name.hasPrefix("XCUIElementType") ? .xcuitest : nil
    }
  }
}

extension AnnotatedPictures {
  /// Reads a file of annotations of many pictures; nil if it is of another format, or of none.
  init?(file bytes: [UInt8], ending: String) throws(BoxesError) {
    if ending == ".xml" {
      let root = try Markup.Element(bytes, format: nil)
      guard BoxFormat.format(ofRoot: root.name) == .cvat else { return nil }
      self = try CVATImages.read(root)
      return
    }
    let json: JSON
    do {
      json = try JSON(bytes, acceptingNonFinite: true)
    } catch {
      throw BoxesError(nil, "the file", .malformed(error.description))
    }
    let formats = BoxFormat.formats(of: json)
    if formats == [.coco], COCOAnnotations.isPlaceless(json) { return nil }
    guard formats.count == 1, let read = try AnnotatedPictures(json, formats[0]) else { return nil }
    self = read
  }

  /// Nil if the format is not one of annotations.
  init?(_ json: JSON, _ format: BoxFormat) throws(BoxesError) {
    switch format {
    case .coco: self = try COCOAnnotations.read(json)
    case .labelstudio: self = try LabelStudio.read(json)
    case .via: self = try VIAAnnotations.read(json)
    default: return nil
    }
    // All numbers that were read are finite; only numbers under unknown keys remain.
    guard !json.holdsNonFinite else {
      throw BoxesError(format, "a key that is only informative", .badNumber("it", "is NaN or infinite"))
    }
  }
}
