import ScrimJSON

/// The boxes of one moment, read from a line of JSON.
///
/// An invalid list is an error of its own: the line's times stay known, so that the frame can be shown as
/// fill.
public struct TreeLine: Sendable {
  /// Milliseconds on the capture's clock: when the pixels were copied.
  package var timeMs: Double
  /// When the tree snapshot began and ended, on the same clock; nil if the boxes belong to the pixels
  /// exactly.
  package var readingMs: ClosedRange<Double>?
  /// Nil if the line has none.
  public var widgets: Result<[Widget], WidgetError>?
  /// The index of the earlier line whose widgets apply here too.
  package var widgetsOfFrame: Int?
  /// Nil if the windows are those of the previous line.
  public var windows: Result<[Window], WidgetError>?
  public var boxScale: Double?
  /// Whether parts of the tree could not be read: widgets that are not listed may be on the screen.
  package var isIncomplete: Bool

  /// Reads a line of a widget stream: `{"t_ms":…,"widgets":[…]}`, with the other keys of a capture's line
  /// if they are present.
  ///
  /// - Parameter line: its number, for messages.
  public init(json: [UInt8], line: Int) throws(CaptureLineError) {
    try self.init(try LineFields(json, line: line))
  }

  fileprivate init(_ fields: LineFields) throws(CaptureLineError) {
    guard let time = try fields.time("t_ms") else { throw fields.fault("t_ms is missing; give it") }
    timeMs = time
    switch (try fields.time("tree_t_ms"), try fields.time("tree_end_ms")) {
    case (nil, nil): readingMs = nil
    case (let began?, let ended?) where began <= ended: readingMs = began...ended
    case (.some, .some): throw fields.fault("tree_end_ms is before tree_t_ms")
    default: throw fields.fault("tree_t_ms and tree_end_ms go together; give both or none")
    }
    widgets = try fields.list("widgets", Widget.list)
    widgetsOfFrame = try fields.count("widgets_of_frame")
    if widgets != nil, widgetsOfFrame != nil {
      throw fields.fault("widgets and widgets_of_frame contradict each other; give one of them")
    }
    windows = try fields.list("windows", Window.list)
    boxScale = try fields.read { (fields) throws(JSONObjectError) in try fields.number("box_scale") }
    let isComplete = try fields.read { (fields) throws(JSONObjectError) in try fields.boolean("tree_complete")
    }
    isIncomplete = try fields.count("tree_errors") ?? 0 > 0 || isComplete == false
  }
}

/// One line of a capture's `frames.jsonl`.
public struct CaptureLine: Sendable {
  public var index: Int
  /// The path of the picture within the capture folder, as written: not checked to stay inside the folder.
  public var image: String
  public var tree: TreeLine

  /// - Parameter line: its number, for messages.
  public init(json: [UInt8], line: Int) throws(CaptureLineError) {
    let fields = try LineFields(json, line: line)
    guard let index = try fields.count("index") else { throw fields.fault("index is missing; give it") }
    guard let image = try fields.read({ (fields) throws(JSONObjectError) in try fields.string("image") })
    else {
      throw fields.fault("image is missing; give the path of a picture")
    }
    self.index = index
    self.image = image
    tree = try TreeLine(fields)
  }
}

/// Why a line can't be used at all.
public struct CaptureLineError: Error, Hashable, Sendable, CustomStringConvertible {
  public var line: Int
  public var problem: String

  public var description: String { "line \(line): \(problem)" }
}

private struct LineFields {
  let line: Int
  private let fields: JSONMembers

  private static let keys = [
    "index", "t_ms", "tree_t_ms", "tree_end_ms", "image", "widgets", "widgets_of_frame", "windows",
    "box_scale",
    "tree_errors", "tree_complete",
  ]

  init(_ json: [UInt8], line: Int) throws(CaptureLineError) {
    self.line = line
    do {
      fields = try JSONMembers(try JSON(json, acceptingNonFinite: true))
      try fields.checkRest(LineFields.keys)
    } catch let error as JSONError {
      throw CaptureLineError(line: line, problem: error.description)
    } catch let error as JSONObjectError {
      throw CaptureLineError(line: line, problem: WidgetError.Fault(error).sentence)
    } catch {
      throw CaptureLineError(line: line, problem: "\(error)")
    }
  }

  func fault(_ problem: String) -> CaptureLineError { CaptureLineError(line: line, problem: problem) }

  func read<Value>(_ body: (JSONMembers) throws(JSONObjectError) -> Value) throws(CaptureLineError) -> Value {
    do {
      return try body(fields)
    } catch {
      throw fault(WidgetError.Fault(error).sentence)
    }
  }

  func list<Item>(
    _ key: String, _ read: (JSON) throws(WidgetError) -> [Item]
  ) throws(CaptureLineError) -> Result<[Item], WidgetError>? {
    guard let json = fields[key] else { return nil }
    do {
      return .success(try read(json))
    } catch {
      return .failure(error)
    }
  }

  func time(_ key: String) throws(CaptureLineError) -> Double? {
    guard let time = try read({ (fields) throws(JSONObjectError) in try fields.number(key) }) else {
      return nil
    }
    guard abs(time) <= 1e15 else { throw fault("\(key) is not a valid time in milliseconds") }
    return time
  }

  func count(_ key: String) throws(CaptureLineError) -> Int? {
    guard let count = try read({ (fields) throws(JSONObjectError) in try fields.integer(key) }) else {
      return nil
    }
    guard count >= 0 else { throw fault("\(key) must not be negative") }
    return count
  }
}
