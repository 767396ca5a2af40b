import Foundation
import ScrimDelivery
import ScrimExport
import ScrimStore
import ScrimSystem

/// Writes a replay's envelopes to a folder, and sends each if requested.
struct SentryDelivery {
  var out: String
  var dsn: String?
  var quiet: Bool

  func run(_ reader: SessionReader, _ range: ExportRange, _ options: PictureOptions) throws {
    let upload: SentryUpload?
    do throws(DestinationError) {
      upload = if let dsn { try SentryUpload(dsn: dsn) } else { nil }
    } catch { throw Failure(error.fault == .usage ? .usage : .environment, "--send: \(error)") }
    let export: SentryExport
    do throws(ExportError) {
      export = try SentryExport(reader, range, options)
      try prepare()
    } catch { throw Failure(error) }
    try write(export, upload)
  }

  private func prepare() throws(ExportError) {
    let files = FileManager.default
    if let names = try? files.contentsOfDirectory(atPath: out), !names.isEmpty { throw .notEmpty(path: out) }
    do {
      try files.createDirectory(
        atPath: out, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch { throw .system(path: out, reason: error.localizedDescription) }
  }

  private func write(_ export: SentryExport, _ upload: SentryUpload?) throws {
    var progress = Progress(unit: "envelopes", total: export.count, isQuiet: quiet)
    defer { progress.clear() }
    for index in 0..<export.count {
      let made: [UInt8]?
      do throws(ExportError) {
        made = try export.envelope(index, in: out, sent: WallClock.now) { !Terminal.isInterrupted }
      } catch { throw Failure(error) }
      guard let envelope = made else { return }
      let digits = String(index)
      let path =
        "\(out)/" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + ".envelope"
      do { try Data(envelope).write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
        throw Failure(.environment, "\(path): \(error.localizedDescription)")
      }
      if let upload { try send(envelope, upload, index) }
      progress.show(index + 1)
    }
    progress.clear()
    guard !quiet else { return }
    let sent = upload.map { ", sent to \($0.address)" } ?? ""
    Terminal.say("replay \(export.id): \(export.count) envelopes in \(out)\(sent)")
  }

  private func send(_ envelope: [UInt8], _ upload: SentryUpload, _ index: Int) throws {
    do throws(SentryUpload.Failure) {
      try upload.send(
        envelope, isStopped: { Terminal.isInterrupted },
        onWait: { wait in
          if !quiet { Terminal.say("the server asks to wait \((wait + 999_999_999) / 1_000_000_000) s") }
        })
    } catch {
      if error == .stopped { throw Failure(.interrupted, "interrupted; \(index) envelopes were sent") }
      throw Failure(.environment, "envelope \(index) was not sent: \(error)")
    }
  }
}
