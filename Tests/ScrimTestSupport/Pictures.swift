public import ScrimCodec

/// Pictures of noise, in which all pixels are distinct, and their boxes.
public enum Pictures {
  /// `width × height` pixels `0x00RRGGBB`.
  public static func noise(_ width: Int, _ height: Int, seed: UInt64 = 1) -> [UInt32] {
    var state = seed
    return (0..<width * height).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt32(state >> 40)
    }
  }

  public static func png(_ width: Int = 40, _ height: Int = 24, seed: UInt64 = 1) throws -> [UInt8] {
    try PNG.encode(noise(width, height, seed: seed).span, width: width, height: height)
  }

  public static func jpeg(
    _ width: Int = 48, _ height: Int = 40, seed: UInt64 = 1, chroma: JPEG.Chroma = .quarter
  ) throws -> [UInt8] {
    try JPEG.encode(
      noise(width, height, seed: seed).span, width: width, height: height, quality: 90, chroma: chroma)
  }

  /// A sidecar with one masked box; without padding it covers exactly that.
  public static func sidecar(
    _ width: Int = 40, _ height: Int = 24, box: (Int, Int, Int, Int) = (10, 8, 12, 6), space: String? = nil
  ) -> String {
    let space = space.map { #""space":"\#($0)","# } ?? ""
    return """
      {"width":\(width),"height":\(height),\(space)"widgets":[{"role":"label","name":"s3cret-name","text":"s3cret-text",\
      "x":\(box.0),"y":\(box.1),"w":\(box.2),"h":\(box.3)}]}
      """
  }
}
