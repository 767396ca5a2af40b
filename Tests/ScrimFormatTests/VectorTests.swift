import Foundation
import ScrimImage
import ScrimRedact
import Testing

@testable import ScrimFormat

/// Files that were written once and must be readable forever. Their listings come from a decoder written
/// from Format.md alone, not from Scrim's.
@Suite struct VectorTests {
  private static let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

  static func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: here.appendingPathComponent(name)))
  }

  @Test(arguments: ["example-1", "later-1", "masks-1"])
  func listings(name: String) throws {
    let segment = try SegmentReader.read(try VectorTests.bytes("Vectors/\(name).scrim"))
    let expected = String(decoding: try VectorTests.bytes("Vectors/\(name).txt"), as: UTF8.self)
    #expect(try listing(of: segment) == expected)
  }

  @Test func theWriterWritesTheExample() throws {
    let bytes = try Samples.example().bytes
    #expect(try bytes == VectorTests.bytes("Vectors/example-1.scrim"), "\(Hex.string(bytes))")
  }

  @Test func theDocumentShowsTheExample() throws {
    let url = VectorTests.here.appendingPathComponent("../../Sources/ScrimFormat/Format.md").standardized
    let document = String(decoding: try Data(contentsOf: url), as: UTF8.self)
    var shown: [UInt8] = []
    // Lines of an offset, bytes, and, after two spaces, their meaning.
    for line in document.split(separator: "\n") {
      guard let match = try /^    ([0-9a-f]{8})  ((?:[0-9a-f]{2} ?)+)(?:  |$)/.firstMatch(in: line) else {
        continue
      }
      #expect(Int(match.1, radix: 16) == shown.count, "\(line)")
      shown += match.2.split(separator: " ").compactMap { UInt8($0, radix: 16) }
    }
    #expect(try shown == VectorTests.bytes("Vectors/example-1.scrim"))
  }

  private func listing(of segment: Segment) throws -> String {
    let header = segment.header
    var lines = [
      "header session=\(header.session) start=\(header.start) size=\(header.width)x\(header.height)"
        + " coding=\(header.entropyCoding.rawValue) policy=\(header.policy) producer=\(header.producer)"
    ]
    var masks: [ListedMask]?
    for frame in segment.frames {
      lines.append(
        "frame time=\(frame.time) number=\(frame.number) key=\(frame.isKey ? 1 : 0)"
          + " withheld=\(frame.withheldTiles) status=\(frame.status.rawValue) coded=\(Hex.string(frame.coded))"
      )
      if frame.isKey { masks = nil }
      guard let change = frame.masks else { continue }
      change.apply(to: &masks)
      lines.append(
        "masks "
          + (masks ?? []).map { mask in
            "\(mask.rect.width)x\(mask.rect.height)+\(mask.rect.x)+\(mask.rect.y):\(mask.kind):\(mask.reason.rawValue):"
              + (mask.role?.replacing(" ", with: "_") ?? "-")
          }.joined(separator: " "))
    }
    for event in segment.events {
      lines.append("event time=\(event.time) json=\(String(decoding: event.json, as: UTF8.self))")
    }
    for note in segment.notes {
      lines.append("note time=\(note.time) kind=\(note.kind.rawValue) offset=\(note.offset)")
    }
    lines.append("unknown \(segment.unknownRecords)")
    let seal = try #require(segment.seal)
    let times = try #require(seal.summary.times)
    lines.append(
      "seal index=\(seal.index) previous=\(seal.previous) content=\(seal.content)"
        + " frames=\(seal.summary.frames) events=\(seal.summary.events)"
        + " times=\(times.lowerBound)...\(times.upperBound)")
    for entry in seal.entries {
      lines.append("entry offset=\(entry.offset) key=\(entry.isKey ? 1 : 0) time=\(entry.time)")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

/// Invalid files, and findings of the fuzzers.
@Suite struct RegressionTests {
  @Test func noFileTroublesTheReader() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "Regressions")
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    where name.hasPrefix("segment-") {
      let bytes = try VectorTests.bytes("Regressions/\(name)")
      #expect(throws: FormatError.self, "\(name)") { try SegmentReader.read(bytes) }
      guard let found = try? SegmentReader.recover(bytes), found.segment.seal == nil else { continue }
      let writer = SegmentWriter(continuing: found, of: bytes)
      guard writer.summary.frames > 0 else { continue }
      let sealed = try writer.seal(index: 0, previous: .zero)
      let file = bytes[..<found.wholeBytes] + sealed.bytes
      #expect(try SegmentReader.read(Array(file)).frames == found.segment.frames, "\(name)")
    }
  }
}
