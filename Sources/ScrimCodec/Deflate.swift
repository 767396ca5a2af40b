/// What ``Deflater`` and ``Inflater`` have in common.
public enum Deflate {
  /// What stands around the compressed data.
  public enum Wrapper: Sendable {
    /// Nothing (RFC 1951).
    case raw
    /// A header and an Adler-32 checksum (RFC 1950).
    case zlib
  }

  /// What kind of input zlib expects.
  public enum Strategy: Sendable {
    case standard
    /// Small numbers around zero, as filters leave them.
    case filtered
    /// No repetitions looked for.
    case huffmanOnly
    /// Only repetitions of the byte before.
    case runLength
  }

  /// What becomes of input that was taken in and not yet given out.
  public enum Flush: Sendable {
    /// It may wait for more: the densest.
    case none
    /// All of it can be read from the output so far; costs about 5 bytes.
    case sync
  }
}
