import ScrimJSON
import ScrimRedact

/// COCO's object annotations: one file for many pictures, read once.
struct COCOAnnotations: Sendable {
  private struct Picture: Sendable {
    var size: PixelSize
    var place: String
    var list = WidgetList(.coco)
  }

  private var pictures: [String: Picture] = [:]

  /// - Throws: ``BoxesError`` for the first picture, category or annotation at fault: a list that is wrong in one place is
  ///   relied upon for no picture.
  /// Reads the annotations of a folder; nil where the file is of JSON but no annotations.
  init?(file bytes: [UInt8]) throws(BoxesError) {
    let json: JSON
    do {
      json = try JSON(bytes, acceptingNonFinite: true)
    } catch {
      throw BoxesError(.coco, "the file", .malformed(error.description))
    }
    guard BoxFormat.formats(of: json) == [.coco] else { return nil }
    try self.init(json)
    guard !json.holdsNonFinite else {
      throw BoxesError(.coco, "a key that is only informative", .badNumber("it", "is NaN or infinite"))
    }
  }

  init(_ json: JSON) throws(BoxesError) {
    let root = try BoxObject(json, .coco, "the outermost object")
    var pathOfID: [String: String] = [:]
    for (index, item) in try COCOAnnotations.list("images", of: root).enumerated() {
      let image = try BoxObject(item, .coco, "image \(index)")
      guard let path = try image.string("file_name") else { throw image.fault(.missing("file_name")) }
      let size = PixelSize(width: try image.pixels("width"), height: try image.pixels("height"))
      guard pathOfID.updateValue(path, forKey: try image.id("id")) == nil else {
        throw image.fault(.repeated("id"))
      }
      guard pictures.updateValue(Picture(size: size, place: image.place), forKey: path) == nil else {
        throw image.fault(.repeated("file_name"))
      }
    }
    var roles: [String: String] = [:]
    for (index, item) in try COCOAnnotations.list("categories", of: root).enumerated() {
      let category = try BoxObject(item, .coco, "category \(index)")
      guard let name = try category.string("name") else { throw category.fault(.missing("name")) }
      guard roles.updateValue(name, forKey: try category.id("id")) == nil else {
        throw category.fault(.repeated("id"))
      }
    }
    for (index, item) in try COCOAnnotations.list("annotations", of: root).enumerated() {
      let annotation = try BoxObject(item, .coco, "annotation \(index)")
      guard let path = pathOfID[try annotation.id("image_id")] else {
        throw annotation.fault(.missing("the image that image_id names"))
      }
      guard let role = roles[try annotation.id("category_id")] else {
        throw annotation.fault(.missing("the category that category_id names"))
      }
      let box = try COCOAnnotations.box(of: annotation)
      let widget = Widget(role: role, x: box[0], y: box[1], width: box[2], height: box[3])
      _ = try pictures[path]?.list.append(widget, from: annotation.place)
    }
  }

  private static func list(_ key: String, of root: BoxObject) throws(BoxesError) -> [JSON] {
    guard let items = try root.list(key) else { throw root.fault(.missing(key)) }
    return items
  }

  private static func box(of annotation: BoxObject) throws(BoxesError) -> [Double] {
    guard let box = try annotation.numbers("bbox") else { throw annotation.fault(.missing("bbox")) }
    guard box.count == 4 else {
      throw annotation.fault(.wrongType("bbox", expected: "four numbers: x, y, width, height"))
    }
    guard box[2] >= 0, box[3] >= 0 else { throw annotation.fault(.badNumber("bbox", "has a negative size")) }
    return box
  }

  /// Whether a picture beside the annotations is listed.
  func lists(_ name: String) -> Bool { pictures[name] != nil }

  /// All that the boxes of a picture depend on, for telling whether anything has changed.
  func identity(of name: String) -> [UInt8] {
    guard let picture = pictures[name] else { return [] }
    let boxes = picture.list.widgets.map { "\($0.x) \($0.y) \($0.width) \($0.height) \($0.type)\n" }
    return Array("\(picture.size)\n\(boxes.joined())".utf8)
  }

  /// The boxes of a picture that lies beside the annotations; nil if they don't list it.
  func boxes(for request: SidecarRequest) throws(BoxesError) -> Sidecar? {
    guard let picture = pictures[request.name] else { return nil }
    guard picture.size == request.displayed else {
      throw BoxesError(
        .coco, picture.place, .otherSize(claimed: "\(picture.size)", picture: request.displayed))
    }
    return Sidecar(
      tree: try picture.list.tree(), size: picture.size, describesWholeWindows: false,
      format: BoxFormat.coco.rawValue)
  }
}
