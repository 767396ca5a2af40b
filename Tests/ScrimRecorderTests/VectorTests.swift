import Foundation
import ScrimFormat
import ScrimImage
import ScrimPlayer
import ScrimRecorder
import ScrimRedact
import ScrimStore
import Testing

/// A session written by version 1, stored in the repository: it must be readable forever.
@Suite struct VectorTests {
  private static let vectors = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Vectors").path

  /// `letter-1` was recorded from samples/letter with samples/policies/support.json; the list contains the
  /// number of each keyframe and of the last frame, which depends on all before, and the SHA-256 of its
  /// pixels as little-endian words. `SCRIM_RENEW_VECTORS=1` rewrites the list.
  @Test(.enabled(if: EntropyCoding.zstd.isBuiltIn, "a build without zstd reads no session that needs it"))
  func picturesOfVersion1AreReadAsTheyWere() throws {
    var player = SessionPlayer(try SessionFolder(path: Self.vectors + "/letter-1").read())
    var lines: [String] = []
    var played = 0
    while let frame = try player.next() {
      played += 1
      guard frame.isKey || played == 60, let picture = player.picture else { continue }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(picture.pixels.count * 4)
      for pixel in picture.pixels {
        for shift in 0..<4 as Range<UInt32> { bytes.append(UInt8(truncatingIfNeeded: pixel >> (8 * shift))) }
      }
      lines.append("\(frame.number) \(SHA256.digest(bytes.span))")
    }
    let list = Self.vectors + "/letter-1.txt"
    let text = lines.joined(separator: "\n") + "\n"
    if ProcessInfo.processInfo.environment["SCRIM_RENEW_VECTORS"] != nil {
      try text.write(toFile: list, atomically: true, encoding: .utf8)
    }
    #expect(try text == String(contentsOfFile: list, encoding: .utf8))
  }
}
