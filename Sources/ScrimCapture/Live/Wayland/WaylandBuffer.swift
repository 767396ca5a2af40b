import CScrimWayland
import Glibc
import ScrimImage
import ScrimRedact

/// Memory shared with a compositor, which writes pictures into it.
@safe final class WaylandBuffer {
  let id: UInt32
  let offer: Offer
  private let address: UnsafeMutableRawPointer

  /// A picture format that the compositor offers.
  struct Offer: Hashable {
    /// As `wl_shm.format` numbers them.
    var format: UInt32
    var width: Int
    var height: Int
    var stride: Int

    var bytes: Int { stride * height }

    /// Nil for formats that can't be read.
    var pixels: PixelFormat? {
      switch format {
      case 0: .bgra
      case 1: .bgrx
      case 0x3432_4241: .rgba  // AB24
      case 0x3432_4258: .rgbx  // XB24
      case 0x3432_4752: .bgr24  // RG24
      case 0x3432_4742: .rgb24  // BG24
      case 0x3631_4752: .rgb565  // RG16
      default: nil
      }
    }
  }

  /// - Parameter shm: the compositor's `wl_shm`.
  init(_ offer: Offer, _ connection: WaylandConnection, shm: UInt32) throws(CaptureError) {
    let file = scrim_wayland_memory(offer.bytes)
    guard file >= 0 else { throw .system(path: "shared memory", errno: errno) }
    defer { close(file) }
    guard let address = unsafe mmap(nil, offer.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0),
      unsafe address != MAP_FAILED
    else { throw .system(path: "shared memory", errno: errno) }
    // Its pixels are not masked, so they are in no core file.
    _ = unsafe madvise(address, offer.bytes, MADV_DONTDUMP)
    self.offer = offer
    unsafe self.address = address
    let pool = connection.newID()
    // wl_shm.create_pool, wl_shm_pool.create_buffer, and then the pool is destroyed: its buffers keep the
    // memory.
    try connection.send(to: shm, 0, [.number(pool), .number(UInt32(offer.bytes))], file: file)
    id = connection.newID()
    let (width, height, stride) = (UInt32(offer.width), UInt32(offer.height), UInt32(offer.stride))
    try connection.send(
      to: pool, 0,
      [.number(id), .number(0), .number(width), .number(height), .number(stride), .number(offer.format)])
    try connection.send(to: pool, 1)
  }

  deinit { unsafe munmap(address, offer.bytes) }

  /// A copy of the picture.
  ///
  /// - Parameter isFlipped: whether the last row comes first.
  func frame(_ format: PixelFormat, isFlipped: Bool) throws(FrameError) -> Frame {
    // The mapping has that length and lasts as long as `self`, which outlives the call.
    let bytes = unsafe Span<UInt8>(
      _unsafeStart: address.assumingMemoryBound(to: UInt8.self), count: offer.bytes)
    guard isFlipped else {
      return try Frame(
        width: offer.width, height: offer.height, stride: offer.stride, format: format, bytes: bytes)
    }
    var flipped: [UInt8] = []
    flipped.reserveCapacity(offer.bytes)
    for row in (0..<offer.height).reversed() {
      for index in row * offer.stride..<(row + 1) * offer.stride { flipped.append(bytes[index]) }
    }
    return try Frame(
      width: offer.width, height: offer.height, stride: offer.stride, format: format, bytes: flipped.span)
  }
}
