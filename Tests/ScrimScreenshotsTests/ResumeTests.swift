import Foundation
import ScrimFormat
import ScrimRedact
import ScrimTestSupport
import Testing

@testable import ScrimScreenshots

@Suite struct ResumeTests {
  private func filled(_ count: Int) throws -> Workspace {
    let space = try Workspace()
    for index in 0..<count {
      try space.putImage(
        "\(index).png", try Pictures.png(seed: UInt64(index + 1)), sidecar: Pictures.sidecar())
    }
    return space
  }

  @Test func onlyFinishedAndUnchangedImagesAreSkipped() throws {
    let space = try filled(6)
    try space.run()
    try space.putImage("1.png", try Pictures.png(seed: 99), sidecar: Pictures.sidecar())
    try space.put("in/2.png.json", Array(Pictures.sidecar(box: (0, 0, 5, 5)).utf8))
    try FileManager.default.removeItem(atPath: space.output + "/3.png")
    try space.put("out/4.png", [1])
    let results = try space.run { $0.resumes = true }
    #expect(results["0.png"]?.status == .resumed && results["5.png"]?.status == .resumed)
    // Changed images would need another output than the existing one.
    for name in ["1.png", "2.png", "4.png"] { #expect(results[name]?.reason == "output exists", "\(name)") }
    #expect(results["3.png"]?.status == .written)
    let strict = try space.run {
      $0.resumes = true
      $0.settings.policy = MaskPolicy(preset: .strict)
    }
    #expect(!strict.values.contains { $0.status == .resumed })
  }

  @Test func theLedgerRevealsNothingWithoutItsKey() throws {
    let space = try filled(3)
    try space.run()
    let ledger = String(decoding: try space.bytes("out.resume/done-1-of-1"), as: UTF8.self)
    #expect(ledger.split(separator: "\n").count == 3 && !ledger.contains("png"))
    let attributes = try FileManager.default.attributesOfItem(atPath: space.root + "/out.resume/key")
    #expect(attributes[.posixPermissions] as? Int == 0o600 && attributes[.size] as? Int == 32)
    // A torn line is skipped.
    try space.put("out.resume/done-1-of-1", Array(ledger.utf8.dropLast(20)))
    let results = try space.run { $0.resumes = true }
    #expect(
      results.values.count { $0.status == .resumed } == 2 && results.values.count { $0.status == .same } == 1)
    #expect(try space.run { $0.resumes = true }.values.allSatisfy { $0.status == .resumed })
  }

  @Test func marksAreHMACs() throws {
    let space = try Workspace()
    try space.put("state/key", [UInt8](repeating: 0x0B, count: 20) + [UInt8](repeating: 0, count: 12))
    let ledger = try ResumeLedger(space.root + "/state", shard: .whole, resuming: false)
    // RFC 4231's first case (its key is extended with zeros without effect), over the encoding of a part of
    // 8 bytes.
    let program = """
      import hashlib, hmac
      print(hmac.new(bytes([11]) * 20, (8).to_bytes(8, 'little') + b'Hi There', hashlib.sha256).hexdigest()[:32])
      """
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = ["-c", program]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let expected = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(
      ledger.mark(of: [Array("Hi There".utf8)]).hex
        == expected.trimmingCharacters(in: .whitespacesAndNewlines))
  }

  @Test func shardsShareTheImagesOut() throws {
    let space = try filled(40)
    var seen: [String] = []
    for index in 1...3 {
      let results = try space.run { $0.shard = Shard(index: index, count: 3) }
      #expect(results.values.allSatisfy { $0.status == .written } && results.count > 4)
      seen += results.keys
    }
    #expect(seen.count == 40 && Set(seen).count == 40)
    #expect(space.outputs.count == 40)
    // On every machine and in every version the same.
    #expect(Text.hash("shot.png".utf8) == 7_279_477_441_330_775_386)
  }

  @Test func hashedNamesRevealNothingAndStayTheSame() throws {
    let space = try filled(3)
    try space.putImage("sub/customer-4711.png", try Pictures.png(), sidecar: Pictures.sidecar())
    let results = try space.run { $0.hashesNames = true }
    #expect(results.values.allSatisfy { $0.status == .written })
    #expect(space.outputs.count == 4 && space.outputs.allSatisfy { $0.count == 36 && $0.hasSuffix(".png") })
    #expect(try space.run { $0.hashesNames = true }.values.allSatisfy { $0.status == .same })
  }

  @Test func aDryRunWritesNothing() throws {
    let space = try filled(2)
    try space.putImage("bad.png", [1])
    let results = try space.run { $0.isDryRun = true }
    #expect(results["0.png"]?.status == .planned && results["bad.png"]?.status == .refused)
    #expect(try FileManager.default.contentsOfDirectory(atPath: space.root) == ["in"])
  }

  @Test func manyWorkersGiveTheSameAsOne() throws {
    let space = try filled(30)
    try space.run()
    let parallel = try space.run {
      $0.jobs = 4
      $0.output = space.root + "/four"
      $0.state = space.root + "/state"
    }
    #expect(parallel.count == 30)
    for name in space.outputs { #expect(try space.bytes("out/" + name) == space.bytes("four/" + name)) }
  }
}
