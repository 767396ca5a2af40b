import Foundation
import Scrim
import ScrimDelivery
import Testing

/// A program that records itself and delivers its sessions; it imports Scrim and ScrimDelivery.
@Suite struct DeliverTests {
  private func record(
    _ uploader: BackgroundUploader, _ change: (inout RecorderConfiguration) -> Void = { _ in }
  ) throws -> (RecordingSummary, SessionID?, Recorder) {
    var options = RecorderOptions(policy: MaskPolicy(preset: .controls))
    options.service = ServiceAttributes(name: "external")
    var configuration = RecorderConfiguration(delivery: uploader, options: options)
    configuration.sessions = SessionOptions()
    change(&configuration)
    let recorder = Recorder(configuration)
    try recorder.start()
    let pixels = [UInt8](repeating: 40, count: 64 * 48 * 4)
    try recorder.snapshot(
      pixels.span, of: Surface(width: 64, height: 48, format: .bgrx),
      boxes: Boxes([Widget(role: "push button", x: 4, y: 4, width: 24, height: 12)]))
    var error = Event("error")
    error.message = "it broke"
    let session = try recorder.reportError(error).session
    return (try recorder.stop(), session, recorder)
  }

  @Test func aSessionIsInItsStoreAfterStop() throws {
    let temporary = FileManager.default.temporaryDirectory.appending(path: "scrim-\(UUID())")
    defer { try? FileManager.default.removeItem(at: temporary) }
    var options = DeliveryOptions()
    options.destination.project = "shop"
    options.limits.bytes = 1 << 20
    let uploader = try BackgroundUploader(
      to: temporary.path + "/store", spool: temporary.path + "/spool", options)
    let (summary, session, recorder) = try record(uploader) { $0.deliverySeconds = 20 }
    #expect(summary.frames == 1 && summary.undeliveredSegments == 0)
    let id = try #require(session)
    #expect(try recorder.replayState(of: id) == .absent)
    let stored = try FileManager.default.subpathsOfDirectory(atPath: temporary.path + "/store")
    let folder = try #require(stored.first { $0.hasSuffix("\(id)") })
    let reader = try SessionFolder(path: temporary.path + "/store/" + folder).read()
    #expect(reader.manifest.about.service.name == "external")
    var player = SessionPlayer(reader)
    #expect(try player.next() != nil)
  }

  /// What is not delivered at the end waits, and the next recorder with that spool delivers it.
  @Test func whatIsNotDeliveredWaitsForTheNextStart() throws {
    let temporary = FileManager.default.temporaryDirectory.appending(path: "scrim-\(UUID())")
    defer { try? FileManager.default.removeItem(at: temporary) }
    let (store, spool) = (temporary.path + "/store", temporary.path + "/spool")
    // A file in the place of the store refuses every segment.
    try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: true)
    try Data().write(to: URL(fileURLWithPath: store))
    let (summary, session, recorder) = try record(BackgroundUploader(to: store, spool: spool)) {
      $0.deliverySeconds = 0.2
    }
    #expect(summary.undeliveredSegments == 1)
    let id = try #require(session)
    #expect(try recorder.replayState(of: id) == .waiting)
    try FileManager.default.removeItem(atPath: store)
    let next = try record(BackgroundUploader(to: store, spool: spool)) { $0.deliverySeconds = 20 }
    #expect(next.0.undeliveredSegments == 0)
    // What has waited longest is delivered first.
    let stored = try FileManager.default.subpathsOfDirectory(atPath: store)
    #expect(stored.contains { $0.hasSuffix("\(id)/segments/00000000.scrim") })
  }

  @Test func aDestinationThatCannotBeUsedIsRefused() {
    #expect(throws: UploadError.self) { try BackgroundUploader(to: "gopher://x", spool: "/tmp/never") }
  }
}
