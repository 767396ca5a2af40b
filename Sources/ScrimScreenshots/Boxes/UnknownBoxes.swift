import ScrimJSON

/// Messages about JSON files that are of no accepted format.
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
    guard let name = tool(of: json) else { return accepted }
    return "it looks like \(name), which is not read; export it as COCO, or in another format of Boxes.md"
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
