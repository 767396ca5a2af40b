import Foundation
import ScrimFormat
import ScrimTestSupport
import Testing

@testable import ScrimStore

@Suite struct RecoveryTests {
  let temporary: TemporaryFolder
  let folder: SessionFolder

  init() throws {
    temporary = try TemporaryFolder()
    folder = SessionFolder(path: temporary.path + "/session")
  }

  /// A session as left by a crash: one segment sealed, one open. Returns the end offsets of the open one's
  /// records.
  private func writeAndCrash() throws -> [Int] {
    var writer = try folder.create(SampleSegments.header)
    try writer.begin(try SampleSegments.segment(0))
    try writer.append(SampleSegments.event)
    try writer.seal()
    let segment = try SampleSegments.segment(1)
    var ends = [segment.size]
    try writer.begin(segment)
    for number in 2..<5 {
      try writer.append(SampleSegments.frame(number))
      let size = writer.openSegment?.size
      ends.append(try #require(size))
    }
    return ends
  }

  private static let part = "session/segments/00000001.scrim.part"
  private static let list = "session/segments.jsonl"

  /// The result of reading before recovery.
  private func checkReading(of open: [UInt8], _ count: Int, _ ends: [Int]) throws {
    let reader = try folder.read()
    let frames = ends.count { $0 <= count }
    #expect(reader.manifest.segments.count == 1 && reader.manifest.state == .open)
    #expect(reader.segmentCount == (frames > 0 ? 2 : 1) && reader.frameCount == 1 + frames)
    guard frames > 0 else { return }
    #expect(
      try reader.segment(1).frames == (1..<(1 + frames)).map { SampleSegments.frame($0, isKey: $0 == 1) })
    #expect(reader.openSegment?.tornBytes == count - ends[frames - 1])
  }

  /// A crash may cut off the last line of the list, or leave the list beside a complete manifest.
  @Test func aListThatIsCutOffOrLate() throws {
    _ = try writeAndCrash()
    let manifest = try temporary.bytes(of: "session/manifest.json")
    let list = try temporary.bytes(of: RecoveryTests.list)
    #expect(list.last == 0x0A && list.count { $0 == 0x0A } == 1)
    for count in [0, 1, list.count / 2, list.count - 1] {
      try temporary.write(Array(list[..<count]), to: RecoveryTests.list)
      #expect(try folder.read().manifest.segments.isEmpty, "\(count) bytes")
    }
    try temporary.write(list.dropLast(2) + [0x20, 0x0A], to: RecoveryTests.list)
    #expect(throws: StoreError.self) { try folder.read() }
    try temporary.write(list, to: RecoveryTests.list)
    let whole = try folder.recover()
    let sealed = try temporary.bytes(of: "session/manifest.json")
    #expect(whole.adoptedSegments == 0)
    #expect(try temporary.files(under: "session")["segments.jsonl"] == nil)
    try temporary.write(list, to: RecoveryTests.list)
    #expect(try folder.read().manifest == whole.manifest)
    #expect(try folder.recover().manifest == whole.manifest)
    #expect(try temporary.bytes(of: "session/manifest.json") == sealed && sealed != manifest)
    #expect(try temporary.files(under: "session")["segments.jsonl"] == nil)
  }

  @Test func everyPrefixOfTheOpenSegment() throws {
    let ends = try writeAndCrash()
    let manifest = try temporary.bytes(of: "session/manifest.json")
    let list = try temporary.bytes(of: RecoveryTests.list)
    let first = try temporary.bytes(of: "session/segments/00000000.scrim")
    let open = try temporary.bytes(of: RecoveryTests.part)
    #expect(open.count == ends.last)
    for count in 0...open.count {
      try temporary.remove("session")
      try temporary.write(manifest, to: "session/manifest.json")
      try temporary.write(list, to: RecoveryTests.list)
      try temporary.write(first, to: "session/segments/00000000.scrim")
      try temporary.write(Array(open[..<count]), to: RecoveryTests.part)
      try checkReading(of: open, count, ends)
      let recovery = try folder.recover()
      let reader = try folder.read()
      #expect(reader.manifest == recovery.manifest)
      #expect(reader.manifest.state == .sealed)
      let frames = ends.count { $0 <= count }
      #expect(reader.manifest.segments.count == (frames > 0 ? 2 : 1))
      #expect(recovery.adoptedSegments == 0)
      if frames > 0 {
        #expect(recovery.recovered?.frames == frames)
        #expect(recovery.tornBytes == count - ends[frames - 1])
        #expect(recovery.setAside == nil)
        let expected = (1..<(1 + frames)).map { SampleSegments.frame($0, isKey: $0 == 1) }
        #expect(try reader.segment(1).frames == expected)
        #expect(try reader.unlistedFiles() == [])
      } else {
        #expect(recovery.recovered == nil)
        #expect(recovery.tornBytes == count)
        #expect(recovery.setAside == "segments/00000001.scrim.damaged")
        #expect(try reader.unlistedFiles() == [])
        #expect(try folder.setAsideFiles() == ["segments/00000001.scrim.damaged"])
      }
      _ = try reader.segment(0)
    }
  }

  @Test func aRecoveredSegmentIsTheSameAsOneThatWasNotCut() throws {
    _ = try writeAndCrash()
    _ = try folder.recover()
    let recovered = try temporary.files(under: "session")
    try temporary.remove("session")
    var writer = try folder.create(SampleSegments.header)
    try writer.begin(try SampleSegments.segment(0))
    try writer.append(SampleSegments.event)
    try writer.seal()
    try writer.begin(try SampleSegments.segment(1))
    for number in 2..<5 { try writer.append(SampleSegments.frame(number)) }
    try writer.finish()
    #expect(try temporary.files(under: "session") == recovered)
  }

  /// The torn end is longer than the seal that replaces it.
  @Test func aLongTornEnd() throws {
    let ends = try writeAndCrash()
    let open = try temporary.bytes(of: RecoveryTests.part)
    try temporary.write(
      open + [2, 0, 0x10, 0x27, 0, 0] + [UInt8](repeating: 9, count: 5000), to: RecoveryTests.part)
    let recovery = try folder.recover()
    #expect(recovery.recovered?.frames == ends.count)
    #expect(recovery.tornBytes == 5006)
    #expect(try folder.read().segment(1).frames.count == ends.count)
  }

  @Test func aSecondRecoveryChangesNothing() throws {
    _ = try writeAndCrash()
    let first = try folder.recover()
    let files = try temporary.files(under: "session")
    let second = try folder.recover()
    #expect(second.manifest == first.manifest)
    #expect(second.recovered == nil)
    #expect(try temporary.files(under: "session") == files)
  }

  /// The crash between renaming a sealed segment and writing its line in the list.
  @Test func aSegmentThatTheManifestMissed() throws {
    _ = try writeAndCrash()
    let manifest = try temporary.bytes(of: "session/manifest.json")
    let whole = try folder.recover()
    try temporary.write(manifest, to: "session/manifest.json")
    let recovery = try folder.recover()
    #expect(recovery.adoptedSegments == 2)
    #expect(recovery.recovered == nil)
    #expect(recovery.manifest == whole.manifest)
  }

  /// The crash between the seal and the rename.
  @Test func aSealedSegmentThatHasNotItsName() throws {
    _ = try writeAndCrash()
    let manifest = try temporary.bytes(of: "session/manifest.json")
    let whole = try folder.recover()
    let files = try temporary.files(under: "session")
    try temporary.write(manifest, to: "session/manifest.json")
    try temporary.rename("session/segments/00000001.scrim", to: RecoveryTests.part)
    let recovery = try folder.recover()
    #expect(recovery.recovered?.frames == 4)
    #expect(recovery.manifest == whole.manifest)
    #expect(try temporary.files(under: "session") == files)
  }

  @Test func aManifestThatIsGone() throws {
    _ = try writeAndCrash()
    let whole = try folder.recover()
    try temporary.remove("session/manifest.json")
    #expect(try folder.recover().manifest == whole.manifest)
    #expect(try folder.read().manifest == whole.manifest)
  }

  @Test func missingSegmentsAreNamed() throws {
    _ = try writeAndCrash()
    let first = try temporary.bytes(of: "session/segments/00000000.scrim")
    try temporary.remove("session/segments/00000000.scrim")
    let recovery = try folder.recover()
    #expect(recovery.missing == [0] && recovery.recovered?.frames == 4 && recovery.manifest.state == .sealed)
    #expect(try folder.read().missingSegments() == [0])
    // One that a spool has delivered is not missing.
    try temporary.write([], to: "session/sent/00000000.scrim")
    #expect(try folder.recover().missing.isEmpty)
    try temporary.remove("session/sent")
    // Without the list, nothing after the gap can be listed.
    try temporary.write(first, to: "session/segments/00000000.scrim")
    try temporary.rename("session/segments/00000001.scrim", to: "session/segments/00000002.scrim.part")
    try temporary.remove("session/manifest.json")
    let rebuilt = try folder.recover()
    #expect(rebuilt.manifest.segments.count == 1 && rebuilt.unlisted == ["segments/00000002.scrim.part"])
  }

  /// A disk may keep the name of a sealed segment and lose its end.
  @Test(arguments: [0, 50]) func aNamedSegmentWithoutItsEnd(zeros: Int) throws {
    let ends = try writeAndCrash()
    let open = try temporary.bytes(of: RecoveryTests.part)
    try temporary.remove(RecoveryTests.part)
    try temporary.write(
      open + [UInt8](repeating: 0, count: zeros), to: "session/segments/00000001.scrim")
    let recovery = try folder.recover()
    #expect(recovery.recovered?.frames == ends.count && recovery.tornBytes == zeros)
    #expect(try folder.read().segment(1).frames.count == ends.count)
    // Other damage is left as it is.
    try temporary.remove("session/manifest.json")
    var whole = try temporary.bytes(of: "session/segments/00000001.scrim")
    whole[whole.count / 2] ^= 1
    try temporary.write(whole, to: "session/segments/00000001.scrim")
    #expect(throws: StoreError.self) { try folder.recover() }
    #expect(try temporary.bytes(of: "session/segments/00000001.scrim") == whole)
  }

  @Test func aLeftoverOfReplacingTheManifest() throws {
    _ = try writeAndCrash()
    try temporary.write([0x7B], to: "session/manifest.json.tmp")
    let recovery = try folder.recover()
    #expect(recovery.manifest.segments.count == 2)
    #expect(try temporary.files(under: "session")["manifest.json.tmp"] == nil)
  }

  @Test func anOpenSegmentOfAnotherSession() throws {
    _ = try writeAndCrash()
    var other = SampleSegments.header
    other.start += 1
    try temporary.write(try SampleSegments.segment(1, header: other).bytes, to: RecoveryTests.part)
    let before = try temporary.files(under: "session")
    #expect(throws: StoreError(temporary.path + "/" + RecoveryTests.part, .otherSession)) {
      try folder.recover()
    }
    #expect(try temporary.files(under: "session") == before)
  }

  @Test func aSealedSegmentOfAnotherPlace() throws {
    _ = try writeAndCrash()
    let first = try temporary.bytes(of: "session/segments/00000000.scrim")
    try temporary.write(first, to: RecoveryTests.part)
    let before = try temporary.files(under: "session")
    let error = #expect(throws: StoreError.self) { try folder.recover() }
    #expect(error?.reason == .disagrees("the seal names another place in the chain"))
    #expect(try temporary.files(under: "session") == before)
  }
}
