// Answers gap_guard.py over pipes, so that what is evaluated is the product's own kernel. A question is, in
// 32-bit little-endian words: width, height, number of rectangles, scans to time; the pixels; the guarded
// rectangles as x, y, width, height. The answer is a byte a tile, then the nanoseconds of the fastest scan as a
// 64-bit word.
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

var guardian = GapGuard()
while let head = readWords(4) {
  let width = Int(head[0])
  let height = Int(head[1])
  guard let pixels = readWords(width * height), let numbers = readWords(Int(head[2]) * 4) else { break }
  let rects = stride(from: 0, to: numbers.count, by: 4).map { i in
    Rect(x: Int(numbers[i]), y: Int(numbers[i + 1]), width: Int(numbers[i + 2]), height: Int(numbers[i + 3]))
  }
  let guarded = Region(union: rects)
  var tiles = TileSet(TileGrid(width: width, height: height, side: GapGuard.tileSide))
  var best = UInt64.max
  for _ in 0..<max(1, head[3]) {
    let start = DispatchTime.now().uptimeNanoseconds
    guardian.suspects(pixels: pixels.span, width: width, height: height, guarded: guarded, into: &tiles)
    best = min(best, DispatchTime.now().uptimeNanoseconds - start)
  }
  var answer = Data(tiles.flags)
  withUnsafeBytes(of: best.littleEndian) { answer.append(contentsOf: $0) }
  FileHandle.standardOutput.write(answer)
}
