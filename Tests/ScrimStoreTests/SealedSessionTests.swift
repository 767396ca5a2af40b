import Foundation
import Glibc
import ScrimFormat
import ScrimTestSupport
import Testing

@testable import ScrimStore

@Suite struct SealedSessionTests {
  let temporary: TemporaryFolder
  let key: PrivateKey
  /// Without the key, as it is given to `verify` and `upload`.
  let folder: SessionFolder
  /// With the key.
  let opened: SessionFolder

  init() throws {
    temporary = try TemporaryFolder()
    key = try PrivateKey()
    folder = SessionFolder(path: temporary.path + "/session", sealTo: key.publicKey)
    opened = SessionFolder(path: folder.path, key: key)
  }

  private static let part = "session/segments/00000002.scrim.part"
  private static func segment(_ index: Int) -> String { "session/segments/0000000\(index).scrim" }

  /// Frames and an event with bytes that can be found again in any file.
  private static func frame(_ number: Int, isKey: Bool = false) -> FrameRecord {
    FrameRecord(
      time: Int64(number) * 100_000_000, number: number, isKey: isKey,
      coded: Array("frame \(number) ".utf8) + (0..<40).map { UInt8(($0 * 7 + number) & 255) })
  }
  private static let event = EventRecord(time: 540_000_000, json: Array(#"{"type":"SECRETEVENT"}"#.utf8))

  private func begin(_ writer: inout SessionWriter, _ first: Int) throws {
    var segment = try SegmentWriter(header: writerHeader)
    try segment.append(SealedSessionTests.frame(first, isKey: true))
    try writer.begin(segment)
  }

  private var writerHeader: SegmentHeader { SampleSegments.header }

  private func plainPieces() -> [[UInt8]] {
    [
      Array("frame ".utf8), Array("SECRETEVENT".utf8), Array(writerHeader.producer.utf8),
      writerHeader.policy.bytes,
    ]
  }

  /// Names of files in which bytes of a record can be seen.
  private func leaks() throws -> [String] {
    let pieces = plainPieces().map { Data($0) }
    return try temporary.files(under: "session").filter { _, bytes in
      let data = Data(bytes)
      return pieces.contains { data.range(of: $0) != nil }
    }.keys.sorted()
  }

  /// Two sealed segments of three frames and an event each, and a third one that is still open.
  ///
  /// - Returns: the sizes of the open file after each message.
  @discardableResult
  private func write(in folder: SessionFolder, checks: Bool = false) throws -> [Int] {
    var writer = try folder.create(writerHeader)
    var ends: [Int] = []
    for segment in 0..<3 {
      ends = []
      func note() throws {
        if checks { #expect(try leaks().isEmpty) }
        ends.append(try temporary.bytes(of: "session/segments/0000000\(segment).scrim.part").count)
      }
      try begin(&writer, segment * 10)
      try note()
      try writer.append(SealedSessionTests.event)
      try note()
      for number in 1..<3 {
        try writer.append(SealedSessionTests.frame(segment * 10 + number))
        try note()
      }
      if segment < 2 { try writer.seal() }
      if checks { #expect(try leaks().isEmpty) }
    }
    return ends
  }

  private func finish(in folder: SessionFolder, about: SessionAbout = SessionAbout()) throws {
    var writer = try folder.create(writerHeader)
    for segment in 0..<3 {
      try begin(&writer, segment * 10)
      try writer.append(SealedSessionTests.event)
      for number in 1..<3 { try writer.append(SealedSessionTests.frame(segment * 10 + number)) }
      if segment < 2 { try writer.seal() }
    }
    writer.describe(about)
    try writer.finish()
  }

  @Test func noByteOfARecordReachesTheDisk() throws {
    try write(in: folder, checks: true)
    #expect(try leaks().isEmpty)
    // The check itself finds them where nothing is sealed.
    try temporary.remove("session")
    try write(in: SessionFolder(path: folder.path))
    #expect(try leaks() == (0..<2).map { "segments/0000000\($0).scrim" } + ["segments/00000002.scrim.part"])
  }

  @Test func aSealedSessionReadsAsAnyOther() throws {
    var about = SessionAbout()
    about.kind = .buffer
    about.ended = .idle
    about.note(error: "E-1", trace: nil)
    try finish(in: folder, about: about)
    #expect(try leaks().isEmpty)
    let text = String(decoding: try temporary.bytes(of: "session/manifest.json"), as: UTF8.self)
    for word in ["width", "frames", "events", "_t_ms", "producer", "policy", "E-1", "idle", "buffer"] {
      #expect(!text.contains(word), "\(word)")
    }
    let reader = try opened.read()
    try temporary.rename("session", to: "sealed")
    try finish(in: SessionFolder(path: folder.path), about: about)
    let plain = try SessionFolder(path: folder.path).read()
    try temporary.remove("session")
    try temporary.rename("sealed", to: "session")
    // All but the envelope.
    var same = reader.manifest
    same.envelope = nil
    #expect(same == plain.manifest && reader.manifest.about == about)
    #expect(reader.frameCount == 9 && reader.segmentCount == 3)
    for index in 0..<3 {
      #expect(
        try reader.segment(index).frames.map(\.number) == (0..<3).map { index * 10 + $0 })
      // A file that everybody can read, whose chain is its own.
      let file = try SealedFile(reader.file(index))
      #expect(file.entry == plain.manifest.segments[index])
    }
    // Backwards too: the key of an earlier segment is derived anew.
    #expect(try reader.segment(0).frames.count == 3)
  }

  @Test func withoutTheKeyNothingIsReadAndTheOrderIsVerified() throws {
    try finish(in: folder)
    let closed = SessionFolder(path: folder.path)
    let error = #expect(throws: StoreError.self) { try closed.read() }
    #expect(error?.reason == .needsKey(key.publicKey.id))
    #expect(error.map { "\($0)".contains("--key") } == true)
    let check = try #require(try closed.checkSealed())
    #expect(
      check.segments == 3 && check.messages == 15 && !check.isCut && !check.isOpen && check.hasDescription)
    #expect(check.unlisted.isEmpty && check.key == key.publicKey.id)
    let other = SessionFolder(path: folder.path, key: try PrivateKey())
    let wrong = #expect(throws: StoreError.self) { try other.read() }
    guard case .wrongKey = wrong?.reason else {
      Issue.record("\(wrong.map { "\($0)" } ?? "opened")")
      return
    }
    // A recorder that seals nothing leaves such a check out.
    try temporary.remove("session")
    try finish(in: closed)
    #expect(try closed.checkSealed() == nil)
  }

  /// Version 129 of the envelope, whose ending is zero, and the newest.
  @Test(arguments: ["sealed", "sealed-130"]) func theVectorsOpen(name: String) throws {
    let vectors = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "Vectors"
    ).path
    let key = try PrivateKey.read(vectors + "/sealed.key")
    #expect(try PublicKey.read(vectors + "/sealed.key.pub") == key.publicKey)
    let reader = try SessionFolder(path: vectors + "/" + name, key: key).read()
    let plain = try SessionFolder(path: vectors + "/plain").read()
    var same = reader.manifest
    same.envelope = nil
    #expect(same == plain.manifest)
    for index in 0..<2 {
      #expect(try reader.segment(index).frames == plain.segment(index).frames)
      #expect(try reader.file(index) == plain.file(index))
    }
    let check = try #require(try SessionFolder(path: vectors + "/" + name).checkSealed())
    #expect(check.segments == 2 && !check.isCut && check.damaged.isEmpty && check.hasDescription)
  }

  @Test func everyCutOfTheOpenSegmentIsRecovered() throws {
    let ends = try write(in: folder)
    let whole = try temporary.bytes(of: SealedSessionTests.part)
    #expect(ends.last == whole.count)
    let before = try temporary.files(under: "session")
    for count in 0...whole.count {
      try temporary.remove("session")
      for (name, bytes) in before { try temporary.write(bytes, to: "session/" + name) }
      try temporary.write(Array(whole.prefix(count)), to: SealedSessionTests.part)
      let messages = ends.count { $0 <= count }
      // Every other time with the key.
      let isOpened = count % 2 == 0
      if messages > 0 {
        let live = try opened.read()
        #expect(live.openSegment?.segment.frames.count == [1, 1, 2, 3][messages - 1], "\(count) bytes")
      }
      let recovery = try (isOpened ? opened : SessionFolder(path: folder.path)).recover()
      #expect(
        recovery.manifest.state == .sealed && recovery.manifest.segments.count == (messages > 0 ? 3 : 2))
      #expect(recovery.recoveredMessages == (messages > 0 ? messages : nil), "\(count) bytes")
      #expect((recovery.setAside == nil) == (messages > 0))
      let reader = try opened.read()
      #expect(reader.frameCount == 6 + (messages == 0 ? 0 : [1, 1, 2, 3][messages - 1]), "\(count) bytes")
      guard count % 16 == 0 else { continue }
      let check = try #require(try folder.checkSealed())
      #expect(check.isCut == (messages > 0) && !check.hasDescription)
      #expect(try leaks().isEmpty)
    }
  }

  /// A file that was extended, but not written, before a power loss ends with zeros, which look like an ending.
  @Test(arguments: [false, true], [1, 3, 4, 5, 8, 64, 4096])
  func zerosAtTheEndAreCut(isOpened: Bool, zeros: Int) throws {
    try write(in: folder)
    let whole = try temporary.bytes(of: SealedSessionTests.part)
    try temporary.write(whole + [UInt8](repeating: 0, count: zeros), to: SealedSessionTests.part)
    let recovery = try (isOpened ? opened : SessionFolder(path: folder.path)).recover()
    #expect(recovery.recoveredMessages == 4 && recovery.tornBytes == zeros)
    #expect(try opened.read().frameCount == 9)
    #expect(try folder.checkSealed()?.isCut == true)
  }

  /// In a `.part` of version 129 zeros may be the ending or not. Only the key shows which; both ways nothing is lost.
  @Test(arguments: [false, true], [false, true])
  func anOlderPartIsRecovered(isOpened: Bool, isEnded: Bool) throws {
    let vectors = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Vectors"
    let older = SessionFolder(path: vectors + "/sealed", key: try PrivateKey.read(vectors + "/sealed.key"))
    var manifest = try #require(try older.sealedManifest())
    for index in 0..<2 {
      let bytes = try Disk.read(older.segmentPath(index), upTo: SealedFile.limit)
      try temporary.write(bytes, to: SealedSessionTests.segment(index))
    }
    let bytes = try temporary.bytes(of: SealedSessionTests.segment(1))
    let envelope = try Envelope(scanning: bytes)
    #expect(envelope.header.version == 129 && bytes.suffix(4) == [0, 0, 0, 0])
    let count = envelope.messages.count - (isEnded ? 0 : 1)
    try temporary.remove(SealedSessionTests.segment(1))
    try temporary.write(
      bytes.prefix(envelope.messages[count - 1].upperBound) + [0, 0, 0, 0],
      to: SealedSessionTests.segment(1) + ".part")
    manifest.segments.removeLast()
    manifest.envelope?.about = []
    manifest.state = .open
    try temporary.write(manifest.json, to: "session/manifest.json")
    let keyed = SessionFolder(path: folder.path, key: older.key)
    let recovery = try (isOpened ? keyed : SessionFolder(path: folder.path)).recover()
    #expect(recovery.recoveredMessages == count && recovery.lostMessages == 0)
    #expect(try folder.checkSealed()?.isCut == !(isOpened && isEnded))
    #expect(try keyed.read().segment(1).frames == older.read().segment(1).frames)
  }

  /// A disk may keep the name of an ended segment and lose its end.
  @Test(arguments: [false, true], [0, 4, 100])
  func aNamedSegmentWithoutItsEndIsCut(isOpened: Bool, zeros: Int) throws {
    try write(in: folder)
    let whole = try temporary.bytes(of: SealedSessionTests.part)
    try temporary.remove(SealedSessionTests.part)
    try temporary.write(whole + [UInt8](repeating: 0, count: zeros), to: SealedSessionTests.segment(2))
    let recovery = try (isOpened ? opened : SessionFolder(path: folder.path)).recover()
    #expect(recovery.recoveredMessages == 4 && recovery.tornBytes == zeros)
    #expect(recovery.adoptedSegments == 0 && recovery.manifest.segments.count == 3)
    #expect(try opened.read().frameCount == 9)
  }

  /// What is missing is named, and the rest is recovered.
  @Test(arguments: [false, true]) func missingSegmentsAreNamed(isOpened: Bool) throws {
    try write(in: folder)
    let first = try temporary.bytes(of: SealedSessionTests.segment(0))
    try temporary.remove(SealedSessionTests.segment(0))
    let reader = isOpened ? opened : SessionFolder(path: folder.path)
    let recovery = try reader.recover()
    #expect(recovery.missing == [0] && recovery.recoveredMessages == 4 && recovery.manifest.state == .sealed)
    let check = try #require(try folder.checkSealed())
    #expect(check.missing == [0] && check.damaged.isEmpty && check.segments == 2 && check.listed == 3)
    let found = try opened.readWhatIsThere()
    #expect(found.damaged.map(\.index) == [0] && found.frameCount == 6 && found.manifest.width == 64)
    #expect(throws: StoreError(folder.path + "/segments/00000000.scrim", .missing)) { try opened.read() }
    try temporary.write(first, to: SealedSessionTests.segment(0))
    #expect(try reader.recover().missing.isEmpty)
    #expect(try opened.read().frameCount == 9)
  }

  /// Each message in turn: without the key the segment is ended after all of them, with it before the one that is garbled.
  @Test(arguments: 0..<4, [false, true]) func aGarbledMessageIsCut(message: Int, isEndedBefore: Bool) throws {
    try write(in: folder)
    var bytes = try temporary.bytes(of: SealedSessionTests.part)
    bytes[try Envelope(scanning: bytes).messages[message].lowerBound + 3] ^= 0x40
    try temporary.write(bytes, to: SealedSessionTests.part)
    if isEndedBefore {
      let blind = try SessionFolder(path: folder.path).recover()
      #expect(blind.recoveredMessages == 4 && blind.lostMessages == 0)
      let found = try opened.readWhatIsThere()
      #expect(found.damaged.map(\.index) == [2])
      guard case .garbled = found.damaged.first?.error.reason else {
        Issue.record("\(found.damaged)")
        return
      }
    }
    let recovery = try opened.recover()
    #expect(recovery.lostMessages == 4 - message)
    #expect(recovery.recoveredMessages == (message == 0 ? nil : message))
    #expect((recovery.setAside != nil) == (message == 0))
    let frames = 6 + [0, 1, 1, 2][message]
    #expect(try opened.read().frameCount == frames)
    let files = try temporary.files(under: "session")
    #expect(try opened.recover().lostMessages == 0)
    #expect(try temporary.files(under: "session") == files)
  }

  /// The description says how many segments there were: nothing is added to them.
  @Test func aSessionThatHasEndedTakesNoSegment() throws {
    try finish(in: folder)
    let manifest = try temporary.bytes(of: "session/manifest.json")
    var header = try Envelope(scanning: temporary.bytes(of: SealedSessionTests.segment(2))).header
    let last = try temporary.bytes(of: SealedSessionTests.segment(2))
    header.index = 3
    header.previous = SHA256.digest(last.span)
    for more in ["", ".part"] {
      try temporary.write(
        header.bytes + last.dropFirst(header.bytes.count), to: SealedSessionTests.segment(3) + more)
      for folder in [SessionFolder(path: folder.path), opened] {
        #expect(try folder.recover().unlisted == ["segments/00000003.scrim" + more])
      }
      #expect(try temporary.bytes(of: "session/manifest.json") == manifest)
      #expect(try opened.read().frameCount == 9)
      try temporary.remove(SealedSessionTests.segment(3) + more)
    }
  }

  @Test func aLostManifestIsRebuiltWithoutTheKey() throws {
    try write(in: folder)
    try temporary.remove("session/manifest.json")
    try temporary.remove("session/segments.jsonl")
    let recovery = try SessionFolder(path: folder.path).recover()
    #expect(recovery.adoptedSegments == 2 && recovery.recoveredMessages == 4)
    #expect(try opened.read().frameCount == 9)
  }

  /// As an attacker without the key leaves a session, with a list that fits.
  private func forgeList(_ change: (inout SessionManifest) -> Void = { _ in }) throws {
    let path = folder.path + "/manifest.json"
    var manifest = try SessionManifest(json: try temporary.bytes(of: "session/manifest.json"), path: path)
    let count = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/segments").count
    manifest.segments = try (0..<count).map { index in
      let bytes = try temporary.bytes(of: SealedSessionTests.segment(index))
      return SessionManifest.Segment(envelope: bytes.count, digest: SHA256.digest(bytes.span))
    }
    change(&manifest)
    try temporary.write(manifest.json, to: "session/manifest.json")
  }

  private func expectFound(_ what: String, withoutKey: Bool = true, withKey: Bool = true) {
    if withoutKey {
      do {
        let check = try SessionFolder(path: folder.path).checkSealed()
        #expect(
          check?.missing.isEmpty == false || check?.damaged.isEmpty == false, "\(what), without the key")
      } catch {}
    }
    if withKey { #expect(throws: StoreError.self, "\(what), with the key") { try opened.read() } }
  }

  @Test func whatWasDoneToSegmentsIsFound() throws {
    try finish(in: folder)
    let intact = try temporary.files(under: "session")
    func restore() throws {
      try temporary.remove("session")
      for (name, bytes) in intact { try temporary.write(bytes, to: "session/" + name) }
    }
    var bytes = try temporary.bytes(of: SealedSessionTests.segment(1))
    bytes[bytes.count - 30] ^= 1
    try temporary.write(bytes, to: SealedSessionTests.segment(1))
    expectFound("a changed byte")
    // The list is made to fit: then the next envelope, whose header a forger can change as well, has another chain.
    try forgeList()
    expectFound("a changed byte and digest")
    try restore()

    try temporary.rename(SealedSessionTests.segment(1), to: "one")
    try temporary.rename(SealedSessionTests.segment(2), to: SealedSessionTests.segment(1))
    try temporary.rename("one", to: SealedSessionTests.segment(2))
    expectFound("swapped segments")
    try forgeList()
    expectFound("swapped segments and digests")
    try restore()

    try temporary.remove(SealedSessionTests.segment(1))
    expectFound("a missing segment")
    try temporary.rename(SealedSessionTests.segment(2), to: SealedSessionTests.segment(1))
    try forgeList()
    expectFound("a segment that was left out")
    try restore()

    try temporary.remove(SealedSessionTests.segment(2))
    try forgeList()
    expectFound("the last segment left out", withoutKey: false)
    try restore()

    let whole = try temporary.bytes(of: SealedSessionTests.segment(2))
    try temporary.write(Array(whole.dropLast(40)), to: SealedSessionTests.segment(2))
    expectFound("a segment that was cut")
    let envelope = try Envelope(scanning: whole)
    let cut = Array(whole.prefix(envelope.messages[1].upperBound)) + Envelope.Ending.cut.bytes
    try temporary.write(cut, to: SealedSessionTests.segment(2))
    try forgeList()
    expectFound("a segment that was cut and ended", withoutKey: false)
    let early = Array(whole.prefix(envelope.messages[1].upperBound)) + Envelope.Ending.complete.bytes
    try temporary.write(early, to: SealedSessionTests.segment(2))
    try forgeList { $0.envelope?.about = [] }
    expectFound("a segment that was cut and called complete", withoutKey: false)
    try restore()

    let first = try temporary.bytes(of: SealedSessionTests.segment(0))
    let opening = try Envelope(scanning: first)
    try temporary.write(
      Array(first.prefix(opening.messages[1].upperBound)) + Envelope.Ending.cut.bytes,
      to: SealedSessionTests.segment(0))
    try forgeList()
    expectFound("a first segment that was cut")
    try restore()
    #expect(try opened.read().frameCount == 9)
  }

  /// With all headers, chains and lists rewritten, as who knows only the public key can.
  @Test func aSegmentOfAnotherSessionIsRefused() throws {
    let other = SessionFolder(path: temporary.path + "/other", sealTo: key.publicKey)
    try finish(in: other)
    try finish(in: folder)
    let foreign = try temporary.bytes(of: "other/segments/00000002.scrim")
    let own = try Envelope(scanning: try temporary.bytes(of: SealedSessionTests.segment(2))).header
    var header = try Envelope(scanning: foreign).header
    try temporary.write(foreign, to: SealedSessionTests.segment(2))
    try forgeList()
    expectFound("a replayed segment")
    header.secret = own.secret
    header.previous = own.previous
    try temporary.write(
      header.bytes + foreign.dropFirst(header.bytes.count), to: SealedSessionTests.segment(2))
    try forgeList { $0.envelope?.about = [] }
    expectFound("a replayed segment with a forged header", withoutKey: false)
    // One that is not sealed at all.
    var plain = try SegmentWriter(header: writerHeader)
    try plain.append(SealedSessionTests.frame(20, isKey: true))
    try temporary.write(
      try plain.seal(index: 2, previous: own.previous).bytes, to: SealedSessionTests.segment(2))
    try forgeList { $0.envelope?.about = [] }
    expectFound("a segment that is not sealed")
    // The description of another session.
    let manifest = try SessionManifest(json: temporary.bytes(of: "other/manifest.json"), path: "other")
    try temporary.remove("session")
    try finish(in: folder)
    try forgeList { $0.envelope?.about = manifest.envelope?.about ?? [] }
    expectFound("the description of another session", withoutKey: false)
  }

  @Test func keyFilesAreNeverOverwritten() throws {
    let path = temporary.path + "/keys"
    let key = try KeyFiles.make(path)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(try PublicKey.read(path + ".pub") == key && PublicKey.read("\(key)") == key)
    #expect(try PrivateKey.read(path).publicKey == key)
    let bytes = try temporary.bytes(of: "keys")
    #expect(throws: StoreError.self) { try KeyFiles.make(path) }
    #expect(try temporary.bytes(of: "keys") == bytes)
    try temporary.remove("keys")
    #expect(throws: StoreError.self) { try KeyFiles.make(path) }
    #expect(try PublicKey.read(path + ".pub") == key)
    #expect(throws: StoreError.self) { try PrivateKey.read(path + ".pub") }
    #expect(throws: StoreError(temporary.path + "/none", .noKeyFile)) {
      try PublicKey.read(temporary.path + "/none")
    }
  }

  /// Opening a FIFO waits for its writer, and a device may have no end.
  @Test(.timeLimit(.minutes(1))) func aFIFOIsRefusedAtOnce() throws {
    try write(in: folder)
    let fifo = temporary.path + "/fifo"
    // The string lives until the call returns.
    #expect(unsafe mkfifo(fifo, 0o600) == 0)
    for path in [fifo, "/dev/zero", "/dev/null", temporary.path] {
      #expect(throws: StoreError(path, .sealing(.notAPrivateKey))) { try PrivateKey.read(path) }
      #expect(throws: StoreError(path, .sealing(.notAPublicKey))) { try PublicKey.read(path) }
    }
    for name in ["manifest.json", "segments.jsonl", "segments/00000001.scrim"] {
      let whole = try temporary.bytes(of: "session/" + name)
      try temporary.remove("session/" + name)
      #expect(unsafe mkfifo(folder.path + "/" + name, 0o600) == 0)
      #expect(throws: StoreError(folder.path + "/" + name, .notAFile)) { try opened.read() }
      try temporary.remove("session/" + name)
      try temporary.write(whole, to: "session/" + name)
    }
    #expect(try opened.read().frameCount == 9)
  }

  /// The command's exit codes follow from these (README).
  @Test(arguments: [
    (StoreError.Reason.otherSession, StoreError.Fault.input), (.missing, .input), (.notAFile, .input),
    (.inUse, .system), (.noRuntimeFolder, .system), (.notInMemory, .system), (.noKeyFile, .caller),
    (.keyExists, .caller),
  ])
  func whoMustActIsKnown(_ reason: StoreError.Reason, _ fault: StoreError.Fault) {
    #expect(StoreError("p", reason).fault == fault)
  }

  @Test func aSealedFileNamesItsPlaceOnly() throws {
    try finish(in: folder)
    let file = try SealedFile(temporary.bytes(of: SealedSessionTests.segment(1)))
    #expect(file.key == key.publicKey.id && file.index == 1 && file.session == writerHeader.session)
    #expect(file.header.start == writerHeader.start && file.header.width == 0 && file.events.isEmpty)
    #expect(file.seal.previous == (try SealedFile(temporary.bytes(of: SealedSessionTests.segment(0)))).digest)
    #expect(throws: FormatError.self) { try SealedFile(Array(file.bytes.dropLast())) }
  }
}
