import ScrimJSON
import ScrimRedact

/// A kind of file that contains boxes. To add one, make a value of it and list it in ``all``; a format in
/// JSON or XML that is detected by its content needs a line in `BoxFormat+Detection.swift` and one in
/// ``Sidecar`` below.
package struct SidecarFormat: Sendable {
  package var name: String
  /// File name ending: `.json` means `shot.png.json` and `shot.json`.
  package var ending: String
  /// Reads a file; nil if the bytes are of another format with this ending.
  package var read: @Sendable (_ bytes: [UInt8], _ request: SidecarRequest) -> Result<Sidecar, SidecarIssue>?

  package init(
    name: String, ending: String,
    read: @escaping @Sendable ([UInt8], SidecarRequest) -> Result<Sidecar, SidecarIssue>?
  ) {
    self.name = name
    self.ending = ending
    self.read = read
  }

  /// Every format, in the order in which they are tried; the first that accepts the bytes decides.
  package static let all: [SidecarFormat] = [.boxesJSON, .xml, .uix, .hocr, .html, .tsv, .scrim]

  /// The endings of ``all``, each once.
  package static let endings: [String] = all.reduce(into: []) { endings, format in
    if !endings.contains(format.ending) { endings.append(format.ending) }
  }

  /// Maximum size of a sidecar in bytes.
  package static let sizeLimit = 1 << 26

  /// Every JSON format except Scrim's own sidecar, detected by its keys.
  static let boxesJSON = SidecarFormat(name: "boxes", ending: ".json") { bytes, request in
    // Scrim's own sidecars are parsed once, by their reader, which also reports invalid JSON.
    let marks = BoxFormat.marks(in: bytes)
    let isObject = bytes.first { $0 > 0x20 && ![0xEF, 0xBB, 0xBF].contains($0) } == UInt8(ascii: "{")
    if isObject, marks.contains("widgets"), marks.count == 1 { return nil }
    guard let json = try? JSON(bytes, acceptingNonFinite: true) else { return nil }
    let formats = BoxFormat.formats(of: json)
    if formats.isEmpty {
      if UnknownBoxes.isScrim(json) { return nil }
      return catching { () throws(BoxesError) in
        // In any format, keys must not repeat.
        if case .array(let items) = json, case .object? = items.first {
          _ = try BoxObject(items[0], .playwright, "item 0")
        }
        throw BoxesError(nil, "the outermost value", .malformed(UnknownBoxes.advice(for: json)))
      }
    }
    return catching { () throws(BoxesError) in
      if let advice = UnknownBoxes.adviceForNodes(json) {
        throw BoxesError(nil, "the outermost value", .malformed(advice))
      }
      guard formats.count == 1, json["widgets"] == nil else {
        throw BoxesError(
          nil, "the outermost object",
          .unsupported("a file with the marks of several formats; give one at a time"))
      }
      return try Sidecar(json, formats[0], request)
    }
  }

  /// A uiautomator window dump, an XCUITest page source, CVAT's annotations, or hOCR, detected by the root
  /// element.
  static let xml = SidecarFormat(name: "boxes", ending: ".xml") { bytes, request in
    catching { () throws(BoxesError) in try Sidecar(markup: bytes, request) }
  }

  /// The ending that UI Automator Viewer uses.
  static let uix = SidecarFormat(name: "uiautomator", ending: ".uix") { bytes, request in
    catching { () throws(BoxesError) in try Sidecar(markup: bytes, request) }
  }

  static let hocr = SidecarFormat(name: "hocr", ending: ".hocr") { bytes, request in
    catching { () throws(BoxesError) in try HOCR.read(bytes, for: request) }
  }

  static let html = SidecarFormat(name: "hocr", ending: ".html") { bytes, request in
    catching { () throws(BoxesError) in try HOCR.read(bytes, for: request) }
  }

  static let tsv = SidecarFormat(name: "tesseract", ending: ".tsv") { bytes, request in
    catching { () throws(BoxesError) in try TesseractTSV.read(bytes, for: request) }
  }

  private static func catching(
    _ read: () throws(BoxesError) -> Sidecar
  ) -> Result<Sidecar, SidecarIssue> {
    Result(catching: read).mapError { SidecarIssue($0.description) }
  }
}

extension Sidecar {
  /// Reads a file of any format with that ending, and checks that it is of this image.
  static func read(
    _ bytes: [UInt8], ending: String, request: SidecarRequest
  ) -> Result<Sidecar, SidecarIssue> {
    guard let bytes = utf8(bytes) else {
      return .failure(SidecarIssue("it is UTF-16 that can't be read; convert it to UTF-8"))
    }
    for format in SidecarFormat.all where format.ending == ending {
      guard let result = format.read(bytes, request) else { continue }
      return result.flatMap { sidecar in
        let (size, other) =
          sidecar.space == .stored
          ? (request.stored, request.stored) : (request.displayed, request.displayed)
        let isEither = sidecar.space == .either && sidecar.size == request.stored
        guard let given = sidecar.size, given != size, !isEither else { return .success(sidecar) }
        return .failure(
          SidecarIssue(
            "it is of a picture of \(given), this one has \(other) (\(sidecar.space.rawValue)); match them again"
          ))
      }
    }
    return .failure(SidecarIssue(UnknownBoxes.accepted))
  }

  /// Text with a UTF-16 byte order mark, as PowerShell's `>` writes it, converted to UTF-8; other bytes
  /// unchanged.
  static func utf8(_ bytes: [UInt8]) -> [UInt8]? {
    let isLittle = bytes.starts(with: [0xFF, 0xFE])
    guard isLittle || bytes.starts(with: [0xFE, 0xFF]) else { return bytes }
    guard bytes.count.isMultiple(of: 2) else { return nil }
    let units = stride(from: 2, to: bytes.count, by: 2).map { index in
      let (one, other) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
      return isLittle ? other << 8 | one : one << 8 | other
    }
    return String(validating: units, as: UTF16.self).map { Array($0.utf8) }
  }

  fileprivate init(_ json: JSON, _ format: BoxFormat, _ request: SidecarRequest) throws(BoxesError) {
    if let annotations = try AnnotatedPictures(json, format) {
      self = try annotations.sidecar(for: request)
      return
    }
    switch format {
    case .labelme: self = try LabelMe.read(json, for: request)
    case .chrome: self = try ChromeTree.read(json, for: request)
    default: self = try PlaywrightBoxes.read(json, for: request)
    }
    // All numbers that were read are finite; only numbers under unknown keys remain.
    guard !json.holdsNonFinite else {
      throw BoxesError(format, "a key that is only informative", .badNumber("it", "is NaN or infinite"))
    }
  }

  fileprivate init(markup bytes: [UInt8], _ request: SidecarRequest) throws(BoxesError) {
    let root: Markup.Element
    do {
      root = try Markup.Element(
        bytes, format: nil, behindText: UIAutomatorDump.starts, accepting: UIAutomatorDump.afterword)
    } catch {
      // If it isn't HTML either, the XML error is more informative.
      guard HTMLMarkup.canRead(bytes), let html = try? HTMLMarkup.read(bytes) else { throw error }
      root = html
    }
    switch BoxFormat.format(ofRoot: root.name) {
    case .uiautomator: self = try UIAutomatorDump.read(root, for: request)
    case .xcuitest: self = try XCUITestSource.read(root, for: request)
    case .cvat: self = try CVATImages.read(root).sidecar(for: request)
    case .hocr: self = try HOCR.read(root, for: request)
    default:
      throw BoxesError(nil, root.place, .malformed(UnknownBoxes.advice(forRoot: root.name)))
    }
  }
}
