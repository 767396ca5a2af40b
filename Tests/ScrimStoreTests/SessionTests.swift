import Foundation
import ScrimFormat
import ScrimTestSupport
import Testing

@testable import ScrimStore

@Suite struct SessionTests {
  let temporary: TemporaryFolder
  let folder: SessionFolder

  init() throws {
    temporary = try TemporaryFolder()
    folder = SessionFolder(path: temporary.path + "/above/session")
  }

  /// Three segments of four frames, an event in each.
  private func writeSession() throws {
    var writer = try folder.create(SampleSegments.header)
    for index in 0..<3 {
      try writer.begin(try SampleSegments.segment(index * 4))
      for frame in 1..<4 { try writer.append(SampleSegments.frame(index * 4 + frame)) }
      try writer.append(SampleSegments.event)
      try writer.seal()
    }
    try writer.finish()
  }

  @Test func readingGivesTheWrittenSession() throws {
    try writeSession()
    let reader = try folder.read()
    #expect(reader.manifest.state == .sealed)
    #expect(reader.manifest.session == SampleSegments.header.session)
    #expect(reader.manifest.start == SampleSegments.header.start)
    #expect(reader.manifest.producer == SampleSegments.header.producer)
    #expect(try reader.unlistedFiles() == [])
    var frames: [FrameRecord] = []
    for index in reader.manifest.segments.indices {
      let segment = try reader.segment(index)
      #expect(segment.events == [SampleSegments.event])
      #expect(segment.seal?.index == UInt32(index))
      frames += segment.frames
    }
    #expect(frames == (0..<12).map { SampleSegments.frame($0, isKey: $0 % 4 == 0) })
    let files = try temporary.files(under: "above/session")
    #expect(
      files.keys.sorted() == [
        "manifest.json", "segments/00000000.scrim", "segments/00000001.scrim", "segments/00000002.scrim",
      ])
  }

  @Test func sameCallsSameBytes() throws {
    try writeSession()
    let first = try temporary.files(under: "above/session")
    try temporary.remove("above/session")
    try writeSession()
    #expect(try temporary.files(under: "above/session") == first)
  }

  /// OpenTelemetry's attributes of the recorded program, and where they come from.
  @Test func attributesOfTheService() throws {
    var manifest = SessionManifest(header: SampleSegments.header)
    #expect(!String(decoding: manifest.json, as: UTF8.self).contains("attributes"))
    manifest.about.service = ServiceAttributes(environment: [
      "OTEL_RESOURCE_ATTRIBUTES":
        "host.name=x, service.name=other,service.version=2.1%2Bbuild%2C7,deployment.environment.name = staging ,broken,service.version",
      "OTEL_SERVICE_NAME": "shop",
    ])
    #expect(
      manifest.about.service
        == ServiceAttributes(name: "shop", version: "2.1+build,7", environment: "staging"))
    manifest.about.previousID = "01234567-89ab-cdef-0123-456789abcdef"
    let read = try SessionManifest(json: manifest.json, path: "m")
    #expect(read == manifest)
    let text = String(decoding: manifest.json, as: UTF8.self)
    #expect(text.contains(#""session.previous_id" : "01234567-89ab-cdef-0123-456789abcdef""#))
    #expect(text.contains(#""session.id" : "\#(SampleSegments.header.session)""#))
    // Values are cut, and those that are no text are ignored.
    manifest.about.service.name = String(repeating: "ä", count: 200)
    let cut = try SessionManifest(json: manifest.json, path: "m").about.service.name
    #expect(cut == String(repeating: "ä", count: 128))
    let numbers = text.replacing(#""service.name" : "shop""#, with: #""service.name" : 7"#)
    #expect(try SessionManifest(json: Array(numbers.utf8), path: "m").about.service.name == nil)
    #expect(ServiceAttributes(environment: ["OTEL_RESOURCE_ATTRIBUTES": "service.name=%zz"]).name == nil)
  }

  @Test func theManifestsSpelling() throws {
    var writer = try folder.create(SampleSegments.header)
    try writer.begin(try SampleSegments.segment(0))
    try writer.seal()
    let line = String(decoding: try temporary.bytes(of: "above/session/segments.jsonl"), as: UTF8.self)
    try writer.finish()
    let text = String(decoding: try temporary.bytes(of: "above/session/manifest.json"), as: UTF8.self)
    let digest = writer.manifest.segments[0].digest
    #expect(
      text == """
        {
          "format" : "scrim-session/1",
          "height" : 48,
          "id" : "00010203-0405-0607-0809-0a0b0c0d0e0f",
          "policy_sha256" : "\(SampleSegments.header.policy)",
          "producer" : "scrim/test \\"0.1\\"",
          "segments" : [
            {
              "bytes" : 219,
              "events" : 0,
              "file" : "segments/00000000.scrim",
              "first_t_ms" : 549.1,
              "frames" : 1,
              "height" : 48,
              "index" : 0,
              "last_t_ms" : 549.1,
              "sha256" : "\(digest)",
              "width" : 64
            }
          ],
          "started_at" : "2023-11-14T22:13:20.123456789Z",
          "state" : "sealed",
          "width" : 64
        }

        """)
    #expect(
      line == """
        {"bytes":219,"events":0,"file":"segments/00000000.scrim","first_t_ms":549.1,"frames":1,"height":48,"index":0,\
        "last_t_ms":549.1,"sha256":"\(digest)","width":64}

        """)
    try writer.finish()
    let manifest = writer.manifest
    #expect(try folder.read().manifest == manifest)
  }

  @Test(arguments: [0, 1, -1, 549_100_000, -549_123_456, 1 << 61, -(1 << 61), 999_999_999_999] as [Int64])
  func timesReturn(time: Int64) throws {
    var writer = try folder.create(SampleSegments.header)
    var segment = try SegmentWriter(header: SampleSegments.header)
    try segment.append(FrameRecord(time: time, number: 0, isKey: true, coded: []))
    try writer.begin(segment)
    try writer.finish()
    #expect(try folder.read().manifest.segments[0].times == time...time)
    _ = try folder.read().segment(0)
  }

  @Test func theOpenSegmentGrowsAsRecordsCome() throws {
    var writer = try folder.create(SampleSegments.header)
    try writer.begin(try SampleSegments.segment(0))
    let part = "above/session/segments/00000000.scrim.part"
    #expect(try SegmentReader.recover(try temporary.bytes(of: part)).segment.frames.count == 1)
    try writer.append(SampleSegments.frame(1))
    let bytes = try temporary.bytes(of: part)
    #expect(
      try SegmentReader.recover(bytes).segment.frames == [
        SampleSegments.frame(0, isKey: true), SampleSegments.frame(1),
      ])
    let size = writer.openSegment?.size
    #expect(size == bytes.count)
    #expect(try folder.read().manifest.segments.isEmpty)
    #expect(try folder.read().unlistedFiles() == ["segments/00000000.scrim.part"])
    try writer.finish()
    let isBetween = writer.openSegment == nil
    #expect(isBetween)
  }

  @Test func segmentsMayDifferInSize() throws {
    var writer = try folder.create(SampleSegments.header)
    try writer.begin(try SampleSegments.segment(0))
    try writer.seal()
    var other = SampleSegments.header
    other.width = 128
    try writer.begin(try SampleSegments.segment(1, header: other))
    try writer.finish()
    let reader = try folder.read()
    #expect(reader.manifest.segments.map(\.width) == [64, 128])
    #expect(try reader.segment(1).header.width == 128)
  }

  @Test func aSegmentOfAnotherSessionIsRefused() throws {
    var writer = try folder.create(SampleSegments.header)
    var other = SampleSegments.header
    other.producer = "someone else"
    let segment = try SampleSegments.segment(0, header: other)
    let error = #expect(throws: StoreError.self) { try writer.begin(segment) }
    #expect(error?.reason == .otherSession)
    try writer.finish()
    #expect(try folder.read().manifest.segments.isEmpty)
  }

  @Test func aRefusedRecordLeavesTheSegmentWhole() throws {
    var writer = try folder.create(SampleSegments.header)
    try writer.begin(try SampleSegments.segment(3))
    let error = #expect(throws: StoreError.self) { try writer.append(SampleSegments.frame(2)) }
    guard case .segment(let reason)? = error?.reason else {
      Issue.record("another error: \(String(describing: error))")
      return
    }
    #expect(reason.fault == .caller)
    try writer.append(SampleSegments.frame(4))
    try writer.finish()
    #expect(try folder.read().segment(0).frames.map(\.number) == [3, 4])
  }

  @Test func misuseTraps() async {
    await #expect(processExitsWith: .failure) {
      let temporary = try TemporaryFolder()
      var writer = try SessionFolder(path: temporary.path).create(SampleSegments.header)
      try writer.append(SampleSegments.event)
    }
    await #expect(processExitsWith: .failure) {
      let temporary = try TemporaryFolder()
      var writer = try SessionFolder(path: temporary.path).create(SampleSegments.header)
      try writer.begin(try SegmentWriter(header: SampleSegments.header))
    }
    await #expect(processExitsWith: .failure) {
      let temporary = try TemporaryFolder()
      var writer = try SessionFolder(path: temporary.path).create(SampleSegments.header)
      var segment = try SampleSegments.segment(0)
      segment.drain()
      try writer.begin(segment)
    }
  }
}

@Suite struct FolderRefusalTests {
  let temporary: TemporaryFolder
  let folder: SessionFolder

  init() throws {
    temporary = try TemporaryFolder()
    folder = SessionFolder(path: temporary.path + "/session")
  }

  private func reasonOfCreating() -> StoreError? {
    do {
      _ = try folder.create(SampleSegments.header)
      return nil
    } catch {
      return error
    }
  }

  @Test func aFolderThatHoldsAnything() throws {
    try temporary.write([1], to: "session/notes.txt")
    #expect(reasonOfCreating()?.reason == .folderNotEmpty(holdsSession: false))
    #expect(try temporary.files(under: "session") == ["notes.txt": [1]])
  }

  @Test func aFolderThatHoldsASession() throws {
    do {
      var writer = try folder.create(SampleSegments.header)
      try writer.finish()
    }
    let before = try temporary.files(under: "session")
    let error = try #require(reasonOfCreating())
    #expect(error.reason == .folderNotEmpty(holdsSession: true))
    #expect(error.fault == .caller)
    #expect(error.path == folder.path)
    #expect(try temporary.files(under: "session") == before)
  }

  @Test func anEmptyFolderIsFine() throws {
    try temporary.write([], to: "session/x")
    try temporary.remove("session/x")
    #expect(reasonOfCreating() == nil)
  }

  @Test func aFileInTheWay() throws {
    try temporary.write([1], to: "session")
    let error = try #require(reasonOfCreating())
    #expect(error.reason == .system(doing: "opening", errno: ENOTDIR))
    #expect(error.fault == .system)
    #expect(error.description == "\(folder.path): opening failed: Not a directory")
  }

  @Test func aFileInTheWayAbove() throws {
    try temporary.write([1], to: "session")
    do {
      _ = try SessionFolder(path: folder.path + "/below").create(SampleSegments.header)
      Issue.record("a session below a file")
    } catch {
      #expect(error.reason == .system(doing: "making the folder", errno: ENOTDIR))
      #expect(error.path == folder.path + "/below")
    }
  }

  @Test func aSessionThatIsBeingWritten() throws {
    var writer = try folder.create(SampleSegments.header)
    let error = #expect(throws: StoreError.self) { try folder.recover() }
    #expect(error?.reason == .inUse)
    try writer.finish()
  }

  @Test func aFullDisk() throws {
    // The device that is always full.
    let full = try Disk.open("/dev/full", O_WRONLY)
    #expect(throws: StoreError("/dev/full", .system(doing: "writing", errno: ENOSPC))) {
      try Disk.write([1], to: full, at: 0)
    }
  }

  /// Runs in a separate process, since the limit on file sizes applies to the process.
  @Test func failedWritesAreRetriedLater() async {
    await #expect(processExitsWith: .success) {
      let temporary = try TemporaryFolder()
      let folder = SessionFolder(path: temporary.path)
      var writer = try folder.create(SampleSegments.header)
      try writer.begin(try SampleSegments.segment(0))
      signal(SIGXFSZ, SIG_IGN)
      try limitFiles(to: 2000)
      var large = SampleSegments.frame(1)
      large.coded = [UInt8](repeating: 7, count: 5000)
      let error = #expect(throws: StoreError.self) { try writer.append(large) }
      #expect(error?.reason == .system(doing: "writing", errno: EFBIG))
      #expect(error?.fault == .system)
      #expect(throws: StoreError.self) { try writer.finish() }
      try limitFiles(to: 1 << 30)
      try writer.append(SampleSegments.frame(2))
      try writer.finish()
      let frames = try folder.read().segment(0).frames
      #expect(frames == [SampleSegments.frame(0, isKey: true), large, SampleSegments.frame(2)])
    }
  }

  @Test func aFolderBehindASymbolicLink() throws {
    try FileManager.default.createDirectory(
      atPath: temporary.path + "/real", withIntermediateDirectories: true)
    let link = temporary.path + "/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "real")
    var writer = try SessionFolder(path: link).create(SampleSegments.header)
    try writer.begin(try SampleSegments.segment(0))
    try writer.finish()
    #expect(try SessionFolder(path: temporary.path + "/real").read().segment(0).frames.count == 1)

    let dangling = temporary.path + "/dangling"
    try FileManager.default.createSymbolicLink(atPath: dangling, withDestinationPath: "missing")
    #expect(throws: StoreError.self) { _ = try SessionFolder(path: dangling).create(SampleSegments.header) }
  }

  @Test func aNewFolderOfAnotherRecorder() throws {
    _ = try folder.create(SampleSegments.header)
    let error = #expect(throws: StoreError.self) { _ = try folder.create(SampleSegments.header) }
    #expect(error?.reason == .folderNotEmpty(holdsSession: true))
    // A crash between making a folder and giving it its name leaves one of this name.
    let name = temporary.path + "/.late.tmp"
    try FileManager.default.createDirectory(atPath: name, withIntermediateDirectories: true)
    let late = SessionFolder(path: temporary.path + "/late")
    do {
      let other = try Disk.open(name, O_RDONLY | O_DIRECTORY)
      try Disk.lock(other)
      #expect(throws: StoreError(late.path, .inUse)) { _ = try late.create(SampleSegments.header) }
    }
    _ = try late.create(SampleSegments.header)
    #expect(!FileManager.default.fileExists(atPath: name))
  }

  @Test func aSegmentFolderThatIsGone() throws {
    var writer = try folder.create(SampleSegments.header)
    try temporary.remove("session/segments")
    let segment = try SampleSegments.segment(0)
    let error = #expect(throws: StoreError.self) { try writer.begin(segment) }
    #expect(error?.reason == .system(doing: "opening", errno: ENOENT))
    #expect(error?.path == folder.path + "/segments/00000000.scrim.part")
  }

  @Test func noSession() throws {
    #expect(throws: StoreError(folder.path, .notASession)) { try folder.read() }
    try temporary.write([1], to: "session/x")
    #expect(throws: StoreError(folder.path, .notASession)) { try folder.recover() }
  }
}

private func limitFiles(to bytes: UInt) throws {
  var limit = rlimit()
  // The pointers are to a whole structure that outlives both calls.
  guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else {
    throw POSIXError(.EINVAL)
  }
  limit.rlim_cur = bytes
  guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else {
    throw POSIXError(.EINVAL)
  }
}
