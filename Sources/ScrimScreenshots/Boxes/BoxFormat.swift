/// The formats of other tools that list the widgets, words or objects in a picture with their positions.
/// Boxes.md is normative.
public enum BoxFormat: String, CaseIterable, Sendable {
  case uiautomator, xcuitest, playwright, chrome, hocr, tesseract, coco, labelme, cvat, labelstudio, via

  /// Name for messages.
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
    case .cvat: "CVAT annotations"
    case .labelstudio: "Label Studio annotations"
    case .via: "VIA annotations"
    }
  }
}
