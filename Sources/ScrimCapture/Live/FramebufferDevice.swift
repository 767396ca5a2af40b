import Glibc
import ScrimImage
package import ScrimRedact
import ScrimSystem

/// A framebuffer device of Linux, such as /dev/fb0.
final class FramebufferDevice: PicturedMemory {
  let name: String
  private var file: MappedFile

  // Request numbers of linux/fb.h.
  private static let getVariable: UInt = 0x4600
  private static let getFixed: UInt = 0x4602

  init(path: String) throws(CaptureError) {
    name = path
    let device = try OpenFile.input(path)
    file = try MappedFile(device, count: FramebufferDevice.info(of: device.descriptor, path).end)
  }

  func withBytes<Result>(
    _ body: (PictureLayout, Span<UInt8>) throws(CaptureError) -> Result
  ) throws(CaptureError) -> Result {
    // A program may flip pages and change the mode.
    let info = try FramebufferDevice.info(of: file.file.descriptor, name)
    if info.end > file.count { file = try MappedFile(file.file, count: info.end) }
    return try file.withBytes { (bytes) throws(CaptureError) in
      try body(info.layout, bytes.extracting(info.start..<info.end))
    }
  }

  private static func info(of descriptor: Int32, _ path: String) throws(CaptureError) -> FramebufferInfo {
    var variable = [UInt8](repeating: 0, count: FramebufferInfo.variableBytes)
    var fixed = [UInt8](repeating: 0, count: FramebufferInfo.fixedBytes)
    // The buffers have the sizes of the structures that the calls fill.
    guard unsafe ioctl(descriptor, getVariable, &variable) == 0,
      unsafe ioctl(descriptor, getFixed, &fixed) == 0
    else {
      throw .badInput(
        CaptureIssue(
          place: path,
          message:
            "this is not a framebuffer device (\(SystemCall.message(for: errno))); give one such as /dev/fb0")
      )
    }
    do { return try FramebufferInfo(variable: variable, fixed: fixed) } catch {
      throw .badInput(CaptureIssue(place: path, message: error.message))
    }
  }
}

extension LiveSource {
  /// Records a framebuffer device.
  package init(
    framebuffer path: String, trees: (any TreeReader)? = nil, options: LiveOptions = LiveOptions()
  ) throws(CaptureError) {
    try self.init(polling: FramebufferDevice(path: path), trees: trees, options: options)
  }
}
