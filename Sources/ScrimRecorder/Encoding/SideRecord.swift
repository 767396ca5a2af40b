import ScrimFormat

/// A record between frames.
enum SideRecord: Sendable {
  case event(EventRecord)
  case note(NoteRecord)

  func append<Output: SegmenterOutput & ~Copyable>(
    to output: inout Output
  ) throws(SegmentingError<Output.Failure>) {
    switch self {
    case .event(let event): try output.append(event)
    case .note(let note): try output.append(note)
    }
  }
}
