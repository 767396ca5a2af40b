public import ScrimCodec
public import ScrimPlayer
public import ScrimStore

/// The reason why an export failed or is incomplete.
public enum ExportError: Error, Sendable, CustomStringConvertible {
  /// The session, or the requested part of it, has no frame.
  case noFrames(path: String, isRange: Bool)
  case playback(PlaybackError)
  case store(StoreError)
  case codec(CodecError)
  /// The folder is not empty, so pictures would be mixed with its files.
  case notEmpty(path: String)
  /// A file or folder could not be written.
  case system(path: String, reason: String)
  /// The export was written, but missing or damaged segments are gaps in it.
  case partial(path: String, segments: Int)
  /// The file exceeds its size limit even at the lowest quality.
  case tooLarge(name: String, bytes: Int, limit: Int)
  /// A program that the format needs is missing, or failed.
  case program(name: String, reason: String)

  public var description: String {
    switch self {
    case .noFrames(let path, false): "\(path): the session has no frames, so there is nothing to export"
    case .noFrames(let path, true):
      "\(path): no frame lies in the time that --from and --until name; `scrim inspect` shows when the session begins and ends"
    case .playback(let error): "\(error)"
    case .store(let error): "\(error)"
    case .codec(let error): "\(error)"
    case .notEmpty(let path): "\(path): is not empty; give a new or an empty folder"
    case .system(let path, let reason): "\(path): \(reason)"
    case .partial(let path, let count):
      "\(path): \(count) segment\(count == 1 ? " is" : "s are") missing or damaged and shown as gaps; the rest is there"
    case .tooLarge(let name, let bytes, let limit):
      "\(name): takes \(bytes) bytes at the lowest quality, and \(limit) are allowed; give a smaller --scale or a shorter part"
    case .program(let name, let reason): "\(name): \(reason)"
    }
  }
}
