import Glibc
import ScrimRedact
import ScrimSystem

enum UnixSocket {
  /// Connects to a socket of the file system.
  ///
  /// - Parameter advice: the remedy if there is no answer.
  /// - Returns: a descriptor that the caller must close.
  static func connect(_ path: String, place: String, advice: String) throws(CaptureError) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    guard bytes.count < room else {
      throw .unavailable(
        CaptureIssue(place: place, message: "the path of its socket is longer than \(room - 1) bytes"))
    }
    // `bytes` is shorter than the field, whose remaining bytes are zero.
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw .system(path: path, errno: errno) }
    // The address is ours and outlives the call.
    let connected = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard connected == 0 else {
      let cause = errno
      close(descriptor)
      throw .unavailable(
        CaptureIssue(
          place: place,
          message: "no compositor answers at \(path) (\(SystemCall.message(for: cause))); \(advice)"))
    }
    return descriptor
  }
}
