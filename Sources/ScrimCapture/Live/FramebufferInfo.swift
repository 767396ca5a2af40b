import ScrimImage

/// Picture layout of a framebuffer device: `struct fb_var_screeninfo` and `struct fb_fix_screeninfo` of
/// linux/fb.h.
struct FramebufferInfo: Hashable {
  var layout: PictureLayout
  /// Offset of the picture in the device's memory: it may show any part of it.
  var start: Int

  static let variableBytes = 160
  /// `smem_start` and `mmio_start` are as long as a pointer.
  static let fixedBytes = MemoryLayout<Int>.size == 8 ? 80 : 68

  struct Refusal: Error {
    var message: String
  }

  /// - Parameters:
  ///   - variable: ``variableBytes`` bytes, as FBIOGET_VSCREENINFO fills them.
  ///   - fixed: ``fixedBytes`` bytes, as FBIOGET_FSCREENINFO fills them.
  init(variable: [UInt8], fixed: [UInt8]) throws(Refusal) {
    precondition(variable.count == FramebufferInfo.variableBytes, "the structure has its size")
    precondition(fixed.count == FramebufferInfo.fixedBytes, "the structure has its size")
    func word(_ index: Int) -> Int { FramebufferInfo.word(variable, at: index * 4) }
    let (width, height) = (word(0), word(1))
    let (left, top) = (word(4), word(5))
    let bits = word(6)
    guard PictureLimits.allow(width: width, height: height) else {
      throw Refusal(message: "a picture of \(width)x\(height) is empty or too large")
    }
    // id[16], smem_start, smem_len, type, type_aux, visual, xpanstep, ypanstep and ywrapstep of 16 bits, line_length.
    let type = FramebufferInfo.word(fixed, at: 16 + MemoryLayout<Int>.size + 4)
    let visual = FramebufferInfo.word(fixed, at: 16 + MemoryLayout<Int>.size + 12)
    let stride = FramebufferInfo.word(fixed, at: 16 + MemoryLayout<Int>.size + 24)
    guard type == 0 else {
      throw Refusal(
        message:
          "its pixels are stored as planes, tiles or text (type \(type)); only packed pixels can be read")
    }
    /// The bits of a colour: offset, length, whether the most significant is on the right.
    func mask(_ index: Int) -> Int {
      let (offset, length) = (word(index), word(index + 1))
      guard (0..<32).contains(offset), (0...8).contains(length) else { return 0 }
      return ((1 << length) - 1) << offset
    }
    let format: PixelFormat
    do {
      // FB_VISUAL_MONO01 and MONO10 are 0 and 1; an 8-bit grey screen is marked by `grayscale`.
      format = try PixelFormat(
        bitsPerPixel: bits, isBigEndian: false, isGray: word(7) == 1 && visual != 3,
        masks: (mask(8), mask(11), mask(14)))
    } catch { throw Refusal(message: error.description) }
    let start = top * stride + left * format.bytesPerPixel
    do { _ = try Frame.byteCount(width: width, height: height, stride: stride, format: format) } catch {
      throw Refusal(message: "\(error)")
    }
    layout = PictureLayout(width: width, height: height, stride: stride, format: format)
    self.start = start
  }

  /// Bytes of the device up to the end of the picture.
  var end: Int {
    start + layout.stride * (layout.height - 1) + layout.width * layout.format.bytesPerPixel
  }

  private static func word(_ bytes: [UInt8], at offset: Int) -> Int {
    Int(
      (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) })
  }
}
