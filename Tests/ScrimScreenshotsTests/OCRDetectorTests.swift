import Foundation
import ScrimCodec
import ScrimImage
import ScrimRedact
import Testing

@testable import ScrimScreenshots

@Suite struct OCRDetectorTests {
  static let isInstalled = (try? OCRDetector()) != nil

  private func words() throws -> (pixels: [UInt32], size: PixelSize) {
    let bytes = try BoxSamples.bytes("words.png")
    let image = try PNG.decode(bytes.span, as: .rgb)
    return (image.pixels, PixelSize(width: image.info.header.width, height: image.info.header.height))
  }

  /// Result of a program named `tesseract` for a picture of two pixels.
  private func boxesOfTwoPixels(by script: String) throws -> Sidecar {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("scrim-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("tesseract")
    try "#!/bin/sh\n\(script)\n".write(to: file, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
    let pixels: [UInt32] = [0x010203, 0x80FD_FEFF]
    let detector = try OCRDetector(searchPath: folder.path, timeout: 0.5)
    return try boxes(of: pixels, PixelSize(width: 2, height: 1), by: detector)
  }

  private func boxes(of pixels: [UInt32], _ size: PixelSize, by detector: OCRDetector) throws -> Sidecar {
    try detector.boxes(in: pixels.span, size: size)
  }

  @Test(.enabled(if: isInstalled, "tesseract is not installed: apt install tesseract-ocr"))
  func findsTheWordsOfAPicture() throws {
    let (pixels, size) = try words()
    let sidecar = try boxes(of: pixels, size, by: try OCRDetector())
    #expect(sidecar.format == "ocr" && !sidecar.describesWholeWindows && sidecar.space == .displayed)
    // Each dark pixel of the two lines of text is in a box.
    var missed = 0
    for (index, pixel) in pixels.enumerated() where pixel & 0xFF < 0x80 && index % size.width < 270 {
      let (x, y) = (index % size.width, index / size.width)
      if !sidecar.tree.rects.contains(where: { $0.padded(by: 2).contains(x: x, y: y) }) { missed += 1 }
    }
    #expect(missed == 0)
    let left = try FileManager.default.contentsOfDirectory(atPath: "/dev/shm")
    #expect(!left.contains { $0.hasPrefix("scrim-\(ProcessInfo.processInfo.processIdentifier)-") })
  }

  @Test func aMissingProgramIsAFaultOfTheEnvironment() {
    let fault = #expect(throws: OCRError.self) { try OCRDetector(searchPath: "/nonexistent:") }
    #expect(fault == .notInstalled)
  }

  @Test func thePictureGoesInAsAPixmap() throws {
    let rows = "1\\t1\\t0\\t0\\t0\\t0\\t0\\t0\\t2\\t1\\t-1\\t\\n"
    let header = TesseractTSV.header.joined(separator: "\\t") + "\\n"
    // Answers only if it gets the six bytes of two pixels.
    let script = #"tail -c 6 | od -An -tx1 | grep -q '01 02 03 fd fe ff' && printf '\#(header)\#(rows)'"#
    let sidecar = try boxesOfTwoPixels(by: script)
    #expect(sidecar.tree.widgets.isEmpty)
  }

  @Test func everyAnswerThatIsNotBoxesIsAFault() throws {
    func fault(_ script: String) throws -> OCRError? {
      do {
        _ = try boxesOfTwoPixels(by: script)
        return nil
      } catch let fault as OCRError {
        return fault
      }
    }
    let began = ContinuousClock.now
    #expect(try fault("exec sleep 60") == .timedOut(seconds: 0.5))
    #expect(ContinuousClock.now - began < .seconds(20))
    #expect(try fault("exit 7") == .failed(status: 7))
    for answer in ["true", "echo nonsense", "head -c 100000 /dev/zero"] {
      guard case .unreadable = try fault(answer) else {
        Issue.record("\(answer) was not refused")
        continue
      }
    }
  }
}
