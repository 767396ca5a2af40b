import CScrimCrash
import Foundation
import ScrimFormat
import ScrimTestSupport
import Testing

@testable import ScrimStore

/// What is buffered outlives its process, in memory and nowhere else.
@Suite struct CrashBufferTests {
  private let runtime: URL
  private let folder: CrashBufferFolder
  private let session = SessionID([UInt8](repeating: 7, count: 16))

  init() throws {
    // Memory on every Linux; a folder of the test's own, as that of a user is.
    runtime = URL(fileURLWithPath: "/dev/shm/scrim-test-\(UUID())")
    try FileManager.default.createDirectory(at: runtime, withIntermediateDirectories: false)
    folder = try CrashBufferFolder(runtime: runtime.path)
  }

  private func close() { try? FileManager.default.removeItem(at: runtime) }

  private func segment(_ number: Int, bytes: Int = 10) throws -> SegmentWriter {
    let header = SegmentHeader(
      session: SessionID([UInt8](repeating: 0, count: 16)), start: 5, width: 4, height: 3,
      policy: SHA256.digest(Array("{}".utf8).span), producer: "test")
    var writer = try SegmentWriter(header: header)
    try writer.append(frame(number, bytes: bytes, isKey: true))
    return writer
  }

  private func frame(_ number: Int, bytes: Int = 10, isKey: Bool = false) -> FrameRecord {
    FrameRecord(
      time: Int64(number), number: number, isKey: isKey, coded: [UInt8](repeating: 9, count: bytes))
  }

  @Test func aBufferIsReadWhenItsProcessIsGone() throws {
    defer { close() }
    do {
      var buffer = try CrashBuffer(in: folder, session: session, start: 123)
      try buffer.begin(try segment(0))
      try buffer.append(EventRecord(time: 1, json: Array("{}".utf8)))
      buffer.seal()
      try buffer.begin(try segment(1))
      try buffer.append(frame(2))
      try buffer.append(NoteRecord(time: 2, kind: .gap, offset: 9))
      #expect(try folder.abandoned().isEmpty, "its owner lives")
      let attributes = try FileManager.default.attributesOfItem(atPath: buffer.path)
      #expect((attributes[.posixPermissions] as? Int) == 0o600)
    }
    let found = try folder.abandoned()
    let buffer = try #require(found.first)
    #expect(found.count == 1 && buffer.session == session && buffer.start == 123)
    #expect(buffer.process == Int(getpid()) && buffer.signal == nil)
    #expect(buffer.segments.map { $0.frames.map(\.number) } == [[0], [1, 2]])
    #expect(buffer.segments.map(\.events.count) == [1, 0] && buffer.segments[1].notes.count == 1)
    // Until it goes it belongs to who found it.
    #expect(try folder.abandoned().isEmpty)
    try buffer.remove()
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  /// A write that was cut short loses its record, and no other.
  @Test func aTornEndIsLeftOut() throws {
    defer { close() }
    var path = ""
    do {
      var buffer = try CrashBuffer(in: folder, session: session, start: 0)
      path = buffer.path
      try buffer.begin(try segment(0))
      try buffer.append(frame(1, bytes: 9000))
    }
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    try file.truncate(atOffset: try file.seekToEnd() - 5000)
    try file.close()
    #expect(try folder.abandoned().first?.segments.map { $0.frames.map(\.number) } == [[0]])
  }

  /// What goes from the front takes no memory any more, however long it goes on.
  @Test func oldSegmentsGiveTheirMemoryBack() throws {
    defer { close() }
    do {
      var buffer = try CrashBuffer(in: folder, session: session, start: 0)
      for number in 0..<700 {
        if number > 0 { buffer.seal() }
        try buffer.begin(try segment(number, bytes: 20_000))
        if number >= 3 { try buffer.dropFirst(1) }
      }
      var status = stat()
      #expect(unsafe stat(buffer.path, &status) == 0)
      #expect(status.st_blocks * 512 < 120_000, "\(status.st_blocks) blocks")
    }
    #expect(
      try folder.abandoned().first?.segments.map { $0.frames.map(\.number) } == [[697], [698], [699]])
  }

  @Test func aMarkNamesSignalAndTime() throws {
    defer { close() }
    do {
      var buffer = try CrashBuffer(in: folder, session: session, start: 0)
      try buffer.begin(try segment(0))
      scrim_mark_crash(11)
    }
    let buffer = try #require(try folder.abandoned().first)
    let time = try #require(buffer.crashTime)
    #expect(buffer.signal == 11)
    #expect(abs(Double(time) / 1e9 - Date().timeIntervalSince1970) < 60)
    // A file that is closed is marked no more: another one may have its descriptor.
    scrim_mark_crash(6)
    try buffer.remove()
  }

  @Test func whatIsNoBufferIsRemoved() throws {
    defer { close() }
    let path = folder.path + "/1-x.crash-buffer"
    for length in [0, 10, 4096, 9000] {
      try Data(repeating: 0x53, count: length).write(to: URL(fileURLWithPath: path))
      #expect(try folder.abandoned().isEmpty)
      #expect(!FileManager.default.fileExists(atPath: path))
    }
  }

  @Test func aFolderOnADiskIsRefused() throws {
    defer { close() }
    for (path, reason) in [(nil, StoreError.Reason.noRuntimeFolder), ("/etc", .notInMemory)] {
      let error = #expect(throws: StoreError.self) { try CrashBufferFolder(runtime: path) }
      #expect(error?.reason == reason)
    }
    #expect(!FileManager.default.fileExists(atPath: "/etc/scrim"))
  }
}
