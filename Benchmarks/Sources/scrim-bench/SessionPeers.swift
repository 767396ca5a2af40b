import Foundation
import ScrimImage

/// Encodes the same raw sessions with `scrim record` and with other lossless screen codecs: one thread each, a keyframe every
/// 50 frames; x264 is lossy.
enum SessionPeers {
  private static let codecs = [
    ("zmbv", ["-c:v", "zmbv", "-keyint_min", "50"]), ("flashsv", ["-c:v", "flashsv", "-g", "50"]),
    ("qtrle", ["-c:v", "qtrle", "-g", "50"]),
    (
      "libx264rgb veryfast, lossless",
      ["-c:v", "libx264rgb", "-preset", "veryfast", "-qp", "0", "-pix_fmt", "rgb24", "-g", "50"]
    ),
    (
      "libx264 veryfast crf 23, lossy",
      ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p", "-g", "50"]
    ),
  ]

  static func measure(_ session: Session, scrim: String) throws -> [PeerResult] {
    let scratch = try Scratch()
    let raw = try session.path ?? write(session, to: scratch.path("session.raw"))
    let size = "\(session.width)x\(session.height)"
    let output = scratch.path("scrim")
    let own = Peer(
      name: "scrim record",
      commands: [
        [
          scrim, "record", "--raw", raw, "--size", size, "--format", "bgrx", "--fps", "10", "--policy",
          "none",
          "--lossless", "--keyframe-interval", "5", "--quiet", "--out", output,
        ]
      ], output: output)
    var peers: [Peer] = []
    var missing: [String] = []
    if Program.isInstalled("ffmpeg", ["-version"]) {
      let file = scratch.path("peer.mkv")
      for (name, options) in codecs {
        guard Program.isInstalled("ffmpeg", ["-v", "error", "-h", "encoder=\(options[1])"]) else {
          missing.append("ffmpeg's encoder \(options[1])")
          continue
        }
        let input = [
          "-f", "rawvideo", "-pix_fmt", "bgr0", "-s", size, "-r", "10", "-threads", "1", "-i", raw,
        ]
        peers.append(
          Peer(
            name: "ffmpeg \(name)",
            commands: [["ffmpeg", "-v", "error", "-y"] + input + options + ["-threads", "1", file]],
            output: file))
      }
    } else {
      missing.append("ffmpeg")
    }
    if Program.isInstalled("zstd", ["--version"]) {
      let file = scratch.path("peer.zst")
      peers.append(
        Peer(
          name: "zstd -1 --long=27 (no codec)",
          commands: [["zstd", "-q", "-1", "--long=27", "-T1", "--single-thread", "-f", raw, "-o", file]],
          output: file))
    } else {
      missing.append("zstd")
    }
    Peer.say(missing: missing)
    return try Peer.measure("session \(session.name)", scrim: own, peers: peers)
  }

  private static func write(_ session: Session, to path: String) throws -> String {
    try Data().write(to: URL(fileURLWithPath: path))
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    let frame = try session.frames()
    var row = [Pixel](repeating: 0, count: session.width)
    for index in 0..<session.count {
      let frame = try frame(index)
      var bytes = Data(capacity: session.width * session.height * 4)
      for y in 0..<session.height {
        var span = row.mutableSpan
        frame.readRow(y, 0..<session.width, into: &span)
        row.withUnsafeBytes { bytes.append(contentsOf: $0) }
      }
      try file.write(contentsOf: bytes)
    }
    try file.close()
    return path
  }
}
