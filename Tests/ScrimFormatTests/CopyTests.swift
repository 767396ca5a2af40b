import ScrimImage
import ScrimTestSupport
import Testing

@testable import ScrimFormat

@Suite struct CopyTests {
  static let size = (width: 320, height: 256)

  private func desktop(_ seed: UInt64) -> Desktop {
    Desktop(width: CopyTests.size.width, height: CopyTests.size.height, seed: seed)
  }

  private func loop() throws -> CodingLoop {
    try CodingLoop(width: CopyTests.size.width, height: CopyTests.size.height)
  }

  @Test(arguments: [(0, -24), (0, 17), (5, 0), (-33, 0), (7, -3), (-12, 40)])
  func findsAScrollInAnyDirection(dx: Int, dy: Int) throws {
    var desktop = desktop(1)
    var loop = try loop()
    try loop.send(desktop.pixels, keyframe: true)
    desktop.scroll(Rect(x: 30, y: 20, width: 260, height: 220), dx: dx, dy: dy)
    let payload = try loop.send(desktop.pixels)
    #expect(loop.decoder.picture.pixels == desktop.pixels)
    let kept = (260 - abs(dx)) * (220 - abs(dy))
    #expect(loop.pixels("copy") > kept * 9 / 10)
    // The rest is the new strips, with three bits per pixel of noise, and little else.
    #expect(payload.count < (260 * 220 - kept) / 2 + 2048)
  }

  @Test func findsSeveralMovesInOneFrame() throws {
    var desktop = desktop(2)
    var loop = try loop()
    try loop.send(desktop.pixels, keyframe: true)
    desktop.scroll(Rect(x: 0, y: 0, width: 150, height: 256), dx: 0, dy: -19)
    desktop.scroll(Rect(x: 170, y: 0, width: 150, height: 256), dx: 0, dy: 8)
    try loop.send(desktop.pixels)
    #expect(loop.decoder.picture.pixels == desktop.pixels)
    #expect(loop.operations("copy") >= 2)
    #expect(loop.pixels("copy") > 150 * 256 * 3 / 2)
  }

  @Test func movesAWindowOverABackground() throws {
    var desktop = desktop(3)
    var loop = try loop()
    let behind = desktop.pixels
    func window(_ x: Int, _ y: Int) -> [Pixel] {
      var shown = behind
      for row in 0..<120 {
        for column in 0..<130 {
          shown[(y + row) * 320 + x + column] = Pixel((row * 131 + column * 17) & 0x3F) * 0x030201
        }
      }
      return shown
    }
    try loop.send(window(20, 30), keyframe: true)
    try loop.send(window(67, 75))
    #expect(loop.decoder.picture.pixels == window(67, 75))
    #expect(loop.pixels("copy") >= 100 * 100)
    desktop.pixels = []
  }

  @Test func sendsNothingWhereNothingChanged() throws {
    let desktop = desktop(4)
    var loop = try loop()
    try loop.send(desktop.pixels, keyframe: true)
    #expect(try loop.send(desktop.pixels).isEmpty)
  }

  /// The decoder reproduces everything that a screen does, at sizes with and without complete tiles.
  @Test(arguments: [(1, 1), (63, 65), (64, 64), (65, 129), (320, 256), (511, 200), (33, 400)])
  func everyFrameDecodesUnchanged(width: Int, height: Int) throws {
    for coding in [EntropyCoding.deflate, .preferred] {
      var desktop = Desktop(width: width, height: height, seed: UInt64(width * 1000 + height))
      var loop = try CodingLoop(width: width, height: height, options: CodingOptions(entropyCoding: coding))
      for number in 0..<30 {
        if number > 0 { desktop.step() }
        try loop.send(desktop.pixels, keyframe: number % 13 == 0)
        try #require(loop.decoder.picture.pixels == desktop.pixels, "frame \(number), \(coding)")
      }
    }
  }

  @Test func theSameFramesGiveTheSameBytes() throws {
    func payloads() throws -> [[UInt8]] {
      var desktop = desktop(6)
      var loop = try loop()
      return try (0..<20).map { number in
        desktop.step()
        return try loop.send(desktop.pixels, keyframe: number % 10 == 0)
      }
    }
    #expect(try payloads() == payloads())
  }

  /// With a JPEG quality the exact parts stay exact.
  @Test func photographsAreNearAndTheRestExactWithAQuality() throws {
    var desktop = desktop(7)
    var loop = try CodingLoop(
      width: CopyTests.size.width, height: CopyTests.size.height, options: CodingOptions(quality: 90))
    // A picture that no mask ever covered: the masker shows all of the first frame, then clears its tiles.
    let photo = Rect(x: 128, y: 64, width: 128, height: 128)
    desktop.paint(photo)
    try loop.send(desktop.pixels, keyframe: true)
    #expect(loop.operations("jpeg") > 0)
    for y in 0..<256 {
      for x in 0..<320 where !photo.contains(x: x, y: y) {
        try #require(loop.decoder.picture.pixels[y * 320 + x] == desktop.pixels[y * 320 + x])
      }
    }
  }
}
