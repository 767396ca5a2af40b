/// When sessions are recorded, and how long they are. Sessions.md has the rules.
public struct SessionOptions: Hashable, Sendable {
  /// The share of sessions that are recorded from their first frame, 0...1.
  public var sessionSampleRate = 1.0
  /// The share of reported errors that have the buffer of a session written that is not recorded otherwise, 0...1.
  public var errorSampleRate = 1.0
  /// Seconds that the buffer holds at least, 1...600.
  public var errorBufferSeconds = 60.0
  /// Bytes that the buffer takes at most; where it is full the oldest segment goes, whatever its age.
  public var errorBufferBytes = 48 << 20
  /// Whether what is buffered is kept where a crash of the process doesn't reach it: in memory, under $XDG_RUNTIME_DIR. The next start
  /// with this option makes a session of it where its error draw hits.
  public var crashBuffer = false
  /// Seconds without interaction after which a session pauses; 0 for never.
  public var idleSeconds = 300.0
  /// Seconds after which a session ends and the next one begins; 0 for never.
  public var maximumSeconds = 3600.0
  /// Seconds that a session has at least: a shorter one is dropped, and until then nothing of it is written.
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

/// A value of ``SessionOptions`` that makes no sense.
public struct SessionOptionsError: Error, Hashable, Sendable, CustomStringConvertible {
  public var option: String
  public var range: ClosedRange<Double>

  public var description: String {
    "\(option) must be a number from \(range.lowerBound) to \(range.upperBound)"
  }
}
