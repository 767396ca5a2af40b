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

  private static let writesJournals = "/lib/systemd/systemd-journal-remote"

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
    #expect(buffer.process == Int(getpid()) && buffer.crash(journal: "/nowhere") == nil)
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
    let crash = try #require(buffer.crash())
    #expect(crash.signal == 11)
    #expect(abs(Double(crash.time) / 1e9 - Date().timeIntervalSince1970) < 60)
    // A file that is closed is marked no more: another one may have its descriptor.
    scrim_mark_crash(6)
    try buffer.remove()
  }

  /// The journal of systemd-coredump names signal and time, where it is this process's core and no older one's.
  @Test(
    .enabled(
      if: FileManager.default.isExecutableFile(atPath: writesJournals),
      "needs systemd-journal-remote: .ci/install test brings it"))
  func aCoreFileNamesSignalAndTime() throws {
    defer { close() }
    let start: Int64 = 1_700_000_000_000_000_000
    do {
      var buffer = try CrashBuffer(in: folder, session: session, start: start)
      try buffer.begin(try segment(0))
    }
    let buffer = try #require(try folder.abandoned().first)
    func journal(_ entries: [(process: Int, signal: Int, time: Int64)], _ name: String) throws -> String {
      let path = runtime.path + "/\(name).journal"
      let text = entries.map { entry in
        """
        __REALTIME_TIMESTAMP=\(entry.time)
        __MONOTONIC_TIMESTAMP=\(entry.time % 1_000_000_000)
        _BOOT_ID=0123456789abcdef0123456789abcdef
        MESSAGE_ID=fc2e22bc6ee647b6b90729ab34a250b1
        COREDUMP_PID=\(entry.process)
        COREDUMP_SIGNAL=\(entry.signal)
        COREDUMP_TIMESTAMP=\(entry.time)


        """
      }.joined()
      try Data(text.utf8).write(to: URL(fileURLWithPath: path + ".txt"))
      let process = Process()
      process.executableURL = URL(fileURLWithPath: CrashBufferTests.writesJournals)
      process.arguments = ["-o", path, path + ".txt"]
      process.standardError = FileHandle.nullDevice
      try process.run()
      try process.waitUntilExit(seconds: 30)
      #expect(process.terminationStatus == 0)
      return path
    }
    let (me, second) = (Int(getpid()), start / 1000 + 1_000_000)
    let found = buffer.crash(
      journal: try journal([(me, 6, second), (me, 11, second + 7), (me + 1, 8, second + 9)], "both"))
    #expect(found == AbandonedCrashBuffer.Crash(signal: 11, time: start + 1_000_007_000))
    let older = buffer.crash(
      journal: try journal([(me, 6, second - 2_000_000), (me + 1, 8, second)], "others"))
    #expect(older == nil)
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
