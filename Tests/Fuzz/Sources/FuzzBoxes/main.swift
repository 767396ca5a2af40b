import ScrimImage
import ScrimRedact

@testable import ScrimScreenshots

/// Reads the input as a side file of every ending; accepted input must give boxes that can be planned, and
/// the same result twice.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // libFuzzer passes `count` bytes, or a null pointer and none.
  let input = unsafe Array(UnsafeBufferPointer(start: data, count: count))
  let size = PixelSize(width: 400, height: 120)
  for (isTurned, scale) in [(false, nil), (true, nil), (false, 1)] as [(Bool, Double?)] {
    let request = SidecarRequest(
      image: "words.png", stored: size, displayed: size, isTurned: isTurned, boxScale: scale)
    for ending in SidecarFormat.endings {
      let first = Sidecar.read(input, ending: ending, request: request)
      guard case .success(let sidecar) = first else { continue }
      precondition(
        sidecar.tree.rects.allSatisfy { $0.width >= 0 && $0.height >= 0 }, "a box has a negative size")
      guard case .success(let again) = Sidecar.read(input, ending: ending, request: request) else {
        preconditionFailure("the same file was refused")
      }
      precondition(again.tree.rects == sidecar.tree.rects, "the same file gave other boxes")
    }
  }
  _ = try? HTMLMarkup.read(input)
  return 0
}
