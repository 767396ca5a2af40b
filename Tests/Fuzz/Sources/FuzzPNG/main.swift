@testable import ScrimCodec

/// Reads the input as a file with corrected checksums, and as the rows of a picture: the decoders of the
/// common forms must agree with libpng bit by bit, and about damage.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // libFuzzer passes `count` bytes, or a null pointer and none.
  let input = unsafe Array(UnsafeBufferPointer(start: data, count: count))
  check(mended(input))
  if let file = picture(input) { check(file) }
  return 0
}

func check(_ bytes: [UInt8]) {
  guard let header = try? PNG.header(of: bytes.span), let chunks = try? PNG.chunks(of: bytes.span),
    header.bitDepth <= 8,
    let count = try? CodecLimit.pixelCount(.png, width: header.width, height: header.height, limit: 1 << 16)
  else { return }
  for form in [PNG.PixelForm.rgb, .argb] {
    var expected: [UInt32] = []
    let reference = try? PNG.decodeWithLibPNG(
      bytes.span, header, chunks, into: &expected, as: form, count: count)
    for portable in [false, true] {
      var pixels: [UInt32] = []
      let info: PNG.Info?
      do {
        info = try PNG.decodePlain(
          bytes.span, header, chunks, into: &pixels, as: form, count: count, portable: portable)
        if info == nil { return }  // of another form
      } catch {
        info = nil
      }
      precondition(info == reference, "one decoder takes what the other refuses")
      precondition(info == nil || pixels == expected, "pixels differ")
    }
  }
}

/// The input with every chunk's checksum corrected.
func mended(_ input: [UInt8]) -> [UInt8] {
  var bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + input.dropFirst(8)
  var place = 8
  while bytes.count - place >= 12 {
    let length = (0..<4).reduce(0) { $0 << 8 | Int(bytes[place + $1]) }
    guard length <= bytes.count - place - 12 else { break }
    let sum = crc(bytes[(place + 4)..<(place + 8 + length)])
    for index in 0..<4 {
      bytes[place + 8 + length + index] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * index))
    }
    place += length + 12
  }
  return bytes
}

/// A complete file whose rows, filters included, are the input's bytes, repeated as often as needed.
func picture(_ input: [UInt8]) -> [UInt8]? {
  guard input.count > 4 else { return nil }
  let forms: [(color: UInt8, depth: UInt8, samples: Int)] = [
    (0, 8, 1), (2, 8, 3), (3, 1, 1), (3, 2, 1), (3, 4, 1), (3, 8, 1), (4, 8, 2), (6, 8, 4),
  ]
  let form = forms[Int(input[0]) % forms.count]
  let (width, height) = (Int(input[1]) + 1, Int(input[2]) % 8 + 1)
  let rowBytes = (width * form.samples * Int(form.depth) + 7) / 8 + 1
  var rows = (0..<rowBytes * height).map { input[3 + $0 % (input.count - 3)] }
  for y in 0..<height { rows[y * rowBytes] %= 6 }
  guard var deflater = try? Deflater(level: 1, wrapper: .zlib) else { return nil }
  var data: [UInt8] = []
  deflater.append(rows.span, to: &data)
  deflater.finish(to: &data)
  var file: [UInt8] = [UInt8](repeating: 0, count: 8)
  func add(_ name: String, _ content: [UInt8]) {
    file += (0..<4).map { UInt8(truncatingIfNeeded: content.count >> (24 - 8 * $0)) } + Array(name.utf8)
    file += content + [0, 0, 0, 0]
  }
  add(
    "IHDR",
    [0, 0, UInt8(width >> 8), UInt8(width & 255), 0, 0, 0, UInt8(height), form.depth, form.color, 0, 0, 0])
  if form.color == 3 {
    add("PLTE", (0..<3 << form.depth).map { UInt8(truncatingIfNeeded: $0 &* 7) })
    if input[0] > 127 { add("tRNS", [1]) }
  }
  add("IDAT", data)
  add("IEND", [])
  return mended(file)
}

func crc(_ bytes: ArraySlice<UInt8>) -> UInt32 {
  var value: UInt32 = 0xFFFF_FFFF
  for byte in bytes {
    value ^= UInt32(byte)
    for _ in 0..<8 { value = value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0) }
  }
  return ~value
}
