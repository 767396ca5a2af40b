import ScrimJSON

/// Messages about files that are of no accepted format.
enum UnknownBoxes {
  static let accepted =
    "no known format of boxes; accepted are Scrim's sidecar, Playwright, Chrome, COCO, LabelMe, X-AnyLabeling, Label Studio and VIA 2 as JSON, and those of other endings in Boxes.md"

  /// Whether it is Scrim's own sidecar, perhaps with a mistake.
  static func isScrim(_ json: JSON) -> Bool {
    guard case .object(let members) = json else { return false }
    return members.isEmpty || ["widgets", "width", "windows"].contains { json[$0] != nil }
  }

  /// What a file may be, and what to do.
  static func advice(for json: JSON) -> String {
    if case .string(let source)? = json["value"],
      source.contains("<XCUIElementType") || source.contains("<hierarchy")
    {
      return "it is the answer of a WebDriver; save the text of its value as .xml (jq -r .value)"
    }
    let value = json["value"] ?? json
    if value["type"] != nil, value["rect"] != nil || value["frame"] != nil, value["children"] != nil {
      return "it looks like WebDriverAgent's tree as JSON, which is not read; save the source as XML"
    }
    guard let name = tool(of: json) else { return accepted }
    return "it looks like \(name), which is not read; export it as COCO, or in another format of Boxes.md"
  }

  /// What an XML file may be, by its root element, and what to do.
  static func advice(forRoot name: String) -> String {
    switch name {
    case "alto": "ALTO is not read; let the engine write hOCR, or TSV (tesseract IN OUT hocr tsv)"
    case "PcGts": "PAGE XML is not read; convert it to hOCR (ocr-fileformat, ocrd)"
    case "annotation": "Pascal VOC is not read; export COCO, CVAT for images, or LabelMe"
    default:
      "the root element \(printable(name)) is of no known format; a root is hierarchy or displays (uiautomator), AppiumAUT (XCUITest), annotations (CVAT) or html (hOCR)"
    }
  }

  /// What to do about the nodes of an accessibility tree of Chrome that has no boxes; nil for other files.
  static func adviceForNodes(_ json: JSON) -> String? {
    guard json["boxes"] == nil, case .array(let nodes) = json["nodes"] ?? json, let first = nodes.first,
      first["nodeId"] != nil, first["role"]?["value"] != nil
    else { return nil }
    return
      "nodes of Accessibility.getFullAXTree contain no boxes; add boxes with the result of DOM.getBoxModel for each backendDOMNodeId (Boxes.md, Chrome)"
  }

  private static func tool(of json: JSON) -> String? {
    if case .array(let items) = json {
      guard let first = items.first else { return nil }
      if first["image_id"] != nil {
        return "a list of COCO results without its images and categories"
      }
      if first["image"] != nil, first["annotations"] != nil { return "Create ML" }
      if case .array = first { return "output of PaddleOCR or EasyOCR" }
      return nil
    }
    let tools: [(keys: [String], name: String)] = [
      (["project", "metadata"], "VIA 3"), (["responses"], "Google Cloud Vision"),
      (["textAnnotations"], "Google Cloud Vision"), (["Blocks"], "Amazon Textract"),
      (["objects", "size"], "Supervisely"), (["documents", "strings"], "a DOM snapshot"),
      (["analyzeResult"], "Azure's document intelligence"),
    ]
    return tools.first { $0.keys.allSatisfy { json[$0] != nil } }?.name
  }
}
