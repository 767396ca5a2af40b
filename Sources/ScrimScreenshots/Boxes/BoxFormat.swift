import ScrimJSON
import ScrimRedact

/// The formats of other tools that tell where the widgets, words or objects of a picture lie. Boxes.md is normative.
public enum BoxFormat: String, CaseIterable, Sendable {
  case uiautomator, xcuitest, playwright, chrome, hocr, tesseract, coco, labelme

  /// As messages write it.
  public var name: String {
    switch self {
    case .uiautomator: "uiautomator dump"
    case .xcuitest: "XCUITest page source"
    case .playwright: "Playwright boxes"
    case .chrome: "Chrome accessibility tree"
    case .hocr: "hOCR"
    case .tesseract: "Tesseract TSV"
    case .coco: "COCO annotations"
    case .labelme: "LabelMe annotations"
    }
  }
}

extension SidecarFormat {
  /// Playwright, Chrome, COCO and LabelMe, told apart by their keys.
  static let boxesJSON = SidecarFormat(name: "boxes", ending: ".json") { bytes, request in
    // Our own sidecars are parsed by their reader, once. What is no JSON is left to it too, which says so.
    let marks = BoxFormat.marks(in: bytes)
    if marks.contains("widgets"), marks.count == 1 { return nil }
    guard let json = try? JSON(bytes, acceptingNonFinite: true) else { return nil }
    let formats = BoxFormat.formats(of: json)
    if formats.isEmpty { return nil }
    return catching { () throws(BoxesError) in
      guard formats.count == 1, json["widgets"] == nil else {
        throw BoxesError(
          nil, "the outermost object",
          .unsupported("a file with the marks of several formats; give one at a time"))
      }
      return try Sidecar(json, formats[0], request)
    }
  }

  /// A uiautomator dump, an XCUITest page source, or hOCR, told apart by the root.
  static let xml = SidecarFormat(name: "boxes", ending: ".xml") { bytes, request in
    catching { () throws(BoxesError) in try Sidecar(markup: bytes, request) }
  }

  /// As UI Automator Viewer names its dumps.
  static let uix = SidecarFormat(name: "uiautomator", ending: ".uix") { bytes, request in
    catching { () throws(BoxesError) in try Sidecar(markup: bytes, request) }
  }

  static let hocr = SidecarFormat(name: "hocr", ending: ".hocr") { bytes, request in
    catching { () throws(BoxesError) in try HOCR.read(bytes, for: request) }
  }

  static let tsv = SidecarFormat(name: "tesseract", ending: ".tsv") { bytes, request in
    catching { () throws(BoxesError) in try TesseractTSV.read(bytes, for: request) }
  }

  static func catching(
    _ read: () throws(BoxesError) -> Sidecar
  ) -> Result<Sidecar, SidecarFault> {
    Result(catching: read).mapError { SidecarFault($0.description) }
  }
}

extension BoxFormat {
  private static let marks: Set<String> = [
    "widgets", "images", "annotations", "categories", "shapes", "boxes", "nodes",
  ]

  /// Those of the keys that tell formats apart which are strings somewhere in a text of JSON.
  fileprivate static func marks(in bytes: [UInt8]) -> Set<String> {
    var found: Set<String> = []
    var start = 0
    for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "\"") {
      if (5...11).contains(index - start) {
        let word = String(decoding: bytes[start..<index], as: UTF8.self)
        if marks.contains(word) { found.insert(word) }
      }
      start = index + 1
    }
    return found
  }

  /// The formats of which a JSON value has the marks. Our own sidecar (`widgets`) isn't among them.
  static func formats(of json: JSON) -> [BoxFormat] {
    guard case .object = json else { return json.kind == "a list" ? [.playwright] : [] }
    var formats: [BoxFormat] = []
    if json["images"] != nil || json["annotations"] != nil || json["categories"] != nil {
      formats.append(.coco)
    }
    if json["shapes"] != nil { formats.append(.labelme) }
    if json["boxes"] != nil { formats.append(.chrome) }
    if json["role"] != nil || (json["nodes"] != nil && json["boxes"] == nil) { formats.append(.playwright) }
    return formats
  }
}

extension Sidecar {
  fileprivate init(_ json: JSON, _ format: BoxFormat, _ request: SidecarRequest) throws(BoxesError) {
    switch format {
    case .coco:
      guard let found = try COCOAnnotations(json).boxes(for: request) else {
        throw BoxesError(.coco, "images", .missing("an image whose file_name is this picture's"))
      }
      self = found
    case .labelme: self = try LabelMe.read(json, for: request)
    case .chrome: self = try ChromeTree.read(json, for: request)
    default: self = try PlaywrightBoxes.read(json, for: request)
    }
    // The numbers that were read are finite; what is left is under keys that no reader knows.
    guard !json.holdsNonFinite else {
      throw BoxesError(format, "a key that is only informative", .badNumber("it", "is NaN or infinite"))
    }
  }

  fileprivate init(markup bytes: [UInt8], _ request: SidecarRequest) throws(BoxesError) {
    let root = try Markup.Element(bytes, format: nil, accepting: UIAutomatorDump.afterword)
    if root.name == "hierarchy" {
      self = try UIAutomatorDump.read(root, for: request)
    } else if root.name == "AppiumAUT" || root.name.hasPrefix("XCUIElementType") {
      self = try XCUITestSource.read(root, for: request)
    } else if root.name == "html" {
      self = try HOCR.read(root, for: request)
    } else {
      throw BoxesError(
        nil, root.place,
        .unsupported("its name; a root is hierarchy (uiautomator), AppiumAUT (XCUITest) or html (hOCR)"))
    }
  }
}
