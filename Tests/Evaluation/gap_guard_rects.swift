// Answers gap_guard.py over pipes, so that the product's own guard is evaluated. A question is, in
// 32-bit little-endian words: width, height, numbers of guarded rectangles, containers and decorations, scans to time, 1 for a JPEG; the pixels; the
// rectangles as x, y, width, height. The answer is the nanoseconds of the fastest scan as a 64-bit word, the number of
// masked rectangles, and those.
import Foundation
import ScrimImage
import ScrimRedact

func readWords(_ count: Int) -> [UInt32]? {
  var data = Data()
  while data.count < count * 4 {
    guard let more = try? FileHandle.standardInput.read(upToCount: count * 4 - data.count), !more.isEmpty
    else { return nil }
    data.append(more)
  }
  var words = [UInt32](repeating: 0, count: count)
  _ = words.withUnsafeMutableBytes { data.copyBytes(to: $0) }
  return words
}

func readRects(_ count: UInt32) -> [Rect] {
  guard count > 0, let numbers = readWords(Int(count) * 4) else { return [] }
  return stride(from: 0, to: numbers.count, by: 4).map { i in
    Rect(
      x: Int(numbers[i]), y: Int(numbers[i + 1]), width: Int(numbers[i + 2]), height: Int(numbers[i + 3]))
  }
}

while let head = readWords(7) {
  var gapGuard = GapGuard(isLossy: head[6] != 0)
  let width = Int(head[0])
  let height = Int(head[1])
  guard let pixels = readWords(width * height) else { break }
  let guarded = Region(union: readRects(head[2]))
  let containers = readRects(head[3])
  let boxes = GapBoxes(containers: containers, decorations: readRects(head[4]))
  var found = Region()
  var best = UInt64.max
  for _ in 0..<max(1, head[5]) {
    let start = DispatchTime.now().uptimeNanoseconds
    found = gapGuard.suspects(
      in: pixels.span, width: width, height: height, guarded: guarded, boxes: boxes)
    best = min(best, DispatchTime.now().uptimeNanoseconds - start)
  }
  var answer = Data()
  withUnsafeBytes(of: best.littleEndian) { answer.append(contentsOf: $0) }
  let rects = found.rects
  for number in [rects.count] + rects.flatMap({ [$0.x, $0.y, $0.width, $0.height] }) {
    withUnsafeBytes(of: UInt32(number).littleEndian) { answer.append(contentsOf: $0) }
  }
  FileHandle.standardOutput.write(answer)
}
