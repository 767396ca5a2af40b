public import ScrimFormat
public import ScrimRedact
public import ScrimStore

/// What a recorder of sessions is given from outside: places, clocks, chance, and who is told.
public struct SessionSettings: Sendable {
  public var options: SessionOptions
  /// Where the sessions that are written go, counted from 0, with the name of each. A folder is asked for when its session begins to be
  /// written.
  public var folder: @Sendable (Int, SessionID) -> SessionFolder
  /// Nanoseconds since 1970 at time 0 of the source's clock; not used where there is ``moment``.
  public var start: Int64
  /// Both clocks as of now; nil for those of the frames, as for inputs that are no screens.
  public var moment: (@Sendable () -> SessionMoment)?
  /// A number from 0 up to, but not including, 1, for each draw.
  public var chance: @Sendable () -> Double
  /// The name of each session.
  public var name: @Sendable () -> SessionID
  /// Asked before the draw for an error that is reported while a session is buffered; false has it count as a miss.
  public var beforeErrorSampling: (@Sendable (Event) -> Bool)?
  /// `$XDG_RUNTIME_DIR`, for ``SessionOptions/crashBuffer``; nil for that of the environment.
  public var runtimeFolder: String?
  /// A file of systemd's journal in which core files of crashed recorders are looked for; nil for the machine's.
  public var journal: String?
  /// Told what becomes of sessions, by the thread that records.
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
  /// The folder of the session that is the `count`-th behind this one's: `DIR`, `DIR.2`, `DIR.3`.
  public func following(_ count: Int) -> SessionFolder {
    count == 0 ? self : SessionFolder(path: "\(path).\(count + 1)")
  }
}

/// Something that became of a session.
public enum SessionChange: Hashable, Sendable {
  case began(SessionID, Sampling.Mode, previous: SessionID?)
  /// It is written to a folder from now on; what was buffered is there already.
  case written(SessionID, SessionFolder)
  case paused(SessionID)
  case resumed(SessionID)
  case ended(SessionID, SessionLife.End)
  /// Nothing of it is left.
  case dropped(SessionID, SessionDrop)
  /// It was buffered by a process that crashed, and is written now.
  case recovered(SessionID, SessionFolder)
  /// What is buffered of it is no longer kept for a crash of the process.
  case crashBufferLost(SessionID, StoreError)
}

/// Why nothing is left of a session.
public enum SessionDrop: String, Sendable {
  /// It was buffered, and no error was taken.
  case noError = "no error"
  case tooShort = "too short"
}

/// What became of a reported error.
public struct ErrorReport: Hashable, Sendable {
  /// The session that holds it, once what was buffered is sealed in its folder; nil where there is none.
  public var session: SessionID?

  public init(session: SessionID?) { self.session = session }
}
