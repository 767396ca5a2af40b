import Glibc
import ScrimRedact
import ScrimSystem

/// A file or a device whose bytes another program writes, mapped to memory.
///
/// Truncating a mapped file while it is read terminates the process, as with every mapping, so only files
/// of constant size are suitable. Check ``isWhole`` before each access.
@safe final class MappedFile {
  let file: OpenFile
  var path: String { file.path }
  let count: Int
  private let address: UnsafeMutableRawPointer

  /// - Parameter count: bytes to map; nil uses the file's size.
  init(_ file: OpenFile, count: Int? = nil) throws(CaptureError) {
    let size = count ?? file.regularSize ?? 0
    guard size > 0 else {
      throw .badInput(
        CaptureIssue(place: file.path, message: "the file is empty or not a regular file"))
    }
    guard let address = unsafe mmap(nil, size, PROT_READ, MAP_SHARED, file.descriptor, 0),
      unsafe address != MAP_FAILED
    else { throw .system(path: file.path, errno: errno) }
    self.file = file
    self.count = size
    unsafe self.address = address
  }

  deinit {
    unsafe munmap(address, count)
  }

  /// Whether the file still has a name and all its bytes.
  var isWhole: Bool {
    guard let status = try? file.status() else { return false }
    return status.st_nlink > 0 && Int(status.st_size) >= count
  }

  /// The current bytes; they may change while they are read.
  func withBytes<Result, Fault: Error>(_ body: (Span<UInt8>) throws(Fault) -> Result) throws(Fault) -> Result
  {
    // The mapping is `count` bytes long and lasts as long as `self`, which outlives the call.
    let bytes = unsafe Span<UInt8>(
      _unsafeStart: address.assumingMemoryBound(to: UInt8.self), count: count)
    return try body(bytes)
  }
}
