import CScrim
import ScrimRecorder
import ScrimRedact
import ScrimStore

/// The program's callbacks about sessions. Safe to send: the program guarantees that they may be called from the
/// recorder's thread, and the context is never dereferenced here.
@safe struct SessionListener: @unchecked Sendable {
  typealias Ask =
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafePointer<CChar>?, UnsafePointer<CChar>?
    ) -> Int32
  typealias OnChange =
    @convention(c) (
      UnsafeMutableRawPointer?, Int32, UnsafePointer<CChar>?, UnsafePointer<CChar>?
    ) -> Void

  let ask: Ask?
  let onChange: OnChange?
  let context: UnsafeMutableRawPointer?

  var asks: Bool { unsafe ask != nil }
  var hasOnChange: Bool { unsafe onChange != nil }

  /// Asks the program about an error before its draw.
  func allows(_ error: Event) -> Bool {
    let (name, message) = (error.name ?? "", error.message ?? "")
    return unsafe name.withCString { name in
      unsafe message.withCString { unsafe ask?(context, name, $0) ?? 1 }
    } != 0
  }

  func note(_ change: SessionChange) {
    switch change {
    case .began(let id, let mode, _): call(SCRIM_SESSION_BEGAN, "\(id)", mode.rawValue)
    case .written(let id, let folder): call(SCRIM_SESSION_WRITTEN, "\(id)", folder.path)
    case .paused(let id): call(SCRIM_SESSION_PAUSED, "\(id)", "")
    case .resumed(let id): call(SCRIM_SESSION_RESUMED, "\(id)", "")
    case .ended(let id, let end): call(SCRIM_SESSION_ENDED, "\(id)", end.rawValue)
    case .recovered(let id, let folder): call(SCRIM_SESSION_RECOVERED, "\(id)", folder.path)
    case .crashBufferLost(let id, let error): call(SCRIM_SESSION_UNPROTECTED, "\(id)", "\(error)")
    case .replayDropped(let loss):
      call(SCRIM_SESSION_REPLAY_DROPPED, "\(loss.session)", loss.reason.rawValue)
    case .dropped(let id, let reason): call(SCRIM_SESSION_DROPPED, "\(id)", reason.rawValue)
    }
  }

  private func call(_ change: Int, _ id: String, _ detail: String) {
    unsafe id.withCString { id in
      unsafe detail.withCString { unsafe onChange?(context, Int32(change), id, $0) }
    }
  }
}
