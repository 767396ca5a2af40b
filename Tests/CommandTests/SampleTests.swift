import Foundation
import ScrimCodec
import ScrimTestSupport
import Testing

/// Compares the results of samples/ (the small real session under each policy) with the pictures and
/// figures stored there.
@Suite struct SampleTests {
  private static let samples = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("samples").path

  /// Figures that do not depend on the version of the entropy coder.
  private func figures(_ json: Data) throws -> NSDictionary {
    let object = try JSONSerialization.jsonObject(with: json) as? [String: Any]
    return NSDictionary(dictionary: (object ?? [:]).filter { $0.key != "bytes" })
  }

  private func pixels(_ path: String) throws -> [UInt32] {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    return try PNG.decode(bytes.span).pixels
  }

  @Test(arguments: ["default", "support", "kiosk"])
  func theSampleProducesItsExpectedOutput(_ name: String) throws {
    let policy = name == "default" ? name : "\(Self.samples)/policies/\(name).json"
    let folder = try TemporaryFolder()
    let session = folder.path + "/session"
    let pictures = folder.path + "/pictures"
    let recorded = try Command.run(
      "record", "\(Self.samples)/letter", "--out", session, "--policy", policy, "--json", "--quiet")
    #expect(recorded.code == 0)
    let expected = URL(fileURLWithPath: "\(Self.samples)/expected/\(name).json")
    #expect(try figures(Data(recorded.output.utf8)) == figures(Data(contentsOf: expected)))
    let verified = try Command.run(
      "verify", session, "--capture", "\(Self.samples)/letter", "--policy", policy)
    #expect(verified.code == 0)
    #expect(try Command.run("export", session, "--to", "png", "--out", pictures).code == 0)
    let list = try String(contentsOfFile: pictures + "/frames.jsonl", encoding: .utf8)
    let last = try #require(list.split(separator: "\n").last?.split(separator: "\"").dropLast().last)
    let shown = try pixels("\(pictures)/\(last)")
    #expect(try shown == pixels("\(Self.samples)/expected/\(name)-000059.png"))
  }
}
