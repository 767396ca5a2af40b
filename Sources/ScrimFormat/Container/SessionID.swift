/// Id of a session: a UUID (RFC 9562), written in lower case.
public struct SessionID: Hashable, Sendable, CustomStringConvertible {
  public let bytes: [UInt8]

  /// - Parameter bytes: exactly 16.
  public init(_ bytes: [UInt8]) {
    precondition(bytes.count == 16, "a session id is 16 bytes long")
    self.bytes = bytes
  }

  /// Nil unless `text` is a UUID of the form `8-4-4-4-12`, in either case.
  public init?(_ text: some StringProtocol) {
    let parts = text.lowercased().split(separator: "-", omittingEmptySubsequences: false)
    guard parts.map(\.utf8.count) == [8, 4, 4, 4, 12] else { return nil }
    guard let bytes = Hex.bytes(parts.joined()) else { return nil }
    self.bytes = bytes
  }

  /// A random UUID (version 4).
  public init(using generator: inout some RandomNumberGenerator) {
    var bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
    bytes[6] = bytes[6] & 0x0F | 0x40
    bytes[8] = bytes[8] & 0x3F | 0x80
    self.bytes = bytes
  }

  public var description: String {
    [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { Hex.string(bytes[$0]) }.joined(separator: "-")
  }
}
