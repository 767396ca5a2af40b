import FoundationEssentials
import ScrimImage
package import ScrimRedact

/// A capture folder: `capture.json`, `frames.jsonl` and lossless PNG images.
///
/// Lines are read one at a time, so memory does not grow with the length of a capture.
package struct CaptureFolder: FrameSource {
  package let width: Int
  package let height: Int
  package let expectedFrames: Int?
  private let folder: String
  private var lines: LineReader
  private var number = 0
  /// The image read last: lines that repeat an image share its pixels.
  private var image: (path: String, pixels: Result<Frame, CaptureIssue>)?
  /// The boxes in force, and their origin.
  private var tree: Result<WidgetTree, CaptureIssue> = .success(.empty)
  private var treeVersion = 0
  private var widgets = WidgetLists()
  private var widgetsIndex: Int?
  private var windows: Result<[Window], CaptureIssue> = .success([])

  package init(_ folder: String) throws(CaptureError) {
    self.folder = folder
    let description = "\(folder)/capture.json"
    let bytes = try InputFile.contents(of: description, limit: 1 << 26)
    let head: Head
    do {
      head = try JSONDecoder().decode(Head.self, from: Data(bytes))
    } catch {
      throw .badInput(
        CaptureIssue(
          place: description,
          message: "the description does not give \"width\" and \"height\" as whole numbers of pixels"))
    }
    guard PictureLimits.allow(width: head.width, height: head.height) else {
      throw .badInput(
        CaptureIssue(
          place: description, message: "a picture of \(head.width)x\(head.height) is empty or too large"))
    }
    if let format = head.format, format != "capture-corpus/1" {
      throw .badInput(
        CaptureIssue(
          place: description, message: "the format is not capture-corpus/1, which this version reads"))
    }
    width = head.width
    height = head.height
    expectedFrames = head.frames
    lines = try LineReader("\(folder)/frames.jsonl")
  }

  private struct Head: Decodable {
    var format: String?
    var width: Int
    var height: Int
    /// Only informative, so a value of another type is not an error.
    var frames: Int?

    private enum CodingKeys: CodingKey { case format, width, height, frames }

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      format = try values.decodeIfPresent(String.self, forKey: .format)
      width = try values.decode(Int.self, forKey: .width)
      height = try values.decode(Int.self, forKey: .height)
      frames = try? values.decode(Int.self, forKey: .frames)
    }
  }

  package mutating func next() throws(CaptureError) -> SourceItem? {
    guard let bytes = try lines.next() else { return nil }
    defer { number += 1 }
    let path = "\(folder)/frames.jsonl"
    let place = "\(path):\(lines.lines)"
    let line: CaptureLine
    do {
      line = try CaptureLine(json: bytes, line: lines.lines)
    } catch {
      forgetWindows(of: bytes, place: place)
      return .lost(CaptureIssue(place: path, message: "\(error)"))
    }
    guard let time = nanoseconds(fromMilliseconds: line.tree.timeMs) else {
      forgetWindows(of: bytes, place: place)
      return .lost(CaptureIssue(place: place, message: "t_ms is not a valid time"))
    }
    try takeBoxes(of: line, place: place)
    return .frame(
      SourceFrame(
        number: number, time: time, pixels: pixels(of: line.image), tree: tree, treeVersion: treeVersion,
        snapshotSpan: CaptureFolder.snapshotSpan(of: line), isTreeComplete: !line.tree.isIncomplete))
  }

  /// Windows are listed when they change. If a lost line listed some, the windows are unknown until the
  /// next list.
  private mutating func forgetWindows(of line: [UInt8], place: String) {
    guard String(decoding: line, as: UTF8.self).contains(#""windows""#) else { return }
    windows = .failure(
      CaptureIssue(place: place, message: "the line that listed the windows could not be read"))
    widgetsIndex = nil
  }

  /// The time span of the tree snapshot. If its times are invalid, a span that can't clear anything.
  private static func snapshotSpan(of line: CaptureLine) -> ClosedRange<Int64>? {
    guard let reading = line.tree.readingMs else { return nil }
    guard let begin = nanoseconds(fromMilliseconds: reading.lowerBound),
      let end = nanoseconds(fromMilliseconds: reading.upperBound)
    else { return Int64.max...Int64.max }
    return begin...end
  }

  /// Puts the boxes that the line lists or refers to in force.
  private mutating func takeBoxes(of line: CaptureLine, place: String) throws(CaptureError) {
    let own = line.list(place: place)
    if let own {
      widgets.add(own, index: line.index, at: lines.place)
    } else if let earlier = line.tree.widgetsOfFrame, earlier != line.index {
      widgets.add(reference: line.index, to: earlier)
    }
    let index = own == nil ? line.tree.widgetsOfFrame : line.index
    if own == nil, line.tree.windows == nil, index != nil, index == widgetsIndex { return }
    if let windows = line.tree.windows {
      self.windows = windows.mapError { CaptureIssue(place: place, message: "\($0)") }
    }
    widgetsIndex = index
    treeVersion += 1
    guard let index else {
      tree = .failure(
        CaptureIssue(place: place, message: "the line has neither widgets nor widgets_of_frame"))
      return
    }
    guard let list = try widgets.list(of: index, in: lines, path: place) else {
      tree = .failure(
        CaptureIssue(place: place, message: "widgets_of_frame \(index) is not an earlier line with widgets"))
      return
    }
    tree = list.flatMap { list in
      windows.flatMap { windows in
        do {
          return .success(
            try WidgetTree(widgets: list.widgets, windows: windows, boxScale: list.boxScale))
        } catch {
          return .failure(CaptureIssue(place: place, message: "\(error)"))
        }
      }
    }
  }

  private mutating func pixels(of path: String) -> Result<Frame, CaptureIssue> {
    if let image, image.path == path { return image.pixels }
    let full = path.hasPrefix("/") ? path : "\(folder)/\(path)"
    let result = read(full)
    image = (path, result)
    return result
  }

  private func read(_ path: String) -> Result<Frame, CaptureIssue> {
    do throws(CaptureError) {
      let bytes = try InputFile.contents(of: path, limit: 1 << 30)
      return ImageFile.frame(from: bytes, path: path, width: width, height: height)
    } catch {
      return .failure(CaptureIssue(place: path, message: "\(error)"))
    }
  }
}
