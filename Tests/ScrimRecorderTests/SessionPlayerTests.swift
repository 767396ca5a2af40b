import Foundation
import ScrimFormat
import ScrimImage
import ScrimPlayer
import ScrimRedact
import ScrimStore
import ScrimTestSupport
import Testing

@testable import ScrimRecorder

@Suite struct SessionPlayerTests {
  /// A session of three segments, and one of the same shape with other pictures.
  let recorder: RecorderTests

  init() throws {
    recorder = try RecorderTests()
    for (name, seed) in [("s", 11), ("t", 12)] as [(String, UInt64)] {
      var options = RecorderOptions(policy: RecorderTests.shown)
      options.segmenting.segmentDuration = 500_000_000
      try recorder.record(
        RecorderTests.screens(15, seed: seed).enumerated().map {
          .frame(RecorderTests.frame($0.offset, $0.element))
        }, options, to: name)
    }
  }

  private func file(_ index: Int, of name: String = "s") -> String {
    "\(name)/segments/0000000\(index).scrim"
  }

  private func fails() -> Bool { (try? recorder.play("s")) == nil }

  @Test func aSessionThatIsWholePlays() throws { #expect(try recorder.play("s").count == 15) }

  @Test(arguments: [0, 1, 2]) func aSegmentThatIsMissingIsFound(index: Int) throws {
    try recorder.temporary.remove(file(index))
    #expect(fails())
  }

  @Test func segmentsThatAreSwappedAreFound() throws {
    try recorder.temporary.rename(file(1), to: "away")
    try recorder.temporary.rename(file(2), to: file(1))
    try recorder.temporary.rename("away", to: file(2))
    #expect(fails())
  }

  /// Of the same session, policy and place, but not the one that the manifest lists.
  @Test(arguments: [0, 1, 2]) func aSegmentOfAnotherRecordingIsFound(index: Int) throws {
    try recorder.temporary.remove(file(index))
    try recorder.temporary.rename(file(index, of: "t"), to: file(index))
    #expect(fails())
  }

  @Test func framesBeforeTheDamageArePlayed() throws {
    try recorder.temporary.remove(file(2))
    var player = SessionPlayer(try SessionFolder(path: recorder.temporary.path + "/s").read())
    for number in 0..<10 { #expect(try player.next()?.number == number) }
    #expect(throws: PlaybackError.self) { try player.next() }
  }

  /// A small real segment: every flipped byte and every cut is found, or gives exactly the same pictures.
  @Test func damageIsFoundOrHarmless() throws {
    let screens = RecorderTests.screens(5, seed: 13)
    let recording = try recorder.record(
      screens.enumerated().map { .frame(RecorderTests.frame($0.offset, $0.element)) }, to: "small")
    let whole = try #require(recording.files["segments/00000000.scrim"])
    let good = try pictures(of: whole)
    #expect(good == screens)
    var unnoticed: [String] = []
    func tryOut(_ bytes: [UInt8], _ what: @autoclosure () -> String) {
      if let pictures = try? pictures(of: bytes), pictures != good { unnoticed.append(what()) }
    }
    var bytes = whole
    let step = max(1, whole.count / 4000)
    for offset in Swift.stride(from: 0, to: whole.count, by: step) {
      for flip in [0x01, 0x10, 0x80, 0xFF] as [UInt8] {
        bytes[offset] ^= flip
        tryOut(bytes, "byte \(offset) ^ \(flip)")
        bytes[offset] ^= flip
      }
      tryOut(Array(whole[..<offset]), "\(offset) bytes")
      #expect((try? SegmentReader.read(Array(whole[..<offset]))) == nil)
    }
    tryOut(whole + [0], "a byte more")
    #expect(unnoticed.isEmpty)
  }

  private func pictures(of bytes: [UInt8]) throws -> [[Pixel]] {
    let segment = try SegmentReader.read(bytes)
    var decoder = try FrameDecoder(width: segment.header.width, height: segment.header.height)
    return try segment.frames.map { frame in
      try decoder.apply(frame.coded[...], keyframe: frame.isKey)
      return decoder.picture.pixels
    }
  }
}
