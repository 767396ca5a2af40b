public import ScrimStore

/// Totals of an upload.
package struct UploadSummary: Hashable, Sendable {
  package var delivered = 0
  package var deliveredBytes = 0
  package var rejected = 0
  package var damaged = 0
  /// Dropped because of a limit, or because the destination had deleted their session.
  package var dropped = 0
  package var waiting = 0
  package var waitingBytes = 0

  package init() {}
}

/// Events during an upload.
package enum UploadEvent: Sendable {
  case progress(UploadSummary)
  /// A sentence for people. Repeated failures of one kind are reported once.
  case message(String)
  /// Segments of a session were dropped.
  case lost(ReplayLoss)
}

/// Why an upload ended early.
public enum UploadError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Another process uses the spool.
  case inUse(String)
  case spool(StoreError)
  /// The destination accepts nothing from this sender (401, 403).
  case refused(String)
  /// The destination can't be used.
  case destination(DestinationError)

  public var description: String {
    switch self {
    case .destination(let error): "\(error)"
    case .inUse(let path): "\(path): another uploader is using this spool"
    case .spool(let error): "\(error)"
    case .refused(let what): what
    }
  }
}
