import CScrimCodecs

/// Why bytes could not be decoded, or pixels not be encoded.
public struct CodecError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Format: String, Sendable {
    case png = "PNG"
    case jpeg = "JPEG"
    case deflate = "deflate stream"
    case zstd = "zstd stream"
    case profile = "colour profile"
  }

  /// Kind of error, which also says who must fix it: the input's author unless stated otherwise.
  public enum Fault: Hashable, Sendable {
    /// The first bytes are not those of this format.
    case otherFormat
    /// The bytes end before the data does.
    case truncated
    /// The bytes contradict the format or their own checksums.
    case damaged
    /// This many bytes follow the end of the data.
    case trailingBytes(Int)
    /// The data is valid, or may be, but needs a feature that this codec lacks or that was not enabled.
    case unsupported
    /// The data is larger than the caller's limit.
    case overLimit
    /// The system has too little memory.
    case outOfMemory
  }

  public let format: Format
  public let fault: Fault
  /// Location and cause, as a clause without a full stop. Describes the file's structure, never the
  /// picture's content.
  public let detail: String

  public init(_ format: Format, _ fault: Fault, _ detail: String) {
    self.format = format
    self.fault = fault
    self.detail = detail
  }

  public var description: String {
    let (kind, advice) =
      switch fault {
      case .otherFormat: ("not this format", "check what the file is")
      case .truncated: ("cut short", "write or copy the file again")
      case .damaged: ("damaged", "write or copy the file again")
      case .trailingBytes(let count): ("\(count) bytes too many", "cut them off if they are not meant")
      case .unsupported: ("not supported", "convert it first")
      case .overLimit: ("over the limit", "raise the limit if this size is meant")
      case .outOfMemory: ("out of memory", "free memory, or lower the limit on pixels")
      }
    return "\(format.rawValue): \(kind): \(detail); \(advice)"
  }

  /// Calls a function of CScrimCodecs, which writes a message to the given buffer unless it succeeds.
  static func check(
    _ format: Format, _ body: (_ message: UnsafeMutablePointer<CChar>) -> scrim_status
  ) throws(CodecError) {
    let failure: CodecError? = unsafe withUnsafeTemporaryAllocation(
      of: CChar.self, capacity: Int(SCRIM_MESSAGE_SIZE)
    ) { room in
      // The capacity is not zero, so the buffer has an address; a function that fails leaves terminated
      // text there.
      guard let message = room.baseAddress else { return nil }
      unsafe message.initialize(repeating: 0, count: room.count)
      let fault: Fault
      switch unsafe body(message) {
      case .SCRIM_OK: return nil
      case .SCRIM_TRUNCATED: fault = .truncated
      case .SCRIM_DAMAGED: fault = .damaged
      case .SCRIM_UNSUPPORTED: fault = .unsupported
      case .SCRIM_NO_MEMORY: fault = .outOfMemory
      }
      return unsafe CodecError(format, fault, String(cString: message))
    }
    if let failure { throw failure }
  }

  /// Calls an encoder of CScrimCodecs, which returns bytes that the caller must free.
  static func encode(
    _ format: Format,
    _ body: (
      _ out: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>, _ count: UnsafeMutablePointer<Int>,
      _ message: UnsafeMutablePointer<CChar>
    ) -> scrim_status
  ) throws(CodecError) -> [UInt8] {
    var out: UnsafeMutablePointer<UInt8>?
    var count = 0
    try unsafe check(format) { message in unsafe body(&out, &count, message) }
    // On success `out` holds `count` bytes, which are freed only here.
    defer { unsafe scrim_free(out) }
    return unsafe [UInt8](UnsafeBufferPointer(start: out, count: count))
  }
}
