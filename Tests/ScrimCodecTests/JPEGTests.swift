import Foundation
import ScrimCodec
import Testing

@Suite struct JPEGTests {
  @Test(.enabled(if: Python.hasPillow, "needs python3-pil")) func everyKindDecodesAsPillowDoes() throws {
    try Python.withFolder { folder in
      let lines = try Python.run(jpegVariants, [folder.path]).split(separator: "\n")
      #expect(lines.count == 4 * 13 + 21)
      for line in lines {
        let fields = line.split(separator: " ").map(String.init)
        let file = folder.appendingPathComponent(fields[0])
        let bytes = try contents(file.appendingPathExtension("jpg"))
        let expected = words(try contents(file.appendingPathExtension("bgrx")))
        var pixels: [UInt32] = [7]
        let info = try JPEG.decode(bytes.span, into: &pixels)
        #expect("\(info.colorSpace)" == fields[1], "\(line)")
        #expect(info.header.isProgressive == (fields[2] == "1"), "\(line)")
        #expect(info.header.orientation == Int(fields[3]), "\(line)")
        #expect(info.trailingBytes == Int(fields[4]), "\(line)")
        #expect([info.header.width, info.header.height] == [Int(fields[5]), Int(fields[6])])
        if info.header.components == 4 {
          // Pillow rounds twice between ink and light, so a difference of one is allowed.
          #expect(pixels.count == expected.count)
          #expect(zip(pixels, expected).allSatisfy { distance($0, $1) <= 1 }, "\(line)")
        } else {
          #expect(pixels == expected, "\(line)")
        }
      }
    }
  }

  @Test(.enabled(if: Python.hasPillow, "needs python3-pil")) func pillowReadsWrittenFiles() throws {
    let program = """
      import sys
      from PIL import Image, JpegImagePlugin
      image = Image.open(sys.argv[1])
      print(image.mode, JpegImagePlugin.get_sampling(image), sorted(image.info), *(n for n, _ in image.applist))
      open(sys.argv[1] + '.raw', 'wb').write(image.tobytes('raw', 'BGRX'))
      """
    try Python.withFolder { folder in
      let file = folder.appendingPathComponent("written.jpg")
      for (width, height) in [(1, 1), (16, 16), (131, 77)] {
        for (sampling, chroma) in [JPEG.Chroma.full, .halfWidth, .quarter].enumerated() {
          let pixels = gradient(width, height)
          let bytes = try JPEG.encode(
            pixels.span, width: width, height: height, quality: 95, chroma: chroma, optimized: width > 16)
          try Data(bytes).write(to: file)
          let said = try Python.run(program, [file.path])
          let info = "['jfif', 'jfif_density', 'jfif_unit', 'jfif_version']"
          #expect(said == "RGB \(sampling) \(info) APP0\n")
          let read = words(try contents(file.appendingPathExtension("raw")))
          #expect(try JPEG.decode(bytes.span).pixels == read)
          #expect(zip(pixels, read).allSatisfy { distance($0, $1) <= 12 })
        }
      }
    }
  }

  @Test func qualityAndTablesChangeTheSize() throws {
    let pixels = gradient(200, 100)
    let sizes = try [1, 50, 100].map {
      try JPEG.encode(pixels.span, width: 200, height: 100, quality: $0).count
    }
    #expect(sizes == sizes.sorted() && Set(sizes).count == 3)
    let plain = try JPEG.encode(pixels.span, width: 200, height: 100, quality: 50, optimized: false)
    #expect(plain.count > sizes[1])
    let marked = pixels.map { $0 | 0xAA00_0000 }
    #expect(try JPEG.encode(marked.span, width: 200, height: 100, quality: 50).count == sizes[1])
  }

  @Test func anOversizedSideIsRefused() {
    let error = #expect(throws: CodecError.self) {
      try JPEG.encode([UInt32](repeating: 0, count: 65501).span, width: 65501, height: 1, quality: 50)
    }
    #expect(error?.fault == .unsupported)
  }

  @Test func everyTruncationIsFound() throws {
    let pixels = gradient(40, 30)
    let baseline = try JPEG.encode(pixels.span, width: 40, height: 30, quality: 60)
    for whole in [baseline, JPEGFiles.arithmetic, JPEGFiles.scans] {
      _ = try JPEG.decode(whole.span)
      for count in 0..<whole.count {
        var target: [UInt32] = [1]
        let bytes = Array(whole[..<count])
        let error = #expect(throws: CodecError.self, "\(count) of \(whole.count)") {
          try JPEG.decode(bytes.span, into: &target)
        }
        #expect(error?.fault == (count < 2 ? .otherFormat : .truncated))
        #expect(target.isEmpty)
      }
    }
  }

  /// Most flips in a JPEG give another valid picture; this asserts that none crashes or gives one of a wrong length.
  @Test func everyFlipDecodesWholeOrNotAtAll() throws {
    for whole in [JPEGFiles.arithmetic, JPEGFiles.scans] {
      for index in whole.indices {
        for mask: UInt8 in [0x01, 0x10, 0x80, 0xFF] {
          var bytes = whole
          bytes[index] ^= mask
          guard let image = try? JPEG.decode(bytes.span, pixelLimit: 1 << 22) else { continue }
          #expect(image.pixels.count == image.info.header.width * image.info.header.height)
        }
      }
    }
  }

  @Test func arithmeticAndSeparateScansDecode() throws {
    let arithmetic = try JPEG.decode(JPEGFiles.arithmetic.span)
    let scans = try JPEG.decode(JPEGFiles.scans.span)
    // The same picture in two codings that are lossless by themselves. Pillow gives (61, 107, 143) there.
    #expect(arithmetic.pixels == scans.pixels)
    #expect(scans.pixels[5 * 19 + 5] == 61 << 16 | 107 << 8 | 143)
  }

  @Test func faultsAreNamed() throws {
    let scans = JPEGFiles.scans
    let starts = scans.indices.dropLast().filter { scans[$0] == 0xFF && scans[$0 + 1] == 0xDA }
    #expect(starts.count == 3)
    let frame = try #require(scans.indices.first { scans[$0] == 0xFF && scans[$0 + 1] == 0xC0 })
    var precise = scans
    precise[frame + 4] = 12
    var lossless = scans
    lossless[frame + 1] = 0xC3
    let faults: [(String, CodecError.Fault, [UInt8])] = [
      ("not a JPEG's", .otherFormat, [0x89] + scans),
      ("no scan", .truncated, Array(scans[..<starts[2]]) + [0xFF, 0xD9]),
      ("extraneous", .damaged, scans.dropLast(2) + [UInt8](repeating: 1, count: 40) + [0xFF, 0xD9]),
      ("no segment starts at byte 2", .damaged, Array(scans[..<2]) + [0] + scans[2...]),
      ("second frame header", .damaged, Array(scans[..<starts[0]]) + scans[frame...]),
      ("precision", .unsupported, precise),
      ("SOF", .unsupported, lossless),
      ("no frame header", .damaged, Array(scans[..<2]) + scans[starts[0]...]),
    ]
    for (text, fault, bytes) in faults {
      let error = #expect(throws: CodecError.self, "\(text)") { try JPEG.decode(bytes.span) }
      #expect(error?.fault == fault, "\(text): \(error?.description ?? "")")
      #expect(error?.description.contains(text) == true, "\(text): \(error?.description ?? "")")
    }
    let error = #expect(throws: CodecError.self) { try JPEG.decode(scans.span, pixelLimit: 208) }
    #expect(error?.fault == .overLimit)
    #expect(try JPEG.decode(scans.span, pixelLimit: 209).pixels.count == 209)
  }

  func gradient(_ width: Int, _ height: Int) -> [UInt32] {
    (0..<width * height).map { i in
      let x = UInt32(i % width) * 255 / UInt32(width)
      let y = UInt32(i / width) * 255 / UInt32(height)
      return x << 16 | y << 8 | (x + y) / 2
    }
  }

  func distance(_ a: UInt32, _ b: UInt32) -> Int {
    var largest = 0
    for shift: UInt32 in [0, 8, 16, 24] {
      largest = max(largest, abs(Int(a >> shift & 0xFF) - Int(b >> shift & 0xFF)))
    }
    return largest
  }
}

/// One picture of 19x11 pixels, 4:2:0, written with libjpeg-turbo 2.1.5 with settings that Pillow does not
/// offer.
enum JPEGFiles {
  /// With arithmetic coding.
  static let arithmetic = bytes(
    """
    /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdB
    RkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09P
    T09PT09PT09PT09PT0//yQARCAALABMDASIAAhEBAxEB/8wACgAQEAUBEBEF/9oADAMBAAIRAxEAPwD/AG2eO7C0n0baxs9l
    p8vQs1ZIhorItavS8Fgp9UvozKgmq4R9q2NtOcYPAcq0hJc3KBQSaB2IsYxI1Oq6t24CViQHgoHvrjDrJxrXrtCnlIkGnu/I
    dR93vFYdoP/Z
    """
  )

  /// Sequential, with a scan for each component.
  static let scans = bytes(
    """
    /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdB
    RkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09P
    T09PT09PT09PT09PT0//wAARCAALABMDASIAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAABQQG/8QAIRAAAQMEAgMBAAAA
    AAAAAAAAAQACAwQFEUESIhMhUZH/2gAIAQEAAD8AzNHZOWOiWp7KzUfL6dK4WZuPTG/hKQpIo/Ceo0lqeGIvY3gMYzhWMjYW
    Aka0v//EABUBAQEAAAAAAAAAAAAAAAAAAAME/8QAHREBAAEDBQAAAAAAAAAAAAAAAQIAESEDFJGh4f/aAAgBAhEAPwAY61oR
    sZQ7aj3TLIHHtf/EABUBAQEAAAAAAAAAAAAAAAAAAAQG/8QAGBEAAwEBAAAAAAAAAAAAAAAAAAMFEQH/2gAIAQMRAD8AHPps
    0puUmYf/2Q==
    """
  )

  private static func bytes(_ base64: String) -> [UInt8] {
    [UInt8](Data(base64Encoded: base64, options: .ignoreUnknownCharacters) ?? Data())
  }
}
