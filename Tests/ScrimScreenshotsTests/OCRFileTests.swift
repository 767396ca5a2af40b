import ScrimImage
import ScrimRedact
import Testing

@testable import ScrimScreenshots

/// hOCR and TSV of engines other than the newest Tesseract.
@Suite struct OCRFileTests {
  private let size = PixelSize(width: 400, height: 120)

  private func rect(_ minX: Int, _ minY: Int, _ maxX: Int, _ maxY: Int) -> Rect {
    Rect(minX: minX, minY: minY, maxX: maxX, maxY: maxY)
  }

  private func page(_ inside: String, head: String = "") -> String {
    "<!DOCTYPE html>\n<HTML><head>\(head)</head><body><div class='ocr_page' title='bbox 0 0 400 120'>\(inside)</div></body></html>\n"
  }

  private func rects(_ text: String, _ ending: String = ".hocr") throws -> [Rect] {
    try BoxSamples.read(text, ending, size).tree.rects
  }

  /// HTML that is not XML.
  @Test(arguments: [
    (
      "<meta charset=utf-8><link rel=stylesheet href=x.css>",
      "<span class=ocrx_word title='bbox 1 2 30 40'>a</span><br>"
    ),
    (
      "<title>a < b & c</title><script>if (a < b) { }</script>",
      "<p><span class='ocrx_word' title='bbox 1 2 30 40'>a"
    ),
    ("", "<P><SPAN CLASS='ocrx_word' TITLE=\"bbox 1 2 30 40\" hidden>a</SPAN><img src=a.png><hr>"),
    (
      "<!-- <html> --><style>p > a { }</style>",
      "<ul><li><span class='ocrx_word' title='bbox 1 2 30 40'>a&nbsp;b</span></ul>"
    ),
  ])
  func hyperText(head: String, inside: String) throws {
    for ending in [".hocr", ".html", ".xml"] {
      #expect(try rects(page(inside, head: head), ending) == [rect(1, 2, 30, 40)], "\(ending)")
    }
    let text = page(inside, head: head)
    for count in stride(from: 0, to: text.utf8.count - 8, by: 7) {
      let cut = String(decoding: Array(text.utf8)[..<count], as: UTF8.self)
      #expect(throws: SidecarIssue.self) { try rects(cut, ".html") }
    }
  }

  /// No-break spaces stand where an engine found nothing.
  @Test(arguments: ["&nbsp;", " &#160; ", "&#xA0;", "\u{A0}"], [".hocr", ".html"])
  func blanksAreNoText(_ blank: String, _ ending: String) throws {
    let word = "<span class='ocrx_word' title='bbox 1 2 30 40'>a</span>"
    #expect(try rects(page("<p>\(blank)</p>" + word), ending) == [rect(1, 2, 30, 40)])
    #expect(try rects(page("<p>\(blank)b</p>" + word), ending) != [rect(1, 2, 30, 40)])
  }

  @Test(arguments: [
    "<html><body><div class=ocr_page title='bbox 0 0 400 120'><span class=ocrx_word title='bbox 1 2'>a</span><br></div></body></html>",
    "<html><body><div class=ocr_page title='bbox 0 0 400 120'><b title=a title=b><br></div></body></html>",
    "<html><body><p><br></body></html>", "<body><br></body>", "<html><br></html><p>",
    "<html><body><div class=ocr_page title='bbox 0 0 400 120'><br></div>",
  ])
  func hyperTextIsRefused(text: String) { #expect(throws: SidecarIssue.self) { try rects(text) } }

  /// The bounds of an outline, of boxes of characters, of both.
  @Test(arguments: [
    ("poly 10 20 50 18 52 40 12 42", (10, 18, 52, 42)),
    ("bbox 10 20 50 40; poly 5 20 50 18 52 40", (5, 18, 52, 40)),
    ("bbox 10 20 50 40; x_bboxes 10 20 20 40 20 20 60 44", (10, 20, 60, 44)),
    ("poly 123 17 214 35", (123, 17, 214, 35)),
  ])
  func outlines(title: String, box: (Int, Int, Int, Int)) throws {
    let word = "<span class='ocrx_word' title='\(title)'>a</span>"
    #expect(try rects(page(word)) == [rect(box.0, box.1, box.2, box.3)])
  }

  /// A line that is larger than its words, or has text beside them, is a box too.
  @Test(arguments: [
    ("bbox 10 10 300 30", "<span class='ocrx_word' title='bbox 10 10 60 30'>a</span>", true),
    ("bbox 10 10 60 31", "<span class='ocrx_word' title='bbox 10 10 60 30'>a</span>", false),
    ("bbox 10 10 60 30", "<span class='ocrx_word' title='bbox 10 10 60 30'>a</span> b", true),
    ("bbox 10 10 60 30", "<b>b</b><span class='ocrx_word' title='bbox 10 10 60 30'>a</span>", true),
    ("bbox 10 10 60 30", "<b><span class='ocrx_word' title='bbox 10 10 60 30'>a</span> </b>", false),
    ("bbox 10 5 60 30", "<span class='ocrx_word' title='bbox 10 10 60 30'>a</span>", true),
  ])
  func linesBeyondTheirWords(title: String, inside: String, isBox: Bool) throws {
    let line = "<span class='ocr_line' title='\(title)'>\(inside)</span>"
    #expect(try rects(page(line)).count == (isBox ? 2 : 1))
  }

  @Test func linesOfATable() throws {
    let header = TesseractTSV.header.joined(separator: "\t")
    func row(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: "\t") + "\t-1\ta\n" }
    let start = header + "\n" + row([1, 1, 0, 0, 0, 0, 0, 0, 400, 120])
    let line = row([4, 1, 1, 1, 1, 0, 10, 10, 300, 20])
    let word = row([5, 1, 1, 1, 1, 1, 10, 10, 50, 20])
    #expect(try rects(start + line + word, ".tsv") == [rect(10, 10, 310, 30), rect(10, 10, 60, 30)])
    let short = row([4, 1, 1, 1, 1, 0, 10, 10, 50, 21])
    #expect(try rects("\u{FEFF}" + start + short + word, ".tsv") == [rect(10, 10, 60, 30)])
    let beside = row([5, 1, 1, 1, 1, 1, -4, -2, 50, 20])
    #expect(
      try rects(start + row([4, 1, 1, 1, 1, 0, -4, -2, 50, 20]) + beside, ".tsv") == [rect(-4, -2, 46, 18)])
  }
}
