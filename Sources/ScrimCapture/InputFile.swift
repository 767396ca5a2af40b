import Glibc
import ScrimImage
import ScrimRedact
import ScrimSystem

/// A file or standard input, read sequentially.
final class InputFile {
  let path: String
  private let file: OpenFile
  private var descriptor: Int32 { file.descriptor }

  /// - Parameter path: `-` is standard input.
  init(_ path: String) throws(CaptureError) {
    self.path = path
    file = path == "-" ? .standardInput : try .input(path)
  }

  /// Fills `bytes` from the front, up to the end of the input.
  ///
  /// - Returns: bytes read; fewer than `bytes.count` only at the end.
  /// - Throws: `system` with EINTR after a signal that the program handles: it may be a request to end.
  func read(into bytes: inout [UInt8]) throws(CaptureError) -> Int {
    // The pointer and the count describe `bytes`.
    try unsafe bytes.withUnsafeMutableBytes { bytes in
      Result { () throws(CaptureError) in try unsafe read(into: bytes) }
    }.get()
  }

  /// The same into raw memory.
  func read(into bytes: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
    var filled = 0
    while filled < bytes.count {
      // The pointer and the count describe the rest of `bytes`.
      let count = unsafe Glibc.read(descriptor, bytes.baseAddress?.advanced(by: filled), bytes.count - filled)
      if count == 0 { break }
      guard count > 0 else { throw .system(path: path, errno: errno) }
      filled += count
    }
    return filled
  }

  /// The current position of a regular file, which can be mapped; else nil.
  var position: Int? {
    guard file.regularSize != nil else { return nil }
    let position = lseek(descriptor, 0, SEEK_CUR)
    return position >= 0 ? Int(position) : nil
  }

  /// Current size of a regular file in bytes.
  func size() throws(CaptureError) -> Int {
    do { return try Int(file.status().st_size) } catch { throw .system(path: path, errno: error.errno) }
  }

  /// Sets the position in a regular file.
  func seek(to position: Int) throws(CaptureError) {
    guard lseek(descriptor, off_t(position), SEEK_SET) >= 0 else { throw .system(path: path, errno: errno) }
  }

  /// Maps bytes of a regular file: a frame of 8 MB costs 0.1 ms, and reading it 1.2 ms, of which half is
  /// for a copy that is used once.
  ///
  /// The file must keep the bytes while they are mapped: truncating it meanwhile terminates the process.
  ///
  /// - Returns: nil if the system can't map it; then it must be read.
  func map(at offset: Int, count: Int) -> FrameMemory? {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let lead = offset % page
    let mapped = unsafe mmap(
      nil, lead + count, PROT_READ, MAP_SHARED | MAP_POPULATE, descriptor, off_t(offset - lead))
    guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else { return nil }
    // The mapping holds `lead + count` bytes, and is unmapped with the same values.
    let address = Int(bitPattern: mapped)
    return unsafe FrameMemory(adopting: UnsafeMutableRawBufferPointer(start: mapped + lead, count: count)) {
      _ = unsafe munmap(UnsafeMutableRawPointer(bitPattern: address), lead + count)
    }
  }

  /// Bytes `offset..<offset + count` of a seekable file.
  func bytes(at offset: Int, count: Int) throws(CaptureError) -> [UInt8] {
    do throws(SystemError) {
      let bytes = try file.read(count, at: offset)
      guard bytes.count == count else { throw SystemError(errno: EIO) }
      return bytes
    } catch { throw .system(path: path, errno: error.errno) }
  }

  /// All bytes of a file.
  static func contents(of path: String, limit: Int = 1 << 32) throws(CaptureError) -> [UInt8] {
    let file = try InputFile(path)
    var result: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try file.read(into: &chunk)
      result += chunk[0..<count]
      guard result.count <= limit else {
        throw .badInput(
          CaptureIssue(place: path, message: "the file is over the limit of \(limit) bytes"))
      }
      if count < chunk.count { return result }
    }
  }
}

extension OpenFile {
  /// Opens a file to read it.
  static func input(_ path: String) throws(CaptureError) -> OpenFile {
    do { return try OpenFile(path, O_RDONLY) } catch { throw .system(path: path, errno: error.errno) }
  }
}

/// The lines of a file, one at a time; the longest line bounds the memory.
struct LineReader {
  private let file: InputFile
  private var buffer: [UInt8] = []
  private var start = 0
  private var chunk = [UInt8](repeating: 0, count: 1 << 16)
  private var atEnd = false
  /// Number of lines returned, including empty ones.
  private(set) var lines = 0
  /// Location of the last line returned.
  private(set) var place = Place(line: 0, offset: 0, count: 0)
  /// Offset in the file at which `buffer` begins.
  private var bufferOffset = 0

  /// Location of a line in its file: its number from 1, and its bytes.
  struct Place {
    var line: Int
    var offset: Int
    var count: Int
  }

  /// Maximum bytes of a line.
  static let limit = 1 << 26

  init(_ path: String) throws(CaptureError) {
    file = try InputFile(path)
  }

  /// The next line without its line feed; nil at the end. Empty lines are skipped.
  mutating func next() throws(CaptureError) -> [UInt8]? {
    while let line = try nextRaw() {
      if line.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }) { return line }
    }
    return nil
  }

  private mutating func nextRaw() throws(CaptureError) -> [UInt8]? {
    var searched = start
    while true {
      if let end = buffer[searched...].firstIndex(of: 0x0A) {
        defer { start = end + 1 }
        return take(start..<end)
      }
      if atEnd {
        guard start < buffer.count else { return nil }
        defer { start = buffer.count }
        return take(start..<buffer.count)
      }
      buffer.removeFirst(start)
      bufferOffset += start
      start = 0
      searched = buffer.count
      guard buffer.count <= LineReader.limit else {
        throw .badInput(
          CaptureIssue(
            place: "\(file.path):\(lines + 1)",
            message: "the line is over the limit of \(LineReader.limit) bytes"))
      }
      let count = try file.read(into: &chunk)
      buffer += chunk[0..<count]
      atEnd = count < chunk.count
    }
  }

  private mutating func take(_ range: Range<Int>) -> [UInt8] {
    lines += 1
    place = Place(line: lines, offset: bufferOffset + range.lowerBound, count: range.count)
    return Array(buffer[range])
  }

  /// Reads again a line that was returned before.
  func line(at place: Place) throws(CaptureError) -> [UInt8] {
    try file.bytes(at: place.offset, count: place.count)
  }
}
