import Foundation
import Glibc
import ScrimRedact
import ScrimScreenshots
import ScrimSystem

/// The report's file: JSON Lines, one line per image in order of completion.
final class ReportFile: Sendable {
  private let path: String
  private let file: OpenFile

  /// - Parameter request: the report must not be in one of its folders, because it names the inputs and
  ///   could overwrite one.
  init(_ path: String, outside request: RedactionRequest) throws(RunError) {
    self.path = path
    if path == "-" {
      file = .standardOutput
      return
    }
    if let holder = request.folder(holding: path) {
      throw .usage("--report \(path): it would be inside the \(holder) folder; put it elsewhere")
    }
    let status: stat
    do throws(SystemError) {
      file = try OpenFile(path, O_WRONLY | O_CREAT, mode: 0o644)
      status = try file.status()
    } catch { throw ReportFile.fault(path, error) }
    guard status.st_mode & S_IFMT == S_IFREG else { return }
    guard status.st_nlink == 1 else {
      throw .usage("--report \(path): a file with several names, which may be an input; put it elsewhere")
    }
    do { try file.truncate(to: 0) } catch { throw ReportFile.fault(path, error) }
  }

  func write(_ result: ImageResult) throws(RunError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard var line = try? Array(encoder.encode(result)) else {
      throw .system("\(path): a line can't be encoded as JSON")
    }
    line.append(UInt8(ascii: "\n"))
    do { try file.write(line) } catch { throw ReportFile.fault(path, error) }
  }

  private static func fault(_ path: String, _ error: SystemError) -> RunError {
    .system("--report \(path): writing failed: \(SystemCall.message(for: error.errno))")
  }
}

/// The totals of a run, for people and machines.
struct RedactionTable: Encodable {
  var images: Int
  var byStatus: [String: Int]
  var refusedByReason: [String: Int]
  var masksByReason: [String: Int]
  /// Rules that decided nothing, by their index in the policy.
  var rulesNeverMatched: [Int]
  var unknownRoles: [String: Int]
  var otherFiles: Int

  init(_ summary: RedactionSummary) {
    images = summary.images
    byStatus = Dictionary(uniqueKeysWithValues: summary.byStatus.map { ($0.key.rawValue, $0.value) })
    refusedByReason = summary.refusals
    masksByReason = summary.masksByReason
    // Without any plan there was nothing to match.
    rulesNeverMatched = summary.usage.plans > 0 ? summary.usage.neverMatchedRules : []
    unknownRoles = summary.usage.unknownRoles
    otherFiles = summary.others
  }

  var lines: [String] {
    var lines = [counted(images, "image") + (images == 0 ? "; there is no PNG or JPEG file here" : "")]
    func add(_ title: String, _ counts: [String: Int]) {
      for (name, count) in counts.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
        let number = String(count)
        lines.append(String(repeating: " ", count: max(10 - number.count, 0)) + "\(number)  \(title)\(name)")
      }
    }
    add("", byStatus)
    add("refused: ", refusedByReason)
    add("masks: ", masksByReason)
    for rule in rulesNeverMatched {
      lines.append("warning: rule \(rule) of the policy (the first is 0) never matched")
    }
    for (role, count) in unknownRoles.sorted(by: { $0.key < $1.key }) {
      lines.append("warning: unknown role \(role) (\(counted(count, "widget")))")
    }
    return lines
  }
}
