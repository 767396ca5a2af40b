import ScrimCapture
import ScrimExport
import ScrimFormat
import ScrimRecorder
import ScrimRedact
import ScrimStore

/// The exit codes other than 0.
enum FailureCode: Int32 {
  /// Some input was refused; the rest was processed.
  case input = 1
  case usage = 2
  /// Disk full, a file that can't be read, no display.
  case environment = 3
  case interrupted = 130
}

/// Ends a command that could not do everything that was requested.
struct Failure: Error {
  var code: FailureCode
  var message: String

  init(_ code: FailureCode, _ message: String) {
    self.code = code
    self.message = message
  }

  init(_ error: StoreError) {
    let code: FailureCode =
      switch error.fault {
      case .system: .environment
      case .caller: .usage
      case .input, .limit: .input
      }
    self.init(code, "\(error)")
  }

  init(_ error: ExportError) {
    switch error {
    case .store(let error): self.init(error)
    case .noFrames, .partial, .playback, .tooLarge: self.init(.input, "\(error)")
    case .notEmpty: self.init(.usage, "\(error)")
    case .codec, .system, .program: self.init(.environment, "\(error)")
    }
  }

  init(_ error: CaptureError) {
    switch error {
    case .badInput: self.init(.input, "\(error)")
    case .system, .unavailable: self.init(.environment, "\(error)")
    }
  }

  init(_ error: RecordingError) {
    switch error {
    case .output(let error): self.init(error)
    case .format, .codec: self.init(.input, "\(error)")
    }
  }
}
