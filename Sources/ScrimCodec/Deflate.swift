/// Common parts of ``Deflater`` and ``Inflater``.
public enum Deflate {
  /// The wrapper of the compressed data: raw or zlib.
  public enum Wrapper: Sendable {
    /// Nothing (RFC 1951).
    case raw
    /// A header and an Adler-32 checksum (RFC 1950).
    case zlib
  }

  /// zlib's strategy, by the kind of input.
  public enum Strategy: Sendable {
    case standard
    /// Small numbers around zero, as produced by filters.
    case filtered
    /// Huffman coding only, without a search for matches.
    case huffmanOnly
    /// Only repetitions of the previous byte.
    case runLength
  }

  /// Whether input may remain in the compressor after a call.
  public enum Flush: Sendable {
    /// It may remain until more comes: the densest output.
    case none
    /// All input can be decoded from the output so far; costs about 5 bytes.
    case sync
  }
}
