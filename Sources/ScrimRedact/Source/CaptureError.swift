import ScrimSystem

/// An issue of one frame: the run goes on, and the frame fails closed.
public struct CaptureIssue: Error, Hashable, Sendable, CustomStringConvertible {
  /// A file, and a line or a frame in it.
  public var place: String
  public var message: String

  public init(place: String, message: String) {
    self.place = place
    self.message = message
  }

  public var description: String { "\(place): \(message)" }
}

/// An error that ends a source.
public enum CaptureError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The input is invalid.
  case badInput(CaptureIssue)
  /// The system refused to open or read a file.
  case system(path: String, errno: Int32)
  /// The source does not exist, or not any more: a display, a compositor, a library.
  case unavailable(CaptureIssue)

  public var description: String {
    switch self {
    case .badInput(let fault), .unavailable(let fault): fault.description
    case .system(let path, let errno): "\(path): \(SystemCall.message(for: errno))"
    }
  }
}
