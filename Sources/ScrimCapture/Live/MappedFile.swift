import Glibc
import ScrimRedact

/// A file or a device whose bytes someone else writes, seen as they are.
///
/// A file that is cut short while it is looked at would end the program, as with every mapping: only files that keep their size are
/// for this. ``isWhole`` is to be asked before each look.
@safe final class MappedFile {
  let path: String
  let descriptor: Int32
  let count: Int
  private let address: UnsafeMutableRawPointer

  /// - Parameter count: bytes to map; nil takes the file's size.
  init(_ path: String, count: Int? = nil) throws(CaptureError) {
    // The string lives until the call returns, which keeps no pointer to it.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(path: path, errno: errno) }
    let size = count ?? MappedFile.size(of: descriptor) ?? 0
    guard size > 0 else {
      close(descriptor)
      throw .badInput(
        CaptureFault(place: path, message: "there is no picture in it: it is empty or no plain file"))
    }
    guard let address = unsafe mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0),
      unsafe address != MAP_FAILED
    else {
      let cause = errno
      close(descriptor)
      throw .system(path: path, errno: cause)
    }
    self.path = path
    self.descriptor = descriptor
    self.count = size
    unsafe self.address = address
  }

  deinit {
    unsafe munmap(address, count)
    close(descriptor)
  }

  /// Whether the file still has a name and all its bytes.
  var isWhole: Bool {
    var status = stat()
    // `status` is ours and outlives the call.
    return unsafe fstat(descriptor, &status) == 0 && status.st_nlink > 0 && Int(status.st_size) >= count
  }

  /// The bytes of this moment; they may change while they are read.
  func look<Result, Fault: Error>(_ body: (Span<UInt8>) throws(Fault) -> Result) throws(Fault) -> Result {
    // The mapping is `count` bytes long and lasts as long as `self`, which lives over the call.
    let bytes = unsafe Span<UInt8>(
      _unsafeStart: address.assumingMemoryBound(to: UInt8.self), count: count)
    return try body(bytes)
  }

  private static func size(of descriptor: Int32) -> Int? {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
  }
}
