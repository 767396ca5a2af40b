import ScrimImage
import ScrimRedact

/// Canonical pixels of a whole picture; a ``Patch`` says which ones are valid. Has one owner at a time.
final class PixelBuffer {
  private(set) var pixels: [Pixel]

  init(count: Int) { pixels = [Pixel](repeating: 0, count: count) }

  /// Copies pixels of a framebuffer, and reads no others.
  func read(_ region: Region, of bytes: Span<UInt8>, _ surface: Surface) {
    // Moved out of the object and back, since a span of an object's array can't be written to.
    var taken: [Pixel] = []
    swap(&taken, &pixels)
    var target = taken.mutableSpan
    region.copyPixels(
      from: bytes, stride: surface.stride, format: surface.format, to: &target, width: surface.width)
    swap(&taken, &pixels)
  }

  /// Copies pixels to a picture of the same size.
  func copy(_ region: Region, to picture: inout [Pixel], width: Int) {
    let pixels = pixels
    var target = picture.mutableSpan
    region.copyPixels(from: pixels.span, to: &target, width: width)
  }
}

/// Changes from the last recorded frame to the last captured one, outside masks.
struct Patch {
  let buffer: PixelBuffer
  let width: Int
  let height: Int
  /// The valid pixels of ``buffer``.
  var read = Region()
  var number = 0
  /// Nanoseconds since the session's start.
  var time: Int64 = 0
  var tree: Result<WidgetTree, CaptureIssue> = .success(.empty)
  var treeVersion = 0
  var isTreeComplete = true
}
