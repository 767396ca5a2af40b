import Foundation
import ScrimFormat
import ScrimImage
import ScrimRedact
import ScrimStore
import ScrimSystem
import ScrimTestSupport
import Testing

@testable import ScrimRecorder

/// Recorders whose sessions are sealed to a public key.
@Suite struct SealingTests {
  private let temporary: TemporaryFolder
  private let key: PrivateKey

  init() throws {
    temporary = try TemporaryFolder()
    key = try PrivateKey()
  }

  private var options: RecorderOptions {
    var options = RecorderOptions(policy: RecorderTests.shown)
    options.sealTo = key.publicKey
    return options
  }

  private func folder(_ name: String, key: PrivateKey? = nil) -> SessionFolder {
    SessionFolder(path: temporary.path + "/" + name, key: key)
  }

  private func frame(_ number: Int) -> SourceFrame {
    RecorderTests.frame(
      number, [Pixel](repeating: Pixel(number + 1), count: RecorderTests.width * RecorderTests.height))
  }

  private func error(at time: Int64) -> Event {
    var event = Event("error", time: time)
    event.message = "it broke"
    return event
  }

  private func settings(_ name: String, _ change: (inout SessionOptions) -> Void) -> SessionSettings {
    var options = SessionOptions()
    options.sessionSampleRate = 0
    options.errorSampleRate = 1
    change(&options)
    let folder = folder(name)
    var settings = SessionSettings(options, start: 1_700_000_000_000_000_000) { count, _ in
      folder.following(count)
    }
    settings.chance = { 0.5 }
    return settings
  }

  private func recorder(_ settings: SessionSettings, _ options: RecorderOptions) throws -> SessionRecorder {
    try SessionRecorder(
      settings, width: RecorderTests.width, height: RecorderTests.height, producer: "test", options: options)
  }

  /// Recorded with the key and without, on one thread and two.
  @Test(arguments: [1, 2]) func aSealedSessionHoldsWhatAnotherOneHolds(threads: Int) throws {
    var manifests: [SessionManifest] = []
    for sealTo in [key.publicKey, nil] {
      var options = options
      options.sealTo = sealTo
      options.threads = threads
      options.segmenting.segmentDuration = 1_000_000_000
      let name = sealTo == nil ? "plain" : "sealed"
      var recorder = try SessionRecorder(
        to: folder(name), width: RecorderTests.width, height: RecorderTests.height,
        session: RecorderTests.session, start: 0, producer: "test", options: options)
      for number in 0..<25 { try recorder.record(frame(number)) }
      _ = try recorder.finish()
      if sealTo != nil { #expect(throws: StoreError.self) { try folder(name).read() } }
      var manifest = try folder(name, key: key).read().manifest
      #expect((manifest.envelope == nil) == (sealTo == nil))
      manifest.envelope = nil
      manifests.append(manifest)
    }
    #expect(manifests[0] == manifests[1] && manifests[0].segments.count == 3)
  }

  @Test func whatWasBufferedIsSealedWhenItIsWritten() throws {
    var recorder = try recorder(settings("s") { $0.maximumSeconds = 2 }, options)
    for number in 0..<10 { try recorder.record(frame(number)) }
    try recorder.record(error(at: 1_000_000_000))
    for number in 10..<60 { try recorder.record(frame(number)) }
    _ = try recorder.finish()
    let check = try #require(try folder("s").checkSealed())
    #expect(check.segments > 0)
    let reader = try folder("s", key: key).read()
    #expect(reader.manifest.about.kind == .buffer && reader.frameCount > 10)
  }

  /// Sealed to the key of the recorder that crashed, even if the next one seals nothing.
  @Test func aCrashBufferKeepsTheKey() throws {
    let runtime = URL(fileURLWithPath: "/dev/shm/scrim-test-\(UUID())")
    try FileManager.default.createDirectory(at: runtime, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: runtime) }
    func crashing(_ name: String, _ options: RecorderOptions) throws -> SessionRecorder {
      var settings = settings(name) { $0.crashBuffer = true }
      settings.runtimeFolder = runtime.path
      return try recorder(settings, options)
    }
    var lost = try crashing("lost", options)
    for number in 0..<20 { try lost.record(frame(number)) }
    _ = consume lost
    var next = try crashing("s", RecorderOptions(policy: RecorderTests.shown))
    let reader = try folder("s", key: key).read()
    #expect(reader.manifest.envelope?.key == key.publicKey.id && reader.frameCount == 20)
    #expect(reader.manifest.about.ended == .crash)
    // Its own session is not.
    try next.record(frame(0))
    try next.record(error(at: 1))
    _ = try next.finish()
    #expect(try folder("s.2").read().manifest.envelope == nil)
  }

  @Test func aKeyThatSealsNothingIsRefusedAtTheStart() throws {
    var options = options
    options.sealTo = PublicKey([UInt8](repeating: 0, count: 32))
    #expect(throws: RecordingError.self) { _ = try recorder(settings("s") { _ in }, options) }
    #expect(!FileManager.default.fileExists(atPath: folder("s").path))
  }
}
