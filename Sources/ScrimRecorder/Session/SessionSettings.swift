public import ScrimFormat
public import ScrimRedact
public import ScrimStore

/// The surroundings of a recorder of sessions: places, clocks, chance, and callbacks.
public struct SessionSettings: Sendable {
  public var options: SessionOptions
  /// The place of each session that is written, by its number from 0 and its name. A folder is asked for when its
  /// session begins to be written.
  public var folder: @Sendable (Int, SessionID) -> SessionFolder
  /// Nanoseconds since 1970 at time 0 of the source's clock; not used if there is a ``moment``.
  public var start: Int64
  /// Both clocks at present; nil to use the times of the frames, as for inputs that are no screens.
  public var moment: (@Sendable () -> SessionMoment)?
  /// A number from 0 up to, but not including, 1, for each draw.
  public var chance: @Sendable () -> Double
  /// The name of each session.
  public var name: @Sendable () -> SessionID
  /// Called before the draw for an error that is reported while a session is buffered; false counts it as a miss.
  public var beforeErrorSampling: (@Sendable (Event) -> Bool)?
  /// `$XDG_RUNTIME_DIR`, for ``SessionOptions/crashBuffer``; nil for that of the environment.
  public var runtimeFolder: String?
  /// A file of systemd's journal in which core files of crashed recorders are looked up; nil for the machine's
  /// journal.
  public var journal: String?
  /// Called with each change of a session, by the recording thread.
  public var onChange: (@Sendable (SessionChange) -> Void)?

  public init(
    _ options: SessionOptions, start: Int64, folder: @escaping @Sendable (Int, SessionID) -> SessionFolder
  ) {
    self.options = options
    self.start = start
    self.folder = folder
    chance = {
      var random = SystemRandomNumberGenerator()
      return Double.random(in: 0..<1, using: &random)
    }
    name = {
      var random = SystemRandomNumberGenerator()
      return SessionID(using: &random)
    }
  }
}

extension SessionFolder {
  /// The folder of the session with number `count` after this one: `DIR`, `DIR.2`, `DIR.3`.
  public func following(_ count: Int) -> SessionFolder {
    count == 0 ? self : SessionFolder(path: "\(path).\(count + 1)", sealTo: sealTo, key: key)
  }

  /// The same folder, for a session that is sealed to the key; nil leaves it as it is.
  func sealed(to key: PublicKey?) -> SessionFolder {
    SessionFolder(path: path, sealTo: key ?? sealTo, key: self.key)
  }
}

/// A change of a session.
public enum SessionChange: Hashable, Sendable {
  case began(SessionID, Sampling.Mode, previous: SessionID?)
  /// It is written to a folder from now on, which already contains the buffer.
  case written(SessionID, SessionFolder)
  case paused(SessionID)
  case resumed(SessionID)
  case ended(SessionID, SessionLife.End)
  /// Nothing of it was kept.
  case dropped(SessionID, SessionDrop)
  /// It was buffered by a process that crashed, and is written now.
  case recovered(SessionID, SessionFolder)
  /// Segments of it, which was recorded and given to a delivery, were dropped before their destination had them:
  /// the reporter of an error that has its id should learn of it.
  case replayDropped(ReplayLoss)
  /// Its buffer no longer survives a crash of the process.
  case crashBufferLost(SessionID, StoreError)
}

/// The reason why nothing of a session was kept.
public enum SessionDrop: String, Sendable {
  /// It was buffered, and no error hit.
  case noError = "no error"
  case tooShort = "too short"
}

/// The outcome of a reported error.
public struct ErrorReport: Hashable, Sendable {
  /// The session that contains it, once the buffer is sealed in its folder; nil if there is none.
  public var session: SessionID?

  public init(session: SessionID?) { self.session = session }
}
