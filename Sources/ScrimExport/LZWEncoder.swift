/// GIF's LZW encoder for pixels that may be coded in two ways: by their colour, or as unchanged.
///
/// If both are possible, all matching strings of the dictionary are followed in parallel, and the longest is used.
struct LZWEncoder {
  private static let codeLimit = 4096
  /// The maximum number of strings followed in parallel; more save less than a thousandth.
  private static let followed = 32

  private let bits: Int
  /// The code of a string extended by one pixel, at code × 256 + pixel; 0 if there is none.
  private var children = [UInt16](repeating: 0, count: LZWEncoder.codeLimit * 256)
  private var bytes: [UInt8] = []
  private var word: UInt32 = 0
  private var held = 0
  private var width = 0
  private var next = 0

  /// - Parameter bits: the size of an index; 2 to 8.
  init(bits: Int) {
    self.bits = bits
  }

  /// The image data: the size of an index, blocks, an empty block.
  ///
  /// - Parameters:
  ///   - pixels: indices.
  /// - kept: whether a pixel is unchanged and may be coded as `transparent`; as many as `pixels`, or none.
  mutating func encode(_ pixels: [UInt8], kept: [Bool], transparent: UInt8) -> [UInt8] {
    bytes = []
    (word, held) = (0, 0)
    let clear = 1 << bits
    begin(clear)
    // Codes that represent all pixels since the last code written, all of the same length.
    var followed: [Int] = []
    var more: [Int] = []
    for index in pixels.indices {
      let pixel = pixels[index]
      let isKept = !kept.isEmpty && kept[index]
      if followed.isEmpty {
        followed = [Int(isKept ? transparent : pixel)]
        continue
      }
      more.removeAll(keepingCapacity: true)
      for code in followed {
        if isKept, case let child = children[code << 8 | Int(transparent)], child != 0 {
          more.append(Int(child))
        }
        if case let child = children[code << 8 | Int(pixel)], child != 0 { more.append(Int(child)) }
      }
      if !more.isEmpty {
        if more.count > LZWEncoder.followed { more.removeLast(more.count - LZWEncoder.followed) }
        swap(&followed, &more)
        continue
      }
      put(followed[0])
      // A decoder adds the string of the last code and this pixel, so the next code's string must begin with it.
      let written = isKept ? transparent : pixel
      if next < LZWEncoder.codeLimit {
        children[followed[0] << 8 | Int(written)] = UInt16(next)
        next += 1
        if next > 1 << width, width < 12 { width += 1 }
      } else {
        begin(clear)
      }
      followed = [Int(written)]
    }
    if let last = followed.first {
      put(last)
      // A decoder adds a string for this code too before it reads the next.
      if next < LZWEncoder.codeLimit {
        next += 1
        if next > 1 << width, width < 12 { width += 1 }
      }
    }
    put(clear + 1)
    if held > 0 { bytes.append(UInt8(truncatingIfNeeded: word)) }
    return framed()
  }

  /// Writes the code that clears the dictionary.
  private mutating func begin(_ clear: Int) {
    if width == 0 || bytes.isEmpty && held == 0 { width = bits + 1 }
    put(clear)
    for place in children.indices { children[place] = 0 }
    width = bits + 1
    next = clear + 2
  }

  private mutating func put(_ code: Int) {
    word |= UInt32(code) << UInt32(held)
    held += width
    while held >= 8 {
      bytes.append(UInt8(truncatingIfNeeded: word))
      word >>= 8
      held -= 8
    }
  }

  private func framed() -> [UInt8] {
    var framed: [UInt8] = [UInt8(bits)]
    framed.reserveCapacity(bytes.count + bytes.count / 255 + 3)
    var start = 0
    while start < bytes.count {
      let end = min(start + 255, bytes.count)
      framed.append(UInt8(end - start))
      framed += bytes[start..<end]
      start = end
    }
    framed.append(0)
    return framed
  }
}
