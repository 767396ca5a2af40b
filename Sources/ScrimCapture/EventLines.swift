import FoundationEssentials

/// The events of a capture, line by line.
public struct EventLines {
  /// A line that was not looked into but for its time.
  public struct Line: Sendable {
    /// From 1.
    public var number: Int
    /// Nanoseconds on the capture's clock; nil where the line does not say.
    public var time: Int64?
    public var json: [UInt8]

    public init(number: Int, time: Int64?, json: [UInt8]) {
      self.number = number
      self.time = time
      self.json = json
    }
  }

  private var lines: LineReader

  /// Nil where the capture has no such file.
  public init?(ofCapture folder: String) throws(CaptureError) {
    let path = "\(folder)/events.jsonl"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    lines = try LineReader(path)
  }

  public mutating func next() throws(CaptureError) -> Line? {
    guard let json = try lines.next() else { return nil }
    let time = (try? JSONDecoder().decode(Time.self, from: Data(json)))?.milliseconds
    return Line(number: lines.lines, time: time.flatMap(nanoseconds(fromMilliseconds:)), json: json)
  }

  private struct Time: Decodable {
    var milliseconds: Double

    private enum CodingKeys: String, CodingKey {
      case milliseconds = "t_ms"
    }
  }
}
