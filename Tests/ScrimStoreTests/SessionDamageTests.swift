import Foundation
import ScrimFormat
import ScrimTestSupport
import Testing

@testable import ScrimStore

@Suite struct SessionDamageTests {
  let temporary: TemporaryFolder
  let folder: SessionFolder

  init() throws {
    temporary = try TemporaryFolder()
    folder = SessionFolder(path: temporary.path + "/session")
    var writer = try folder.create(SampleSegments.header)
    for index in 0..<3 {
      try writer.begin(try SampleSegments.segment(index * 2))
      try writer.append(SampleSegments.frame(index * 2 + 1))
      try writer.seal()
    }
    try writer.finish()
  }

  /// The error of reading every segment.
  private func complaint() -> StoreError? {
    do {
      let reader = try folder.read()
      for index in reader.manifest.segments.indices { _ = try reader.segment(index) }
      return nil
    } catch {
      return error
    }
  }

  private func file(_ index: Int) -> String { "session/" + SessionFolder.segmentFile(index) }

  private func editManifest(_ old: String, _ new: String) throws {
    let text = String(decoding: try temporary.bytes(of: "session/manifest.json"), as: UTF8.self)
    #expect(text.contains(old))
    try temporary.write(
      Array(text.replacing(old, with: new, maxReplacements: 1).utf8), to: "session/manifest.json")
  }

  @Test func aWholeSessionIsRead() { #expect(complaint() == nil) }

  @Test func aSegmentIsMissing() throws {
    try temporary.remove(file(1))
    #expect(
      complaint() == StoreError(temporary.path + "/" + file(1), .missing))
  }

  @Test func everyByteOfASegmentCounts() throws {
    let bytes = try temporary.bytes(of: file(1))
    for offset in bytes.indices {
      var damaged = bytes
      damaged[offset] ^= 0x10
      try temporary.write(damaged, to: file(1))
      #expect(complaint() != nil, "byte \(offset)")
    }
  }

  @Test func twoSegmentsAreExchanged() throws {
    try temporary.rename(file(1), to: "session/x")
    try temporary.rename(file(2), to: file(1))
    try temporary.rename("session/x", to: file(2))
    #expect(complaint()?.reason == .disagrees("the seal says index 2"))
  }

  /// A segment that is valid in itself, at the right place of the right session, but not the original one.
  @Test func aSegmentIsReplaced() throws {
    let manifest = try folder.read().manifest
    let forged = try SampleSegments.segment(2).seal(index: 1, previous: manifest.segments[0].digest)
    try temporary.write(forged.bytes, to: file(1))
    #expect(complaint()?.reason == .disagrees("the manifest lists another SHA-256"))
    // Even if the manifest is changed to match, the chain isn't.
    try editManifest(manifest.segments[1].digest.description, forged.digest.description)
    try editManifest("\"bytes\" : \(manifest.segments[1].bytes)", "\"bytes\" : \(forged.size)")
    #expect(complaint() != nil)
    let reader = try folder.read()
    let error = #expect(throws: StoreError.self) { try reader.segment(2) }
    #expect(
      error?.reason == .disagrees("the chain is broken: the seal names another segment before it"))
  }

  @Test func theManifestsFiguresAreHeldAgainstTheFiles() throws {
    for (old, new) in [
      ("\"frames\" : 2", "\"frames\" : 3"), ("\"events\" : 0", "\"events\" : 1"),
      ("\"first_t_ms\" : 549.1", "\"first_t_ms\" : 549"),
      ("\"last_t_ms\" : 649.1", "\"last_t_ms\" : 649.100001"),
    ] {
      try editManifest(old, new)
      #expect(complaint()?.reason == .disagrees("the manifest lists other figures for this segment"))
      try editManifest(new, old)
      #expect(complaint() == nil)
    }
    try editManifest(SampleSegments.header.session.description, "ffffffff-0405-0607-0809-0a0b0c0d0e0f")
    #expect(complaint()?.reason == .otherSession)
  }

  @Test(arguments: [
    ("{", "["), ("scrim-session/1", "scrim-session/2"), ("\"index\" : 1", "\"index\" : 2"),
    ("segments/00000001.scrim", "../../etc/passwd"), ("segments/00000001.scrim", "segments/1.scrim"),
    ("\"state\" : \"sealed\"", "\"state\" : \"done\""), ("\"frames\" : 2", "\"frames\" : \"2\""),
    ("\"first_t_ms\" : 549.1", "\"first_t_ms\" : 549.1000001"),
    ("\"first_t_ms\" : 549.1", "\"first_t_ms\" : 1e99"),
    ("\"first_t_ms\" : 549.1", "\"first_t_ms\" : 650"), ("\"width\" : 64", "\"wide\" : 64"),
    ("\"bytes\" : ", "\"bytes\" : 99999999999999999999"), ("2023-11-14T", "2023-11-34T"),
    ("\"policy_sha256\" : \"cd", "\"policy_sha256\" : \"CD"), ("00010203-", "0001020-"),
    ("\"sha256\" : \"", "\"sha256\" : \"0"),
  ])
  func badManifests(old: String, new: String) throws {
    try editManifest(old, new)
    let error = #expect(throws: StoreError.self) { try folder.read() }
    guard case .badManifest(let what)? = error?.reason else {
      Issue.record("another error: \(String(describing: error))")
      return
    }
    #expect(!what.isEmpty)
    #expect(error?.path == folder.path + "/manifest.json")
    #expect(error?.fault == .input)
  }

  @Test func everyTruncationOfTheManifestIsFound() throws {
    let bytes = try temporary.bytes(of: "session/manifest.json")
    for count in 0..<(bytes.count - 2) {
      #expect(throws: StoreError.self) {
        try SessionManifest(json: Array(bytes[..<count]), path: "manifest.json")
      }
    }
  }

  @Test func unknownKeysArePassedOver() throws {
    try editManifest("\"format\"", "\"later\" : {\"a\" : [1]}, \"format\"")
    #expect(complaint() == nil)
  }
}
