public import ScrimFormat
public import ScrimRedact
public import ScrimStore

/// Options of recording a session.
public struct RecorderOptions: Sendable {
  public var policy: MaskPolicy
  /// How frames are coded, and where keyframes and segments begin.
  public var segmenting: SegmentingOptions
  /// 1, or 2: a second thread codes frames while the next one is captured and masked, and the caller's
  /// thread helps instead of waiting. The bytes are the same; one more picture is kept. An error in coding
  /// or writing a frame is then thrown by a later call.
  public var threads = 1
  /// The public key to which sessions are sealed before anything of them is written to a disk; nil for sessions that
  /// everybody can read. Needs libsodium, which is opened at run time.
  public var sealTo: PublicKey?

  /// Describes the recorded program in the manifests.
  public var service = ServiceAttributes()

  public init(policy: MaskPolicy, coding: CodingOptions = CodingOptions()) {
    self.policy = policy
    segmenting = SegmentingOptions(coding: coding)
  }
}
