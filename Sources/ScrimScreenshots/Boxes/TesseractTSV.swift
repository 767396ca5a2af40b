import ScrimRedact

/// The output of `tesseract … tsv`: one row per page, block, paragraph, line and word. The rows without
/// children become boxes.
enum TesseractTSV {
  static let header = [
    "level", "page_num", "block_num", "par_num", "line_num", "word_num", "left", "top", "width", "height",
    "conf",
    "text",
  ]

  static func read(_ bytes: [UInt8], for request: SidecarRequest) throws(BoxesError) -> Sidecar {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw BoxesError(.tesseract, "the file", .malformed("it is not UTF-8; convert it"))
    }
    var lines = text.utf8.drop { [0xEF, 0xBB, 0xBF].contains($0) }.split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    guard let first = lines.first, fields(of: first) == header else {
      throw BoxesError(
        .tesseract, "line 1",
        .malformed("it is not the header of Tesseract's TSV: level, page_num, … conf, text"))
    }
    var rows: [Row] = []
    for (index, line) in lines.enumerated().dropFirst() {
      rows.append(try Row(fields(of: line), number: index + 1, after: rows.last))
    }
    guard let page = rows.first else {
      throw BoxesError(.tesseract, "line 2", .missing("the row of the page"))
    }
    let claimed = PixelSize(width: page.width, height: page.height)
    guard page.left == 0, page.top == 0, let space = request.space(of: claimed) else {
      throw BoxesError(.tesseract, page.place, .otherSize(claimed: "\(claimed)", picture: request.stored))
    }
    var list = WidgetList(.tesseract)
    for (index, row) in rows.enumerated().dropFirst() {
      let below = rows[(index + 1)...].prefix { $0.level > row.level }
      // A line that extends beyond its words contains characters that belong to none of them.
      guard below.isEmpty || row.level == 4 && row.box.reaches(beyond: below.map(\.box)) else { continue }
      let widget = Widget(
        role: "text", x: Double(row.left), y: Double(row.top), width: Double(row.width),
        height: Double(row.height))
      _ = try list.append(widget, from: row.place)
    }
    var sidecar = Sidecar(
      tree: try list.tree(), size: claimed, space: space, describesWholeWindows: false,
      format: BoxFormat.tesseract.rawValue)
    sidecar.notes.append(Sidecar.engineNote)
    if space == .either { sidecar.notes.append(Sidecar.eitherNote) }
    return sidecar
  }

  private static func fields(of line: Substring.UTF8View) -> [String] {
    var line = line
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    return line.split(
      separator: UInt8(ascii: "\t"), maxSplits: header.count - 1, omittingEmptySubsequences: false
    )
    .map { String(Substring($0)) }
  }

  private struct Row {
    var number: Int
    var level: Int
    var left: Int
    var top: Int
    var width: Int
    var height: Int

    var place: String { "line \(number)" }
    var box: Extent {
      var box = Extent()
      box.add(x: Double(left), y: Double(top), width: Double(width), height: Double(height))
      return box
    }

    init(_ fields: [String], number: Int, after last: Row?) throws(BoxesError) {
      func fault(_ fault: BoxesError.Fault) -> BoxesError { BoxesError(.tesseract, "line \(number)", fault) }
      guard fields.count == header.count else {
        throw fault(.malformed("it has \(fields.count) of \(header.count) columns; is the file cut off?"))
      }
      func whole(_ column: Int, orNegative: Bool = false) throws(BoxesError) -> Int {
        guard let value = Int(fields[column]), abs(value) <= WidgetTree.coordinateLimit else {
          throw fault(.badNumber(header[column], "is not a whole number of pixels"))
        }
        guard value >= 0 || orNegative else { throw fault(.badNumber(header[column], "is negative")) }
        return value
      }
      self.number = number
      level = try whole(0)
      left = try whole(6, orNegative: true)
      top = try whole(7, orNegative: true)
      width = try whole(8)
      height = try whole(9)
      guard try whole(1) == 1 else { throw fault(.unsupported("a file of several pages")) }
      guard level == 1 ? last == nil : (2...5).contains(level) && last != nil else {
        throw fault(.malformed("a file has one row of level 1, first, and below it levels 2 to 5"))
      }
      guard fields[10].plainNumber != nil else { throw fault(.badNumber("conf", "is not a plain number")) }
    }
  }
}
