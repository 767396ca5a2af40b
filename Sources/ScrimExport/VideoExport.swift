import Foundation
public import ScrimImage

/// Writes a video of constant frame rate through an installed ffmpeg. Each of its pictures is the one shown at that
/// time, so uneven frame times don't add up to a drift.
public struct VideoExport: PictureForm {
  public enum Form: String, Sendable, CaseIterable {
    /// H.264, 4:2:0.
    case mp4
    /// VP9, 4:2:0.
    case webm

    /// The default constant rate factor: its errors are not visible.
    fileprivate var quality: Int {
      switch self {
      case .mp4: 18
      case .webm: 24
      }
    }

    fileprivate func arguments(_ quality: Int) -> [String] {
      switch self {
      case .mp4:
        [
          "-c:v", "libx264", "-preset", "veryfast", "-crf", "\(quality)", "-movflags", "+faststart", "-f",
          "mp4",
        ]
      case .webm:
        [
          "-c:v", "libvpx-vp9", "-crf", "\(quality)", "-b:v", "0", "-deadline", "realtime", "-cpu-used",
          "6", "-row-mt", "1", "-f", "webm",
        ]
      }
    }
  }

  /// Frame rates of videos; the first that shows every frame is used.
  private static let rates = [10, 15, 20, 25, 30, 50, 60]

  public static var isMoving: Bool { true }

  private let path: String
  private let process = Process()
  private let input: FileHandle
  private let errors: URL
  private let interval: Double
  private var sequence: [UInt8]
  private let width: Int
  private let height: Int
  /// The start of the video on the session's clock; nil before the first picture.
  private(set) var start: Int64?
  /// The number of pictures written so far.
  private(set) var written = 0
  private var hasPicture = false

  /// - Parameters:
  /// - framesPerSecond: the highest rate of the session.
  /// - every: the interval of the video's pictures in nanoseconds; by default it follows the session's frames.
  /// - quality: ffmpeg's constant rate factor, from 0, the best, to 51.
  public init(
    file path: String, form: Form, width: Int, height: Int, framesPerSecond: Double, every: Int64? = nil,
    quality: Int? = nil
  ) throws(ExportError) {
    self.path = path
    self.width = width
    self.height = height
    let rate = VideoExport.rate(for: framesPerSecond)
    interval = every.map(Double.init) ?? 1e9 / Double(rate)
    sequence = [UInt8](repeating: 0, count: width * height * 4)
    errors = FileManager.default.temporaryDirectory.appendingPathComponent(
      "scrim-ffmpeg-\(UUID().uuidString)")
    guard let program = VideoExport.program else {
      throw .program(
        name: "ffmpeg",
        reason:
          "is not installed, and \(form.rawValue) needs it: apt-get install ffmpeg, or take --to gif or apng")
    }
    process.executableURL = URL(fileURLWithPath: program)
    let rateText = every.map { "1000000000/\($0)" } ?? String(rate)
    process.arguments =
      ["-hide_banner", "-loglevel", "error", "-nostdin", "-y", "-f", "rawvideo", "-pixel_format", "bgr0"]
      + ["-video_size", "\(width)x\(height)", "-framerate", rateText, "-i", "pipe:0", "-an"]
      // 4:2:0 needs even sides; the added pixels are black.
      + ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2,format=yuv420p"] + form.arguments(quality ?? form.quality) + [
        path + ".part"
      ]
    let pipe = Pipe()
    process.standardInput = pipe
    process.standardOutput = FileHandle.nullDevice
    input = pipe.fileHandleForWriting
    // A program that ends early is detected by its output, not by a signal.
    signal(SIGPIPE, SIG_IGN)
    do {
      try Data().write(to: errors)
      process.standardError = try FileHandle(forWritingTo: errors)
      try process.run()
    } catch {
      throw .program(name: "ffmpeg", reason: error.localizedDescription)
    }
  }

  /// The frame rate of a video for a session with the given rate.
  static func rate(for framesPerSecond: Double) -> Int {
    rates.first { Double($0) >= framesPerSecond * 0.98 } ?? 60
  }

  /// The length of a side for 4:2:0: an even number of pixels.
  static func padded(_ side: Int) -> Int { (side + 1) / 2 * 2 }

  public mutating func add(_ picture: borrowing Picture, _ shown: ShownFrame) throws(ExportError) {
    let begin = start ?? shown.time
    start = begin
    try fill(until: shown.time, from: begin)
    hold(picture)
  }

  public mutating func finish(at end: Int64) throws(ExportError) {
    defer {
      _ = try? FileManager.default.removeItem(at: errors)
      _ = try? FileManager.default.removeItem(atPath: path + ".part")
    }
    try fill(until: end, from: start ?? end)
    if written == 0, hasPicture { try write() }
    try? input.close()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw failure() }
    do {
      _ = try? FileManager.default.removeItem(atPath: path)
      try FileManager.default.moveItem(atPath: path + ".part", toPath: path)
    } catch { throw .system(path: path, reason: error.localizedDescription) }
  }

  /// Writes the pictures for the times before `time`.
  private mutating func fill(until time: Int64, from begin: Int64) throws(ExportError) {
    while hasPicture, Double(written) * interval + 1 < Double(time - begin) { try write() }
  }

  private mutating func write() throws(ExportError) {
    do { try input.write(contentsOf: Data(sequence)) } catch {
      try? input.close()
      process.waitUntilExit()
      throw failure()
    }
    written += 1
  }

  private mutating func hold(_ picture: borrowing Picture) {
    hasPicture = true
    let source = picture.pixels.span
    if picture.width < width || picture.height < height {
      sequence = [UInt8](repeating: 0, count: width * height * 4)
    }
    for y in 0..<picture.height {
      var place = y * width * 4
      for x in 0..<picture.width {
        let pixel = source[y * picture.width + x]
        sequence[place] = UInt8(truncatingIfNeeded: pixel)
        sequence[place + 1] = UInt8(truncatingIfNeeded: pixel >> 8)
        sequence[place + 2] = UInt8(truncatingIfNeeded: pixel >> 16)
        place += 4
      }
    }
  }

  private func failure() -> ExportError {
    let said = (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
    let last =
      said.split(separator: "\n").last.map(String.init) ?? "it ended with \(process.terminationStatus)"
    _ = try? FileManager.default.removeItem(at: errors)
    return .program(name: "ffmpeg", reason: last)
  }

  private static var program: String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
    return folders.map { "\($0)/ffmpeg" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }
}
