import ScrimImage
import ScrimTestSupport
import Testing

@testable import ScrimFormat

@Suite struct RepeatTests {
  /// A menu that opens, closes and opens again, over text.
  @Test func reappearingTilesAreSentAsIndices() throws {
    var desktop = Desktop(width: 800, height: 600, seed: 1)
    let closed = desktop.pixels
    desktop.write(Rect(x: 70, y: 70, width: 200, height: 180))
    let open = desktop.pixels
    var loop = try CodingLoop(width: 800, height: 600)
    try loop.send(closed, keyframe: true)
    let first = try loop.send(open)
    #expect(loop.operations("recall") == 0)
    var later: [Int] = []
    for shown in [closed, open, closed, open] {
      later.append(try loop.send(shown).count)
      #expect(loop.decoder.picture.pixels == shown)
    }
    #expect(loop.operations("recall") >= 4 * 12)
    // The closed state was cached when the menu opened, the open state when it closed: nothing is coded
    // twice.
    #expect(later.allSatisfy { $0 < 250 }, "\(later)")
    #expect(first.count > 5000)
  }

  /// More tiles than the cache has slots: the oldest are coded again, and correctly.
  @Test func theOldestTilesAreReplaced() throws {
    var desktop = Desktop(width: 256, height: 128, seed: 2)
    var loop = try CodingLoop(width: 256, height: 128)
    var shown: [[Pixel]] = []
    try loop.send(desktop.pixels, keyframe: true)
    for _ in 0..<6 {
      shown.append(desktop.pixels)
      desktop.write(desktop.bounds)
      try loop.send(desktop.pixels)
    }
    for pixels in shown + shown.reversed() {
      try loop.send(pixels)
      #expect(loop.decoder.picture.pixels == pixels)
    }
  }

  @Test func aKeyframeForgetsAll() throws {
    var desktop = Desktop(width: 256, height: 128, seed: 3)
    let old = desktop.pixels
    var loop = try CodingLoop(width: 256, height: 128)
    try loop.send(old, keyframe: true)
    desktop.write(desktop.bounds)
    try loop.send(desktop.pixels)
    try loop.send(desktop.pixels, keyframe: true)
    try loop.send(old)
    #expect(loop.operations("recall") == 0)
    #expect(loop.decoder.picture.pixels == old)
  }
}
