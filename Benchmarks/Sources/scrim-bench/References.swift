import CMeasure
import Foundation
import ScrimCodec
import ScrimImage

/// Reference operations of the machine and the plain libraries on the same bytes: every ratio refers to one
/// of these.
enum Reference {
  /// Number of pictures of equal content in different memory, more than any cache holds, as a capture
  /// delivers them.
  static let ring = 12

  /// Compares two pictures that are in no cache.
  static func compare(pixels: Int = Screen.pixels) -> (Int) -> Sample {
    let cold = pictures(pixels)
    return { round in
      sample { _ = measure_memcmp(cold[round % ring], cold[(round + 5) % ring], pixels * 4) }
    }
  }

  /// Copies a picture that is in no cache.
  static func copy(pixels: Int = Screen.pixels) -> (Int) -> Sample {
    let cold = pictures(pixels)
    let target = UnsafeMutableRawPointer.allocate(byteCount: pixels * 4, alignment: 64)
    return { round in sample { measure_memcpy(target, cold[round % ring], pixels * 4) } }
  }

  private static func pictures(_ pixels: Int) -> [[UInt32]] {
    (0..<ring).map { _ in [UInt32](repeating: 7, count: pixels) }
  }

  /// Zlib's checksum of bytes.
  static func checksum(_ bytes: [UInt8]) -> (Int) -> Sample {
    { _ in sample { _ = measure_crc32(bytes, bytes.count) } }
  }

  /// Plain zlib compression of bytes.
  static func deflate(_ bytes: [UInt8], level: Int) throws -> (Int) -> Sample {
    let deflater = Held(try Deflater(level: level))
    return { _ in
      deflater.value.reset()
      var out: [UInt8] = []
      return sample { deflater.value.append(bytes.span, flush: .sync, to: &out) }
    }
  }
}

/// Plain libpng, used as in its manual: level 1, no filter.
enum PlainPNG {
  static func read(_ png: [UInt8], into pixels: inout [UInt32], width: Int, height: Int) throws {
    guard measure_png_read(png, png.count, &pixels, UInt32(width), UInt32(height)) == 1 else {
      throw BenchError("libpng could not read a picture of \(width)x\(height)")
    }
  }

  static func write(_ pixels: [UInt32], width: Int, height: Int) throws -> [UInt8] {
    var out: UnsafeMutablePointer<UInt8>?
    let count = measure_png_write(pixels, UInt32(width), UInt32(height), &out)
    guard count > 0, let out else { throw BenchError("libpng could not write a picture") }
    defer { free(out) }
    return [UInt8](UnsafeBufferPointer(start: out, count: count))
  }
}

/// A box for a noncopyable value that closures share.
final class Held<Value: ~Copyable> {
  var value: Value

  init(_ value: consuming Value) { self.value = value }
}
