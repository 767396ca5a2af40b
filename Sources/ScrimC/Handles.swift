import CScrim
import ScrimRecorder
import Synchronization

/// A recorder that a C program holds, with the state that its calls need.
struct Held: Sendable {
  var recorder: Recorder
  var decide: Decide?
}

/// The program's callback and its context. Safe to send: the program guarantees that it may be called from any
/// capturing thread, and the context is never dereferenced here.
@safe struct Decide: @unchecked Sendable {
  let call: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<scrim_widget>?) -> Int32
  let context: UnsafeMutableRawPointer?
}

/// The existing recorders, by handle. A handle is a number in the form of a pointer, which is never dereferenced or
/// used twice, so a destroyed or invalid handle is detected.
enum Handles {
  private static let held = Mutex<(next: UInt, all: [UInt: Held])>((16, [:]))

  static func add(_ new: Held) -> OpaquePointer? {
    let key = held.withLock { held in
      defer { held.next += 16 }
      held.all[held.next] = new
      return held.next
    }
    return unsafe OpaquePointer(bitPattern: key)
  }

  static func find(_ handle: OpaquePointer?) throws(Refusal) -> Held {
    let key = UInt(bitPattern: handle)
    guard let found = held.withLock({ $0.all[key] }) else { throw Refusal.noHandle }
    return found
  }

  static func remove(_ handle: OpaquePointer?) throws(Refusal) {
    let key = UInt(bitPattern: handle)
    // The recorder is released outside of the lock.
    let removed = held.withLock { $0.all.removeValue(forKey: key) }
    if removed == nil { throw Refusal.noHandle }
  }
}

/// The failure of a call: its status and message.
struct Refusal: Error {
  var status: Int32
  var message: String

  static let noHandle = Refusal(
    SCRIM_ERROR_HANDLE, "this is no recorder, or one that was freed; make one with scrim_create")

  init(_ status: Int, _ message: String) {
    self.status = Int32(truncatingIfNeeded: status)
    self.message = message
  }

  init(_ error: RecorderError) {
    let status =
      switch error {
      case .notStarted, .startedTwice, .stopped: SCRIM_ERROR_STATE
      case .recording, .noThread, .noStandardError: SCRIM_ERROR_RECORDING
      case .noDelivery: SCRIM_ERROR_DELIVERY
      case .badSurface, .badTime, .noBoxes, .badOptions: SCRIM_ERROR_ARGUMENT
      case .badBoxes: SCRIM_ERROR_BOXES
      case .calledFromRecorder: SCRIM_ERROR_THREAD
      }
    self.init(status, error.description)
  }

  static func argument(_ message: String) -> Refusal { Refusal(SCRIM_ERROR_ARGUMENT, message) }
}

/// Runs a call, and keeps the message of a failure.
func answer(_ body: () throws(Refusal) -> Int) -> Int32 {
  do throws(Refusal) {
    return Int32(truncatingIfNeeded: try body())
  } catch {
    var message = error.message
    message.withUTF8 { bytes in
      unsafe bytes.withMemoryRebound(to: CChar.self) { bytes in
        unsafe cscrim_set_message(bytes.baseAddress, bytes.count)
      }
    }
    return error.status
  }
}
