import CScrimCrash
import Glibc
package import ScrimFormat
import ScrimSystem

/// Keeps the segments of a buffered session in a file that outlives the process, so that a crash does not lose them.
///
/// The file is in memory (tmpfs), so that nothing reaches a disk. It starts with two pages, ``CrashBufferHead`` and the crash mark,
/// followed by segments as in Format.md. Each segment starts at a page, and the last one is open. The memory of dropped segments is
/// released at once, so the file's length grows but its memory does not. Its owner holds a lock on it, which ends with the process.
package struct CrashBuffer: Sendable {
  private let watch: Watch
  private var file: OpenFile { watch.file }
  private var head: CrashBufferHead
  private var writer: SegmentWriter?
  /// Offset of the next bytes.
  private var end = CrashBufferHead.dataOffset

  /// - Parameters:
  ///   - session: the session's name.
  ///   - start: nanoseconds since 1970 at time 0 of the session.
  ///   - sealTo: the public key to which its session is sealed when it is written to a disk.
  package init(
    in folder: CrashBufferFolder, session: SessionID, start: Int64, sealTo: PublicKey? = nil
  ) throws(StoreError) {
    head = CrashBufferHead(session: session, start: start, process: Int(getpid()), sealTo: sealTo)
    let path = folder.path + "/\(head.process)-\(session).\(CrashBufferFolder.pathExtension)"
    watch = Watch(try Disk.open(path, O_RDWR | O_CREAT | O_EXCL, doing: "making the crash buffer"))
    try Disk.lock(file)
    try Disk.write(head.page, to: file, at: 0)
  }

  /// Registers the file for `scrim_mark_crash` while it is open.
  private final class Watch: Sendable {
    let file: OpenFile

    init(_ file: OpenFile) {
      self.file = file
      _ = scrim_crash_watch(file.descriptor)
    }

    func end() { scrim_crash_forget(file.descriptor) }

    deinit { end() }
  }

  package var path: String { file.path }

  /// Begins a segment.
  ///
  /// - Parameter segment: a segment with its first frame, of which nothing was drained.
  package mutating func begin(_ segment: SegmentWriter) throws(StoreError) {
    let page = CrashBufferHead.pageBytes
    end = (end + page - 1) / page * page
    let offset = end
    var segment = segment
    try drain(&segment)
    writer = segment
    // The segment is listed after it is written.
    head.offsets.append(offset)
    if head.offsets.count > CrashBufferHead.segmentLimit { try dropFirst(1) }
    try Disk.write(head.page, to: file, at: 0)
  }

  package mutating func append(_ frame: FrameRecord) throws(StoreError) {
    try append { (segment) throws(FormatError) in try segment.append(frame) }
  }

  package mutating func append(_ event: EventRecord) throws(StoreError) {
    try append { (segment) throws(FormatError) in try segment.append(event) }
  }

  package mutating func append(_ note: NoteRecord) throws(StoreError) {
    try append { (segment) throws(FormatError) in try segment.append(note) }
  }

  private mutating func append(
    _ body: (inout SegmentWriter) throws(FormatError) -> Void
  ) throws(StoreError) {
    guard var segment = writer else { preconditionFailure("records are appended to an open segment") }
    do { try body(&segment) } catch { throw StoreError(file.path, .segment(error)) }
    try drain(&segment)
    writer = segment
  }

  private mutating func drain(_ segment: inout SegmentWriter) throws(StoreError) {
    try Disk.write(segment.bytes, to: file, at: end)
    end += segment.drain()
  }

  package mutating func seal() { writer = nil }

  /// Drops the oldest segments.
  package mutating func dropFirst(_ count: Int) throws(StoreError) {
    guard count > 0, !head.offsets.isEmpty else { return }
    let first = head.offsets[0]
    head.offsets.removeFirst(min(count, head.offsets.count))
    let next = head.offsets.first ?? end
    try Disk.write(head.page, to: file, at: 0)
    guard scrim_give_back(file.descriptor, Int64(first), Int64(next - first)) == 0 else {
      throw Disk.failure(file.path, "giving memory back")
    }
  }

  /// Removes the file, after its session was written elsewhere or ended without a crash.
  package func remove() throws(StoreError) {
    watch.end()
    try Disk.remove(file.path)
  }
}

/// The first page of a crash buffer, in the byte order of the machine, which alone reads it.
struct CrashBufferHead: Hashable, Sendable {
  var session: SessionID
  var start: Int64
  var process: Int
  /// The public key to which the session must be sealed; nil for none, which is 32 zeros in the page.
  var sealTo: PublicKey?
  /// Offsets of the segments, in ascending order.
  var offsets: [Int] = []

  init(session: SessionID, start: Int64, process: Int, sealTo: PublicKey? = nil) {
    self.session = session
    self.start = start
    self.process = process
    self.sealTo = sealTo
  }

  static let pageBytes = 4096
  /// Offset after the head and the page of ``scrim_crash_mark``.
  static let dataOffset = 2 * pageBytes
  /// Maximum number of segments in a page.
  static let segmentLimit = 500
  static let magic: [UInt8] = Array("SCRIMBU2".utf8)
  private static let noKey = [UInt8](repeating: 0, count: 32)

  /// The bytes of a whole page, which the system copies in one piece.
  var page: [UInt8] {
    var body = session.bytes + (sealTo?.bytes ?? CrashBufferHead.noKey)
    for number in [Int(start), process, offsets.count] + offsets { append(number, to: &body) }
    var crc = CRC32C()
    crc.update(body.span)
    var page = CrashBufferHead.magic
    append(Int(crc.value), to: &page)
    page += body
    return page + [UInt8](repeating: 0, count: CrashBufferHead.pageBytes - page.count)
  }

  private func append(_ number: Int, to bytes: inout [UInt8]) {
    for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
  }

  /// Nil if the page was not written completely.
  init?(page: ArraySlice<UInt8>) {
    let page = Array(page)
    guard page.count == CrashBufferHead.pageBytes, page.starts(with: CrashBufferHead.magic) else {
      return nil
    }
    func number(at place: Int) -> Int {
      (0..<8).reduce(0) { $0 | Int(page[place + $1]) << (8 * $1) }
    }
    let count = number(at: 80)
    guard (0...CrashBufferHead.segmentLimit).contains(count) else { return nil }
    var crc = CRC32C()
    crc.update(page.span.extracting(16..<(88 + 8 * count)))
    guard number(at: 8) == Int(crc.value) else { return nil }
    session = SessionID(Array(page[16..<32]))
    let key = Array(page[32..<64])
    sealTo = key == CrashBufferHead.noKey ? nil : PublicKey(key)
    start = Int64(number(at: 64))
    process = number(at: 72)
    offsets = (0..<count).map { number(at: 88 + 8 * $0) }
    guard zip(offsets, offsets.dropFirst()).allSatisfy({ $0 < $1 }),
      offsets.first ?? CrashBufferHead.dataOffset >= CrashBufferHead.dataOffset
    else { return nil }
  }
}
