import ArgumentParser
import Foundation
import ScrimDelivery
import ScrimStore
import Synchronization

/// Options of the destination.
struct DestinationArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A file with the server's key; otherwise SCRIM_KEY is used.", valueName: "file"))
  var keyFile: String?

  @Option(
    help: ArgumentHelp(
      "The project, for S3 and folders; a server derives it from the key.", valueName: "name"))
  var project = "default"

  @Option(help: ArgumentHelp("A profile of ~/.aws, for S3.", valueName: "name"))
  var profile: String?

  @Option(help: ArgumentHelp("File of certificates to trust, instead of the system's.", valueName: "file"))
  var caFile: String?

  @Option(help: ArgumentHelp("Number of segments sent in parallel.", valueName: "n"))
  var inFlight = 4

  @Option(help: ArgumentHelp("Maximum bytes per second.", valueName: "bytes"))
  var bandwidth: Int?

  func validate() throws {
    guard (1...64).contains(inFlight) else { throw ValidationError("--in-flight takes 1 to 64") }
    guard bandwidth.map({ $0 > 0 }) ?? true else {
      throw ValidationError("--bandwidth takes a number above 0")
    }
  }

  /// Whether any option differs from its default.
  var isGiven: Bool {
    keyFile != nil || project != "default" || profile != nil || caFile != nil || inFlight != 4
      || bandwidth != nil
  }

  func open(_ address: String) throws -> any Destination {
    let environment = ProcessInfo.processInfo.environment
    var options = DestinationOptions()
    options.project = project
    options.profile = profile
    options.certificates = caFile
    options.inFlight = inFlight
    options.bytesPerSecond = bandwidth
    options.key = environment["SCRIM_KEY"]
    if let keyFile {
      guard let bytes = FileManager.default.contents(atPath: keyFile) else {
        throw Failure(.usage, "--key-file \(keyFile): the file can't be read")
      }
      options.key = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
    do {
      return try openDestination(address, options, environment: environment)
    } catch {
      throw Failure(error.fault == .usage ? .usage : .environment, "\(error)")
    }
  }
}

struct SpoolLimitArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Maximum megabytes in a spool.", valueName: "mb"))
  var spoolMegabytes = 512

  @Option(help: ArgumentHelp("Maximum days that a segment waits.", valueName: "days"))
  var spoolDays: Double = 14

  @Option(help: ArgumentHelp("Maximum megabytes sent per day (UTC).", valueName: "mb"))
  var megabytesPerDay: Int?

  func validate() throws {
    guard spoolMegabytes > 0, spoolMegabytes <= 1 << 30, spoolDays > 0, spoolDays <= 36_500,
      megabytesPerDay.map({ $0 > 0 && $0 <= 1 << 30 }) ?? true
    else { throw ValidationError("limits of the spool are numbers above 0") }
  }

  var limits: SpoolLimits {
    var limits = SpoolLimits()
    limits.bytes = spoolMegabytes << 20
    limits.age = Int64(spoolDays * 86_400e9)
    limits.bytesPerDay = megabytesPerDay.map { $0 << 20 }
    return limits
  }
}
