import Foundation
import ScrimTestSupport
import Testing

/// A small tmpfs in a mount namespace of its own.
private enum SmallDisk {
  static let isPossible: Bool =
    ProcessInfo.processInfo.environment["SCRIM_NO_SKIP"] != nil
    || (try? run("mount -t tmpfs tmpfs /mnt"))?.code == 0
  static let isMissing = "this user may not mount a tmpfs (unshare --map-root-user --mount)"

  static func run(_ script: String) throws -> Command.Result {
    try Command.run(
      Command.process(
        ["60", "unshare", "--map-root-user", "--mount", "/bin/bash", "-c", script],
        program: "/usr/bin/timeout"))
  }
}

/// Recordings that fill their disk.
@Suite(.enabled(if: SmallDisk.isPossible, "\(SmallDisk.isMissing)"))
struct FullDiskTests {
  /// The session is whole afterwards, and what is lost is counted: at every size, since the disk may fill
  /// within a record, at a seal or at the manifest.
  @Test(arguments: [1, 2], [28, 100, 104, 108, 112, 120, 124, 128, 132, 136, 140, 144, 148, 300])
  func aSessionThatFillsItsDiskIsSealed(threads: Int, kilobytes: Int) throws {
    let temporary = try TemporaryFolder()
    // Noise, which takes its full size: 40 frames of 12 KB, in segments of one second.
    var random = SeededGenerator(seed: 7)
    try temporary.write(
      (0..<64 * 64 * 3 * 40).map { _ in .random(in: 0...255, using: &random) }, to: "raw")
    let result = try SmallDisk.run(
      """
      mount -t tmpfs -o size=\(kilobytes)k tmpfs /mnt || exit 99
      # A limit on sessions' length makes the recorder keep sessions, as it does for a live screen.
      '\(Command.path)' record \(kilobytes % 8 == 0 ? "--max-session 3600" : "") --raw '\(temporary.path)/raw' --size 64x64 --format rgb24 \
        --fps 10 --policy none --segment-seconds 1 --threads \(threads) --out /mnt/s
      echo "record $?"
      '\(Command.path)' verify --json /mnt/s
      echo "verify $?"
      '\(Command.path)' inspect --json /mnt/s
      """)
    #expect(result.output.contains("record 1"), "\(result.errors)")
    #expect(result.output.contains("verify 0"), "\(result.output)\n\(result.errors)")
    let words = result.errors.split(separator: " ").map(String.init)
    let sealed = words.firstIndex(of: "sealed").flatMap { Int(words[$0 + 2]) }
    let lost = words.firstIndex(where: { $0.hasPrefix("lost") }).flatMap { Int(words[$0 - 2]) }
    let (kept, gone) = (try #require(sealed), try #require(lost))
    #expect(kept > 0 && gone > 0 && kept + gone <= 40)
    // A frame takes 12 KB: all but a few of those that have room are there.
    #expect(kept >= kilobytes / 12 - 4)
    #expect(result.output.contains("\"frames\":\(kept)") || result.output.contains("\"frames\" : \(kept)"))
  }

  /// A stream that ends within a frame, on a disk without room for the last seal: both are reported, and the session
  /// is whole.
  @Test(arguments: [100, 108, 116, 124, 132, 140])
  func aSourceThatFailsOnAFullDiskIsSealed(kilobytes: Int) throws {
    let temporary = try TemporaryFolder()
    var random = SeededGenerator(seed: 8)
    // Frames of 12 KB until the disk is all but full: one that fits, and a torn one.
    let frames = (kilobytes - 16) / 12
    try temporary.write(
      (0..<64 * 64 * 3 * frames + 100).map { _ in .random(in: 0...255, using: &random) }, to: "raw")
    let result = try SmallDisk.run(
      """
      mount -t tmpfs -o size=\(kilobytes)k tmpfs /mnt || exit 99
      '\(Command.path)' record --raw '\(temporary.path)/raw' --size 64x64 --format rgb24 \
        --fps 10 --policy none --segment-seconds 60 --out /mnt/s
      echo "record $?"
      '\(Command.path)' verify --json /mnt/s
      echo "verify $?"
      """)
    #expect(result.output.contains("record 1") && result.output.contains("verify 0"), "\(result)")
    #expect(result.errors.contains("the stream ends within the frame"), "\(result.errors)")
  }

  /// The same for sessions that are sealed to a public key, which are ended without the private one.
  @Test(arguments: [1, 2], [100, 108, 116, 124, 132, 140, 148, 300])
  func aSealedSessionThatFillsItsDiskIsEnded(threads: Int, kilobytes: Int) throws {
    let temporary = try TemporaryFolder()
    var random = SeededGenerator(seed: 7)
    try temporary.write(
      (0..<64 * 64 * 3 * 40).map { _ in .random(in: 0...255, using: &random) }, to: "raw")
    let result = try SmallDisk.run(
      """
      mount -t tmpfs -o size=\(kilobytes)k tmpfs /mnt || exit 99
      cd '\(temporary.path)'
      '\(Command.path)' keygen key --quiet
      '\(Command.path)' record --raw raw --size 64x64 --format rgb24 --fps 10 --policy none --segment-seconds 1 \
        --threads \(threads) --seal-to key.pub --out /mnt/s
      echo "record $?"
      '\(Command.path)' verify /mnt/s
      echo "verify $?"
      '\(Command.path)' verify --json --key key /mnt/s
      echo "opened $?"
      """)
    #expect(result.output.contains("record 1"), "\(result.errors)")
    #expect(result.errors.contains("is ended with"), "\(result.errors)")
    #expect(result.output.contains("verify 0"), "\(result.errors)")
    #expect(result.output.contains("opened 0"), "\(result.errors)")
    let words = result.output.split(whereSeparator: { " ,:\n".contains($0) }).map(String.init)
    let frames = words.firstIndex(of: "\"frames\"").flatMap { Int(words[$0 + 1]) }
    // A frame takes 12 KB: all but a few of those that have room are there.
    #expect((frames ?? 0) >= kilobytes / 12 - 4, "\(result.output)")
  }
}
