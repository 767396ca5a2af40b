import ScrimImage
import ScrimRedact
import Testing

@testable import ScrimCapture

@Suite struct FramebufferInfoTests {
  private static func put(_ value: UInt32, _ offset: Int, _ bytes: inout [UInt8]) {
    for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(index))) }
  }

  /// The structures of a device of 1280×800; offsets are those of linux/fb.h on 64-bit machines.
  private func info(
    size: (UInt32, UInt32) = (1280, 800), offset: (UInt32, UInt32) = (0, 0), bits: UInt32 = 32,
    gray: UInt32 = 0, colours: [(UInt32, UInt32)] = [(16, 8), (8, 8), (0, 8)], stride: UInt32 = 5120,
    type: UInt32 = 0
  ) throws -> FramebufferInfo {
    var variable = [UInt8](repeating: 0, count: FramebufferInfo.variableBytes)
    var fixed = [UInt8](repeating: 0, count: FramebufferInfo.fixedBytes)
    for (index, value) in [size.0, size.1, size.0, size.1, offset.0, offset.1, bits, gray].enumerated() {
      FramebufferInfoTests.put(value, index * 4, &variable)
    }
    for (index, colour) in colours.enumerated() {
      FramebufferInfoTests.put(colour.0, 32 + index * 12, &variable)
      FramebufferInfoTests.put(colour.1, 36 + index * 12, &variable)
    }
    FramebufferInfoTests.put(type, 28, &fixed)
    FramebufferInfoTests.put(2, 36, &fixed)
    FramebufferInfoTests.put(stride, 48, &fixed)
    return try FramebufferInfo(variable: variable, fixed: fixed)
  }

  @Test func commonShapes() throws {
    let plain = try info()
    #expect(
      plain.layout == PictureLayout(width: 1280, height: 800, stride: 5120, format: .bgrx) && plain.start == 0
    )
    #expect(plain.end == 5120 * 800)
    #expect(try info(colours: [(0, 8), (8, 8), (16, 8)]).layout.format == .rgbx)
    #expect(try info(bits: 24, stride: 3840).layout.format == .bgr24)
    #expect(try info(bits: 24, colours: [(0, 8), (8, 8), (16, 8)], stride: 3840).layout.format == .rgb24)
    #expect(try info(bits: 16, colours: [(11, 5), (5, 6), (0, 5)], stride: 2560).layout.format == .rgb565)
    #expect(try info(bits: 16, colours: [(10, 5), (5, 5), (0, 5)], stride: 2560).layout.format == .rgb555)
    #expect(try info(bits: 8, gray: 1, colours: [], stride: 1280).layout.format == .gray8)
  }

  @Test func aPageThatWasTurnedTo() throws {
    let second = try info(offset: (3, 800), stride: 5200)
    #expect(second.start == 800 * 5200 + 12)
    #expect(second.end == second.start + 5200 * 799 + 5120)
  }

  @Test func unreadableFramebuffersAreRefused() {
    #expect(throws: FramebufferInfo.Refusal.self) {
      try info(bits: 8, colours: [(0, 8), (0, 8), (0, 8)], stride: 1280)
    }
    #expect(throws: FramebufferInfo.Refusal.self) { try info(type: 1) }
    #expect(throws: FramebufferInfo.Refusal.self) { try info(size: (0, 800)) }
    #expect(throws: FramebufferInfo.Refusal.self) { try info(size: (.max, .max)) }
    #expect(throws: FramebufferInfo.Refusal.self) { try info(stride: 5119) }
    #expect(throws: FramebufferInfo.Refusal.self) { try info(colours: [(40, 8), (8, 9), (.max, .max)]) }
  }

  @Test func filesAreNoDevices() throws {
    for path in ["/dev/null", "/etc/hostname"] {
      #expect { try LiveSource(framebuffer: path) } throws: { error in
        guard case CaptureError.badInput(let fault) = error else { return false }
        return fault.place == path && fault.message.contains("not a framebuffer device")
      }
    }
    #expect(throws: CaptureError.system(path: "/dev/no-such-device", errno: 2)) {
      try LiveSource(framebuffer: "/dev/no-such-device")
    }
  }
}
