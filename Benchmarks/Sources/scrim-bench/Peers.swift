import Foundation

/// The same raw sessions through ffmpeg's screen codecs, one thread, a keyframe every 50 frames.
enum Peers {
  private static let codecs = [
    ["-c:v", "zmbv", "-keyint_min", "50"],
    ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p", "-g", "50"],
  ]

  static func run(corpus: String?) throws {
    guard let corpus else { throw BenchError(message: "--peers needs --corpus: it runs on raw sessions") }
    for name in try FileManager.default.contentsOfDirectory(atPath: corpus).sorted()
    where name.hasSuffix(".raw") {
      for codec in codecs {
        let out = NSTemporaryDirectory() + "scrim-bench-peer.avi"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
          [
            "ffmpeg", "-v", "error", "-benchmark", "-y", "-f", "rawvideo", "-pix_fmt", "bgr0", "-s",
            "1920x1080", "-r", "10",
            "-threads", "1", "-i", "\(corpus)/\(name)",
          ] + codec + ["-threads", "1", out]
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let size = (try? FileManager.default.attributesOfItem(atPath: out)[.size] as? Int) ?? nil
        let cpu =
          said.split(separator: " ").first { $0.hasPrefix("utime=") || $0.contains("utime=") } ?? "no figure"
        print("\(name) \(codec[1]): \(size.map(String.init) ?? "no") bytes, \(cpu)")
        try? FileManager.default.removeItem(atPath: out)
      }
    }
  }
}
