import ScrimRedact

/// hOCR, the XHTML that OCR engines write: each word, and each thing that holds no words, becomes a box.
enum HOCR {
  static func read(_ bytes: [UInt8], for request: SidecarRequest) throws(BoxesError) -> Sidecar {
    try read(try Markup.Element(bytes, format: .hocr), for: request)
  }

  static func read(_ root: Markup.Element, for request: SidecarRequest) throws(BoxesError) -> Sidecar {
    var pages: [Markup.Element] = []
    try collectPages(root, into: &pages)
    guard let page = pages.first else {
      throw BoxesError(.hocr, root.place, .malformed("it holds no ocr_page; let the engine write hOCR"))
    }
    guard pages.count == 1 else {
      throw BoxesError(.hocr, pages[1].place, .unsupported("which of several pages the picture is"))
    }
    let box = try box(of: page)
    let claimed = PixelSize(width: Int(box[2]), height: Int(box[3]))
    guard box[0] == 0, box[1] == 0, claimed == request.stored else {
      throw BoxesError(.hocr, page.place, .otherSize(claimed: "\(claimed)", picture: request.stored))
    }
    var list = WidgetList(.hocr)
    for child in page.children { _ = try append(child, to: &list) }
    return Sidecar(
      tree: try list.tree(), size: claimed, space: .stored, describesWholeWindows: false,
      format: BoxFormat.hocr.rawValue)
  }

  private static func collectPages(
    _ element: Markup.Element, into pages: inout [Markup.Element]
  ) throws(BoxesError) {
    if ocrClass(of: element) == "ocr_page" {
      pages.append(element)
    } else if ocrClass(of: element) != nil {
      throw BoxesError(.hocr, element.place, .malformed("it lies outside an ocr_page"))
    } else {
      for child in element.children { try collectPages(child, into: &pages) }
    }
  }

  /// Adds the words below an element, or the element itself if it is of OCR and holds none.
  ///
  /// - Returns: whether it added any.
  private static func append(_ element: Markup.Element, to list: inout WidgetList) throws(BoxesError) -> Bool
  {
    guard let kind = ocrClass(of: element) else {
      var added = false
      for child in element.children where try append(child, to: &list) { added = true }
      return added
    }
    guard kind != "ocr_page" else {
      throw BoxesError(.hocr, element.place, .malformed("a page lies within a page"))
    }
    // What lies below a word are its characters, within its box.
    if kind != "ocrx_word" {
      var added = false
      for child in element.children where try append(child, to: &list) { added = true }
      if added { return true }
    }
    let box = try box(of: element)
    let widget = Widget(
      role: role(of: kind), x: box[0], y: box[1], width: box[2] - box[0], height: box[3] - box[1])
    _ = try list.append(widget, from: element.place)
    return true
  }

  private static func ocrClass(of element: Markup.Element) -> String? {
    element["class"]?.split(separator: " ").map(String.init)
      .first { $0.hasPrefix("ocr_") || $0.hasPrefix("ocrx_") }
  }

  private static func role(of kind: String) -> String {
    switch kind {
    case "ocrx_word", "ocr_word", "ocr_line", "ocrx_line", "ocr_par", "ocr_carea", "ocrx_block",
      "ocr_textfloat",
      "ocr_header", "ocr_footer", "ocr_caption":
      "text"
    case "ocr_photo", "ocr_image", "ocrx_image", "ocr_linedrawing", "ocr_float", "ocr_table", "ocr_math":
      "image"
    case "ocr_separator": "separator"
    default: "unknown"
    }
  }

  /// The four numbers of the property `bbox` of an element's title.
  private static func box(of element: Markup.Element) throws(BoxesError) -> [Double] {
    guard let title = element["title"] else { throw BoxesError(.hocr, element.place, .missing("title")) }
    let boxes = properties(of: title).filter { $0.first == "bbox" }
    guard let property = boxes.first else { throw BoxesError(.hocr, element.place, .missing("bbox")) }
    guard boxes.count == 1 else { throw BoxesError(.hocr, element.place, .repeated("bbox")) }
    let numbers = property.dropFirst().compactMap(\.plainNumber)
    guard property.count == 5, numbers.count == 4 else {
      throw BoxesError(.hocr, element.place, .wrongType("bbox", expected: "four plain numbers"))
    }
    guard numbers[2] >= numbers[0], numbers[3] >= numbers[1] else {
      throw BoxesError(.hocr, element.place, .badNumber("bbox", "has a negative size"))
    }
    guard numbers.allSatisfy({ abs($0) <= Double(WidgetTree.coordinateLimit) }) else {
      throw BoxesError(.hocr, element.place, .badNumber("bbox", "is larger than any screen"))
    }
    return numbers
  }

  /// `image "a; b.png"; bbox 0 0 1 1` as lists of words. A file's name may hold a semicolon.
  private static func properties(of title: String) -> [[String]] {
    var properties: [[String]] = [[]]
    var word = ""
    var isQuoted = false
    for character in title.unicodeScalars {
      if character == "\"" {
        isQuoted.toggle()
      } else if !isQuoted, character == ";" || character == " " {
        if !word.isEmpty { properties[properties.count - 1].append(word) }
        word = ""
        if character == ";" { properties.append([]) }
      } else if !isQuoted {
        word.unicodeScalars.append(character)
      }
    }
    if !word.isEmpty { properties[properties.count - 1].append(word) }
    return properties
  }
}
