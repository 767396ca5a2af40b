import ScrimRedact

/// Reads hOCR, the XHTML or HTML that OCR engines write: each word, each element without words, and each
/// line that extends beyond its words or has other text, becomes a box.
enum HOCR {
  static func read(_ bytes: [UInt8], for request: SidecarRequest) throws(BoxesError) -> Sidecar {
    let root: Markup.Element
    do {
      root = try Markup.Element(bytes, format: .hocr)
    } catch {
      // If it isn't HTML either, the XML error is more informative.
      guard HTMLMarkup.canRead(bytes), let html = try? HTMLMarkup.read(bytes) else { throw error }
      root = html
    }
    return try read(root, for: request)
  }

  static func read(_ root: Markup.Element, for request: SidecarRequest) throws(BoxesError) -> Sidecar {
    var pages: [Markup.Element] = []
    try collectPages(root, into: &pages)
    guard let page = pages.first else {
      throw BoxesError(.hocr, root.place, .malformed("it has no ocr_page; let the engine write hOCR"))
    }
    guard pages.count == 1 else {
      throw BoxesError(.hocr, pages[1].place, .unsupported("a file of several pages"))
    }
    let box = try box(of: page)
    let claimed = PixelSize(width: Int(box.maxX), height: Int(box.maxY))
    guard box.minX == 0, box.minY == 0, let space = request.space(of: claimed) else {
      throw BoxesError(.hocr, page.place, .otherSize(claimed: "\(claimed)", picture: request.stored))
    }
    var list = WidgetList(.hocr)
    for child in page.children { _ = try append(child, to: &list) }
    if hasTextBesideBoxes(page) { try append(page, "unknown", to: &list) }
    var sidecar = Sidecar(
      tree: try list.tree(), size: claimed, space: space, describesWholeWindows: false,
      format: BoxFormat.hocr.rawValue)
    sidecar.notes.append(Sidecar.engineNote)
    if space == .either { sidecar.notes.append(Sidecar.eitherNote) }
    return sidecar
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

  /// Adds the words below an element; or the element itself, if it is a box without words, or with more than
  /// words.
  ///
  /// - Returns: the boxes added.
  private static func append(
    _ element: Markup.Element, to list: inout WidgetList
  ) throws(BoxesError) -> [Extent] {
    guard !isUnpainted(element) else { return [] }
    let kind = ocrClass(of: element)
    guard kind != "ocr_page" else {
      throw BoxesError(.hocr, element.place, .malformed("a page lies within a page"))
    }
    var added: [Extent] = []
    if kind == "ocrx_word" {
      var box = try box(of: element)
      try add(partsOf: element, to: &box)
      try append(box, "text", from: element, to: &list)
      return [box]
    }
    for child in element.children { added += try append(child, to: &list) }
    guard isBox(element) else { return added }
    let hasText = hasTextBesideBoxes(element)
    guard let kind else {
      // Text in an element of another class, with a place.
      if hasText { try append(element, "text", to: &list) }
      return hasText ? added + [try box(of: element)] : added
    }
    let role = role(of: kind)
    let isWhole = isLine(kind) ? !(try box(of: element)).reaches(beyond: added) : role != "image"
    if !added.isEmpty, isWhole, !hasText { return added }
    try append(element, role, to: &list)
    if hasText, role != "text", role != "unknown" { try append(element, "text", to: &list) }
    return added + [try box(of: element)]
  }

  /// The parts of a word, its characters, may extend beyond it.
  private static func add(partsOf element: Markup.Element, to box: inout Extent) throws(BoxesError) {
    for child in element.children {
      if hasPlace(child) { box.add(try self.box(of: child)) }
      try add(partsOf: child, to: &box)
    }
  }

  private static func append(
    _ element: Markup.Element, _ role: String, to list: inout WidgetList
  ) throws(BoxesError) {
    try append(try box(of: element), role, from: element, to: &list)
  }

  private static func append(
    _ box: Extent, _ role: String, from element: Markup.Element, to list: inout WidgetList
  ) throws(BoxesError) {
    _ = try list.append(
      Widget(role: role, x: box.minX, y: box.minY, width: box.width, height: box.height),
      from: element.place)
  }

  private static func isLine(_ kind: String) -> Bool {
    ["ocr_line", "ocrx_line", "ocr_header", "ocr_footer", "ocr_caption", "ocr_textfloat"].contains(kind)
  }

  /// Whether it contains text outside of the boxes below it.
  private static func hasTextBesideBoxes(_ element: Markup.Element) -> Bool {
    element.hasText
      || element.children.contains { !isBox($0) && !isUnpainted($0) && hasTextBesideBoxes($0) }
  }

  private static func isUnpainted(_ element: Markup.Element) -> Bool {
    ["script", "style", "template", "head"].contains(element.name.lowercased())
  }

  /// Whether it is an OCR element, or another one with a place.
  private static func isBox(_ element: Markup.Element) -> Bool {
    ocrClass(of: element) != nil || hasPlace(element)
  }

  private static func hasPlace(_ element: Markup.Element) -> Bool {
    properties(of: attribute("title", of: element) ?? "").contains { placeKeys.contains($0.first ?? "") }
  }

  private static let placeKeys = ["bbox", "poly", "x_bboxes"]

  private static func ocrClass(of element: Markup.Element) -> String? {
    attribute("class", of: element)?.split(whereSeparator: \.isWhitespace).map { $0.lowercased() }
      .first { $0.hasPrefix("ocr_") || $0.hasPrefix("ocrx_") }
  }

  /// HTML ignores the case of names, and the file may happen to be XML.
  private static func attribute(_ name: String, of element: Markup.Element) -> String? {
    element[name] ?? element.attributes.first { $0.name.lowercased() == name }?.value
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

  /// The bounds of an element from its title: `bbox`, or the corners of `poly`, united with the boxes of
  /// its characters.
  private static func box(of element: Markup.Element) throws(BoxesError) -> Extent {
    guard let title = attribute("title", of: element) else {
      throw BoxesError(.hocr, element.place, .missing("title"))
    }
    var extent = Extent()
    var seen: Set<String> = []
    for property in properties(of: title) {
      guard let key = property.first, placeKeys.contains(key) else { continue }
      guard seen.insert(key).inserted else { throw BoxesError(.hocr, element.place, .repeated(key)) }
      let numbers = property.dropFirst().compactMap(\.plainNumber)
      let isWhole =
        key == "bbox"
        ? numbers.count == 4
        : numbers.count.isMultiple(of: key == "poly" ? 2 : 4) && numbers.count >= 4
      guard numbers.count == property.count - 1, isWhole else {
        throw BoxesError(
          .hocr, element.place,
          .wrongType(key, expected: key == "bbox" ? "four plain numbers" : "pairs of plain numbers"))
      }
      guard numbers.allSatisfy({ abs($0) <= Double(WidgetTree.coordinateLimit) }) else {
        throw BoxesError(.hocr, element.place, .badNumber(key, "is larger than any screen"))
      }
      guard key == "poly" || haveSizes(numbers) else {
        throw BoxesError(.hocr, element.place, .badNumber(key, "has a negative size"))
      }
      for index in stride(from: 0, to: numbers.count, by: 2) {
        extent.add(x: numbers[index], y: numbers[index + 1])
      }
    }
    guard !extent.isEmpty else { throw BoxesError(.hocr, element.place, .missing("bbox")) }
    return extent
  }

  /// Checks boxes given as left, top, right, bottom, one after another.
  private static func haveSizes(_ numbers: [Double]) -> Bool {
    for index in stride(from: 0, to: numbers.count, by: 4) {
      guard numbers[index + 2] >= numbers[index], numbers[index + 3] >= numbers[index + 1] else {
        return false
      }
    }
    return true
  }

  /// Splits `image "a; b.png"; bbox 0 0 1 1` into lists of words. A file's name may contain a semicolon.
  private static func properties(of title: String) -> [[String]] {
    var properties: [[String]] = [[]]
    var word = ""
    var isQuoted = false
    for character in title.unicodeScalars {
      if character == "\"" {
        isQuoted.toggle()
      } else if !isQuoted, character == ";" || character.properties.isWhitespace {
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
