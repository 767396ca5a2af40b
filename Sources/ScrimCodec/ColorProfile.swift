import CScrimCodecs

/// The ICC profile of a picture, which defines the colours of its pixel values.
public enum ColorProfile {
  /// Maximum size of a profile in bytes; those of displays have 500 to 20,000.
  public static let sizeLimit = 1 << 22

  /// Converts pixels from a profile to sRGB, with Little CMS and perceptual intent. Each pixel is converted
  /// on its own.
  ///
  /// - Parameters:
  ///   - pixels: `0x??RRGGBB`; high bytes stay.
  ///   - isGray: whether red, green and blue of each are equal, which a grey profile requires.
  /// - Returns: whether they were changed; a profile that changes no colour by more than 1 of 255 counts as
  ///   sRGB.
  /// - Throws: ``CodecError``, for a profile that can't be read or doesn't fit.
  public static func convertToSRGB(
    _ pixels: inout [UInt32], from profile: [UInt8], isGray: Bool
  ) throws(CodecError) -> Bool {
    var hasChanged: Int32 = 0
    try unsafe profile.withUnsafeBufferPointer { profile throws(CodecError) in
      try unsafe pixels.withUnsafeMutableBufferPointer { pixels throws(CodecError) in
        try unsafe CodecError.check(.profile) { message in
          // Both hold as many elements as their counts say and outlive the call, which keeps no pointer.
          unsafe scrim_color_to_srgb(
            profile.baseAddress, profile.count, isGray ? 1 : 0, pixels.baseAddress, pixels.count, &hasChanged,
            message)
        }
      }
    }
    return hasChanged != 0
  }

  /// Converts ink values to sRGB with a CMYK profile, with Little CMS and perceptual intent. Each pixel is
  /// converted on its own.
  ///
  /// - Parameter pixels: `0xKKYYMMCC`, 255 for full ink; `0x00RRGGBB` afterwards.
  /// - Throws: ``CodecError``, for a profile that can't be read or is for other colours.
  public static func convertInkToSRGB(_ pixels: inout [UInt32], from profile: [UInt8]) throws(CodecError) {
    try unsafe profile.withUnsafeBufferPointer { profile throws(CodecError) in
      try unsafe pixels.withUnsafeMutableBufferPointer { pixels throws(CodecError) in
        try unsafe CodecError.check(.profile) { message in
          // Both hold as many elements as their counts say and outlive the call, which keeps no pointer.
          unsafe scrim_color_ink_to_srgb(
            profile.baseAddress, profile.count, pixels.baseAddress, pixels.count, message)
        }
      }
    }
  }
}

extension PNG {
  /// The ICC profile in a file's chunks; nil if there is none. Screenshots of some phones contain the same
  /// one twice.
  package static func profile(_ bytes: Span<UInt8>, _ chunks: [Chunk]) throws(CodecError) -> [UInt8]? {
    let found = chunks.indices.filter { chunks[$0].name == "iCCP" }
    guard let index = found.first else { return nil }
    guard index < chunks.firstIndex(where: { ["PLTE", "IDAT"].contains($0.name) }) ?? chunks.count else {
      throw CodecError(.profile, .damaged, "iCCP is not before PLTE and IDAT")
    }
    let profile = try profile(bytes.extracting(chunks[index].content))
    for other in found.dropFirst() {
      guard try self.profile(bytes.extracting(chunks[other].content)) == profile else {
        throw CodecError(.profile, .unsupported, "the file has two that differ; keep one")
      }
    }
    return profile
  }

  /// The profile in an iCCP chunk, after its name.
  private static func profile(_ content: Span<UInt8>) throws(CodecError) -> [UInt8] {
    let nameEnd = (0..<min(content.count, 80)).first { content[$0] == 0 }
    guard let nameEnd, nameEnd > 0, content.count > nameEnd + 2, content[nameEnd + 1] == 0 else {
      throw CodecError(.profile, .damaged, "iCCP is cut short")
    }
    var inflater = try Inflater(wrapper: .zlib)
    var profile: [UInt8] = []
    try inflater.append(
      content.extracting(nameEnd + 2..<content.count), to: &profile, limit: ColorProfile.sizeLimit)
    try inflater.finish()
    return profile
  }
}

extension JPEG {
  /// The ICC profile in a file's segments, joined; nil if there is none.
  package static func profile(_ bytes: Span<UInt8>, _ segments: [Segment]) throws(CodecError) -> [UInt8]? {
    let name = Array("ICC_PROFILE\0".utf8)
    let parts = segments.compactMap { segment in
      let content = bytes.extracting(segment.content)
      return segment.marker == 0xE2 && content.starts(with: name) && content.count >= 14
        ? segment.content : nil
    }
    guard !parts.isEmpty else { return nil }
    // Each segment has its number, from 1, and their count.
    let sorted = parts.sorted { bytes[$0.lowerBound + 12] < bytes[$1.lowerBound + 12] }
    var profile: [UInt8] = []
    for (index, part) in sorted.enumerated() {
      guard Int(bytes[part.lowerBound + 12]) == index + 1, Int(bytes[part.lowerBound + 13]) == sorted.count,
        profile.count + part.count <= ColorProfile.sizeLimit
      else { throw CodecError(.profile, .damaged, "parts of it are missing or repeated") }
      for place in part.dropFirst(14) { profile.append(bytes[place]) }
    }
    return profile
  }
}
