/// Options that decide when sessions are recorded, and how long they are. Sessions.md has the rules.
public struct SessionOptions: Hashable, Sendable {
  /// The share of sessions that are recorded from their first frame, 0...1.
  public var sessionSampleRate = 1.0
  /// The share of reported errors, 0...1, that cause a session to be written that is only buffered.
  public var errorSampleRate = 1.0
  /// The minimum number of seconds that the buffer holds, 1...600.
  public var errorBufferSeconds = 60.0
  /// The maximum number of bytes of the buffer; when it is full the oldest segment is dropped, whatever its age.
  public var errorBufferBytes = 80 << 20
  /// Whether the buffer survives a crash of the process: it is kept in memory under $XDG_RUNTIME_DIR. The next
  /// start with this option turns it into a session if its error draw hits.
  public var crashBuffer = false
  /// Seconds without interaction after which a session pauses; 0 for never.
  public var idleSeconds = 300.0
  /// Seconds after which a session ends and the next one begins; 0 for never.
  public var maximumSeconds = 3600.0
  /// The minimum length of a session in seconds: a shorter one is dropped, and before that nothing of it is
  /// written.
  public var minimumSeconds = 0.0

  public init() {}

  /// - Throws: ``SessionOptionsError`` for the first value that is out of range or no number.
  public func validate() throws(SessionOptionsError) {
    func check(_ name: String, _ value: Double, _ range: ClosedRange<Double>) throws(SessionOptionsError) {
      // NaN lies in no range.
      guard range.contains(value) else { throw SessionOptionsError(option: name, range: range) }
    }
    try check("sessionSampleRate", sessionSampleRate, 0...1)
    try check("errorSampleRate", errorSampleRate, 0...1)
    try check("errorBufferSeconds", errorBufferSeconds, 1...600)
    try check("errorBufferBytes", Double(errorBufferBytes), 0x1p20...0x1p32)
    try check("idleSeconds", idleSeconds, 0...31_536_000)
    try check("maximumSeconds", maximumSeconds, 0...31_536_000)
    try check("minimumSeconds", minimumSeconds, 0...600)
  }
}

/// An invalid value of ``SessionOptions``.
public struct SessionOptionsError: Error, Hashable, Sendable, CustomStringConvertible {
  public var option: String
  public var range: ClosedRange<Double>

  public var description: String {
    "\(option) must be a number from \(range.lowerBound) to \(range.upperBound)"
  }
}
