import Foundation
import ScrimFormat
import ScrimStore
import ScrimTestSupport
import Synchronization
import Testing

@testable import ScrimDelivery

/// A destination in memory with answers chosen by a test.
private final class FakeDestination: Destination {
  struct State {
    var segments: [SpooledSegment: [UInt8]] = [:]
    var puts: [SpooledSegment: Int] = [:]
    var manifests: [SessionID: [UInt8]] = [:]
    var manifestPuts = 0
    var calls = 0
    var atOnce = 0
    var mostAtOnce = 0
  }

  let address = "fake://"
  let state = Mutex(State())
  /// Returns an answer instead of accepting the segment; nil accepts it. Gets the number of the call.
  let trouble: @Sendable (_ segment: SpooledSegment, _ call: Int) -> DeliveryAnswer?

  init(_ trouble: @escaping @Sendable (SpooledSegment, Int) -> DeliveryAnswer? = { _, _ in nil }) {
    self.trouble = trouble
  }

  func put(_ segment: SealedFile) -> DeliveryAnswer {
    let name = SpooledSegment(session: segment.session, index: segment.index)
    let call = state.withLock { state in
      state.calls += 1
      state.atOnce += 1
      state.mostAtOnce = max(state.mostAtOnce, state.atOnce)
      return state.calls
    }
    defer { state.withLock { $0.atOnce -= 1 } }
    usleep(1000)
    if let answer = trouble(name, call) { return answer }
    state.withLock { state in
      state.segments[name] = segment.bytes
      state.puts[name, default: 0] += 1
    }
    return .delivered
  }

  func put(manifest bytes: [UInt8], _ manifest: SessionManifest) -> DeliveryAnswer {
    state.withLock { state in
      state.manifests[manifest.session] = bytes
      state.manifestPuts += 1
    }
    return .delivered
  }

  func cancel() {}
}

@Suite struct UploaderTests {
  let temporary: TemporaryFolder
  let spool: SegmentSpool

  init() throws {
    temporary = try TemporaryFolder()
    spool = SegmentSpool(path: temporary.path + "/spool")
    try spool.prepare(for: "fake://")
  }

  static func options() -> UploaderOptions {
    var options = UploaderOptions()
    options.policy.base = 1_000_000
    options.policy.cap = 20_000_000
    return options
  }

  private func session(_ number: UInt8) -> SessionID { SessionID([UInt8](repeating: number, count: 16)) }

  /// Writes a session with that many segments; returns their bytes.
  @discardableResult
  private func write(_ number: UInt8, segments: Int, isSealed: Bool = true) throws -> [SpooledSegment:
    [UInt8]]
  {
    var header = SampleSegments.header
    header.session = session(number)
    var writer = try spool.folder(of: header.session).create(header)
    for index in 0..<segments {
      try writer.begin(try SampleSegments.segment(index, header: header))
      try writer.seal()
    }
    if isSealed { try writer.finish() }
    var bytes: [SpooledSegment: [UInt8]] = [:]
    for index in 0..<segments {
      bytes[SpooledSegment(session: header.session, index: index)] = try temporary.bytes(
        of: "spool/\(header.session)/" + SessionFolder.segmentFile(index))
    }
    return bytes
  }

  private var spoolFiles: [String] {
    get throws { try temporary.files(under: "spool").keys.sorted() }
  }

  @Test func everythingArrivesOnceAndTheSpoolIsEmpty() throws {
    let written = try write(1, segments: 9).merging(write(2, segments: 3)) { first, _ in first }
    let destination = FakeDestination()
    let summary = try Uploader(to: destination, UploaderTests.options()).run(spool)
    #expect(summary.delivered == 12)
    #expect(summary.deliveredBytes == written.values.reduce(0) { $0 + $1.count })
    destination.state.withLock { state in
      #expect(state.segments == written)
      #expect(state.puts.values.allSatisfy { $0 == 1 })
      #expect(state.manifests.count == 2)
      #expect((1...4).contains(state.mostAtOnce))
    }
    #expect(try spoolFiles == ["destination.json"])
  }

  /// A power cut can leave a sealed segment whose line in the list was not written yet.
  @Test func aSegmentThatIsNotListedIsListedAtOnce() throws {
    let written = try write(1, segments: 2, isSealed: false)
    try temporary.write([], to: "spool/\(session(1))/segments.jsonl")
    let destination = FakeDestination()
    let start = ContinuousClock.now
    let summary = try Uploader(to: destination, UploaderTests.options()).run(spool)
    #expect(ContinuousClock.now - start < .seconds(30), "the next look at the spool is after a minute")
    #expect(summary.delivered == 2)
    #expect(destination.state.withLock { $0.segments } == written)
    #expect(try spoolFiles == ["destination.json"])
  }

  /// The list was lost, and the segments before are delivered and gone.
  @Test func aSegmentThatCannotBeListedIsSetAside() throws {
    let written = try write(1, segments: 3, isSealed: false)
    let name = "spool/\(session(1))"
    try temporary.write([UInt8](repeating: 0, count: 600), to: name + "/segments.jsonl")
    try temporary.remove(name + "/segments/00000000.scrim")
    try temporary.remove(name + "/segments/00000001.scrim")
    let destination = FakeDestination()
    let summary = try Uploader(to: destination, UploaderTests.options()).run(spool)
    #expect(summary.delivered == 1 && summary.damaged == 1 && summary.waiting == 0)
    let last = SpooledSegment(session: session(1), index: 2)
    #expect(destination.state.withLock { $0.segments } == [last: written[last]])
    #expect(try temporary.bytes(of: name + "/damaged/00000002.scrim") == written[last])
  }

  /// A session of three segments, sealed to a public key or readable, in a folder of its own.
  private func folder(_ name: String, sealedTo key: PublicKey?, content: Int = 0) throws -> SessionFolder {
    var header = SampleSegments.header
    header.session = session(1)
    let folder = SessionFolder(path: temporary.path + "/" + name, sealTo: key)
    var writer = try folder.create(header)
    for index in 0..<3 {
      try writer.begin(try SampleSegments.segment(content + index, header: header))
      try writer.seal()
    }
    try writer.finish()
    return folder
  }

  /// An intact file of the right session and index, but not the listed one. An envelope has no checksums that can be
  /// verified without its key.
  @Test(arguments: [false, true]) func aSegmentOtherThanTheListedOneIsNotSent(isSealed: Bool) throws {
    let key = isSealed ? try PrivateKey().publicKey : nil
    let name = "spool/\(session(1))"
    _ = try folder(name, sealedTo: key)
    let place = name + "/" + SessionFolder.segmentFile(1)
    var bytes: [UInt8]
    if isSealed {
      bytes = try temporary.bytes(of: place)
      bytes[bytes.count / 2] ^= 1
    } else {
      _ = try folder("other", sealedTo: nil, content: 5)
      bytes = try temporary.bytes(of: "other/" + SessionFolder.segmentFile(1))
    }
    try temporary.write(bytes, to: place)
    #expect(try spool.check().whole == 2 && spool.check().damaged.count == 1)
    let destination = FakeDestination()
    let summary = try Uploader(to: destination, UploaderTests.options()).run(spool)
    #expect(summary.delivered == 2 && summary.damaged == 1)
    #expect(destination.state.withLock { $0.segments.keys.map(\.index).sorted() } == [0, 2])
    #expect(try spool.status().damaged.segments == 1)
  }

  /// The session of a user stays as it is, so a listed file that is missing is a fault, not taken by another process.
  @Test(arguments: [false, true]) func aSessionWithoutASegmentEnds(isSealed: Bool) throws {
    let session = try folder("mine", sealedTo: isSealed ? try PrivateKey().publicKey : nil)
    try temporary.remove("mine/" + SessionFolder.segmentFile(1))
    let destination = FakeDestination()
    let summary = try Uploader(to: destination, UploaderTests.options()).run(session)
    #expect(summary.delivered == 2 && summary.damaged == 1)
  }

  @Test func faultsAreRepeatedUntilTheyPass() throws {
    let written = try write(1, segments: 8)
    let troubles: [DeliveryAnswer] = [
      .unreachable("refused"), .status(503, retryAfter: nil, body: ""), .unproven("nothing there"),
      .status(429, retryAfter: .delay(3_000_000), body: ""), .status(500, retryAfter: nil, body: ""),
    ]
    let destination = FakeDestination { _, call in call <= 40 ? troubles[call % troubles.count] : nil }
    let summary = try Uploader(to: destination, UploaderTests.options()).run(spool)
    #expect(summary.delivered == 8)
    destination.state.withLock { #expect($0.segments == written) }
    #expect(try spoolFiles == ["destination.json"])
  }

  /// A segment that always fails doesn't delay the others.
  @Test func aSegmentThatNeverWorksHoldsNothingUp() throws {
    try write(1, segments: 8)
    let stop = Atomic<Bool>(false)
    let destination = FakeDestination { segment, _ in
      segment.index == 2 ? .status(500, retryAfter: nil, body: "") : nil
    }
    let uploader = Uploader(to: destination, UploaderTests.options()) { event in
      if case .progress(let summary) = event, summary.delivered == 7 { stop.store(true, ordering: .relaxed) }
    }
    let summary = try uploader.run(spool, isStopped: { stop.load(ordering: .relaxed) })
    #expect(summary.delivered == 7)
    #expect(summary.waiting == 1)
    #expect(try spool.status().waiting.segments == 1)
  }

  @Test func refusedSegmentsAreKeptWithTheAnswer() throws {
    let written = try write(1, segments: 4)
    let destination = FakeDestination { segment, _ in
      segment.index == 1 ? .status(413, retryAfter: nil, body: "too large\nfor me") : nil
    }
    let summary = try Uploader(to: destination, UploaderTests.options()).run(spool)
    #expect(summary.delivered == 3)
    #expect(summary.rejected == 1)
    let name = "spool/\(session(1))/rejected/00000001"
    #expect(
      try temporary.bytes(of: name + ".scrim") == written[SpooledSegment(session: session(1), index: 1)])
    let answer = String(decoding: try temporary.bytes(of: name + ".json"), as: UTF8.self)
    #expect(answer.contains("\"status\":413") && answer.contains("too large\\nfor me"))
    #expect(try spool.status().rejected.segments == 1)
    // On request it is sent again.
    let keeper = try spool.keeper()
    #expect(try keeper?.retryRejected() == 1)
  }

  @Test(arguments: [401, 403]) func aWrongKeyStopsEverythingAndLosesNothing(status: Int) throws {
    try write(1, segments: 5)
    let destination = FakeDestination { _, _ in .status(status, retryAfter: nil, body: "no") }
    let error = #expect(throws: UploadError.self) {
      try Uploader(to: destination, UploaderTests.options()).run(spool)
    }
    guard case .refused(let what)? = error else {
      Issue.record("another error")
      return
    }
    #expect(what.contains("\(status)"))
    #expect(try spool.status().waiting.segments == 5)
    destination.state.withLock { #expect($0.calls <= 4) }
  }

  @Test func aDeletedSessionLeavesTheSpool() throws {
    try write(1, segments: 5)
    let other = try write(2, segments: 2)
    let deleted = session(1)
    let destination = FakeDestination { segment, _ in
      segment.session == deleted ? .status(410, retryAfter: nil, body: "") : nil
    }
    let lost = Mutex<[ReplayLoss]>([])
    let uploader = Uploader(to: destination, UploaderTests.options()) { event in
      if case .lost(let loss) = event { lost.withLock { $0.append(loss) } }
    }
    let summary = try uploader.run(spool)
    #expect(summary.delivered == 2)
    destination.state.withLock { #expect($0.segments == other) }
    #expect(try spool.status().dropped[.deleted]?.segments == 5)
    #expect(lost.withLock { $0 }.map(\.session) == [deleted] && lost.withLock { $0 }.first?.segments == 5)
    guard case .dropped(let loss) = try spool.replayState(of: deleted) else {
      Issue.record("the loss is not known")
      return
    }
    #expect(loss.reason == .deleted && loss.segments == 5 && loss.bytes == lost.withLock { $0 }.first?.bytes)
    #expect(try spool.replayState(of: session(2)) == .absent)
    let lines = try temporary.bytes(of: "spool/dropped.jsonl").split(separator: 0x0A)
    let states = lines.filter { String(decoding: $0, as: UTF8.self).contains(#""replay_state":"dropped""#) }
    #expect(states.count == 5)
    #expect(try spoolFiles == ["destination.json", "dropped.jsonl"])
  }

  @Test func aDamagedSegmentIsSetAsideAndTheNextGoesOn() throws {
    try write(1, segments: 5)
    let name = "spool/\(session(1))/" + SessionFolder.segmentFile(2)
    var bytes = try temporary.bytes(of: name)
    bytes[bytes.count / 2] ^= 1
    try temporary.write(bytes, to: name)
    #expect(try spool.check().damaged.count == 1)
    let summary = try Uploader(to: FakeDestination(), UploaderTests.options()).run(spool)
    #expect(summary.delivered == 4)
    #expect(summary.damaged == 1)
    #expect(try temporary.bytes(of: "spool/\(session(1))/damaged/00000002.scrim") == bytes)
    #expect(try spool.status().damaged.segments == 1)
    #expect(try spool.status().waiting.segments == 0)
  }

  /// After a recorder was killed: its open segment is sealed and delivered, and its manifest is sent last.
  @Test func aKilledRecordersSessionIsFinished() throws {
    let header = SampleSegments.header
    do {
      var writer = try spool.folder(of: header.session).create(header)
      try writer.begin(try SampleSegments.segment(0))
      try writer.seal()
      try writer.begin(try SampleSegments.segment(1))
      try writer.append(SampleSegments.frame(2))
    }
    let destination = FakeDestination()
    let summary = try Uploader(to: destination, UploaderTests.options()).run(spool)
    #expect(summary.delivered == 2)
    try destination.state.withLock { state in
      let manifest = try SessionManifest(json: state.manifests[header.session] ?? [], path: "manifest")
      #expect(manifest.state == .sealed)
      #expect(manifest.segments.count == 2)
    }
    #expect(try spoolFiles == ["destination.json"])
  }

  /// While a session is recorded its segments are sent, and its folder stays.
  @Test func aSessionThatIsBeingRecorded() throws {
    let header = SampleSegments.header
    var writer = try spool.folder(of: header.session).create(header)
    for index in 0..<3 {
      try writer.begin(try SampleSegments.segment(index))
      try writer.seal()
    }
    let destination = FakeDestination()
    #expect(try Uploader(to: destination, UploaderTests.options()).run(spool).delivered == 3)
    let sent = try temporary.files(under: "spool/\(header.session)/sent")
    #expect(sent.count == 3 && sent.values.allSatisfy { $0.isEmpty })
    try writer.begin(try SampleSegments.segment(3))
    try writer.finish()
    #expect(try Uploader(to: destination, UploaderTests.options()).run(spool).delivered == 1)
    _ = consume writer
    _ = try Uploader(to: destination, UploaderTests.options()).run(spool)
    destination.state.withLock { state in
      #expect(state.segments.count == 4)
      #expect(state.puts.values.allSatisfy { $0 == 1 })
    }
    #expect(try spoolFiles == ["destination.json"])
  }

  @Test func aSessionOfTheUsersOwnStaysAsItIs() throws {
    let written = try write(1, segments: 4)
    let folder = spool.folder(of: session(1))
    let before = try temporary.files(under: "spool")
    let destination = FakeDestination()
    let summary = try Uploader(to: destination, UploaderTests.options()).run(folder)
    #expect(summary.delivered == 4)
    destination.state.withLock { state in
      #expect(state.segments == written)
      #expect(state.manifests[session(1)] == before["\(session(1))/manifest.json"])
    }
    #expect(try temporary.files(under: "spool") == before)
  }

  @Test func oneUploaderAtATime() throws {
    try write(1, segments: 1)
    let keeper = try spool.keeper()
    #expect(keeper != nil)
    #expect(throws: UploadError.inUse(spool.path)) {
      try Uploader(to: FakeDestination(), UploaderTests.options()).run(spool)
    }
    withExtendedLifetime(keeper) {}
  }

  @Test func aFolderTakesEachOnce() throws {
    let written = try write(1, segments: 3)
    let folder = FolderDestination(path: temporary.path + "/store", project: "default")
    let spool = SegmentSpool(path: temporary.path + "/spool")
    try temporary.remove("spool/destination.json")
    #expect(try Uploader(to: folder, UploaderTests.options()).run(spool).delivered == 3)
    let root = "store/default/sessions/2023/11/14/\(session(1))"
    for (segment, bytes) in written {
      #expect(try temporary.bytes(of: root + "/" + SessionFolder.segmentFile(segment.index)) == bytes)
      let file = try SealedFile(bytes)
      #expect(folder.put(file) == .delivered)
    }
    // Another segment with the same name is refused.
    var header = SampleSegments.header
    header.session = session(1)
    let other = try SampleSegments.segment(7, header: header).seal(index: 0, previous: .zero)
    let answer = folder.put(try SealedFile(other.bytes))
    #expect(
      answer == .status(409, retryAfter: nil, body: "another segment 0 of this session is there already"))
    #expect(try SessionFolder(path: temporary.path + "/" + root).read().manifest.segments.count == 3)
  }

  /// A store that lost a part of a segment gets the good one again, and keeps the remains.
  @Test func aFolderReplacesADamagedSegmentOnce() throws {
    let written = try write(1, segments: 2)
    let folder = FolderDestination(path: temporary.path + "/store", project: "default")
    let files = try written.sorted { $0.key.index < $1.key.index }.map { try SealedFile($0.value) }
    for file in files { #expect(folder.put(file) == .delivered) }
    let path = "store/default/sessions/2023/11/14/\(session(1))/" + SessionFolder.segmentFile(1)
    let remains = Array(files[1].bytes.prefix(40)) + [0, 0]
    try temporary.write(remains, to: path)
    #expect(folder.put(files[1]) == .delivered)
    #expect(try temporary.bytes(of: path) == files[1].bytes)
    #expect(try temporary.bytes(of: path + ".damaged") == remains)
    #expect(folder.put(files[1]) == .delivered)
    // The second remains would replace the first.
    try temporary.write(Array(remains.reversed()), to: path)
    #expect(
      folder.put(files[1])
        == .status(409, retryAfter: nil, body: "another segment 1 of this session is there already"))
    #expect(try temporary.bytes(of: path + ".damaged") == remains)
  }
}
