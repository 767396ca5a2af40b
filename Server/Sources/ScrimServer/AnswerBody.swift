import Hummingbird
import NIOCore
import NIOPosix
import ScrimFormat
import ScrimStore

/// What is stored under a name: in memory, or a file that is read in parts.
enum StoredContent: Sendable {
  case bytes([UInt8], SHA256Digest)
  case file(StoredSegment)

  init(_ bytes: [UInt8]) { self = .bytes(bytes, SHA256.digest(bytes.span)) }

  var count: Int {
    switch self {
    case .bytes(let bytes, _): bytes.count
    case .file(let segment): segment.bytes
    }
  }

  var digest: SHA256Digest {
    switch self {
    case .bytes(_, let digest): digest
    case .file(let segment): segment.digest
    }
  }
}

/// Makes bodies of answers. A large one is sent in parts, each of them when the client has taken most of the one before, so
/// that a client that reads slowly, or nothing, holds two parts in memory. What can't be read in parts is counted until it is
/// sent.
struct AnswerBodies: Sendable {
  /// Bodies up to this size are sent at once, and not counted.
  static let small = 64 << 10

  let disk: NIOThreadPool
  let budget: BodyBudget

  /// - Throws: ``Refusal`` if too many bodies are being sent.
  func body(_ content: StoredContent, _ range: Range<Int>) throws -> ResponseBody {
    switch content {
    case .bytes(let bytes, _): return try body(bytes[range])
    case .file(let segment):
      let counted = try count(min(range.count, 2 * StoredSegment.part))
      return parts(of: range) { [disk] part in
        defer { withExtendedLifetime(counted) {} }
        return ByteBuffer(bytes: try await disk.runIfActive { try segment.read(part) })
      }
    }
  }

  func body(_ bytes: ArraySlice<UInt8>) throws -> ResponseBody {
    guard bytes.count > AnswerBodies.small else { return ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)) }
    let counted = try count(bytes.count)
    return parts(of: bytes.indices) { part in
      defer { withExtendedLifetime(counted) {} }
      return ByteBuffer(bytes: bytes[part])
    }
  }

  private func parts(
    of range: Range<Int>, _ read: @escaping @Sendable (Range<Int>) async throws -> ByteBuffer
  ) -> ResponseBody {
    ResponseBody(contentLength: range.count) { writer in
      for start in stride(from: range.lowerBound, to: range.upperBound, by: StoredSegment.part) {
        let part = try await read(start..<min(start + StoredSegment.part, range.upperBound))
        // Waits until the channel's buffer has room.
        try await writer.write(part)
      }
      try await writer.finish(nil)
    }
  }

  private func count(_ bytes: Int) throws -> CountedBytes {
    guard let counted = CountedBytes(bytes, in: budget) else {
      throw Refusal(503, "too many answers at once", retryAfter: 1)
    }
    return counted
  }
}

/// Bytes of a budget, until the last reference is released: when a body is sent, or will not be.
private final class CountedBytes: Sendable {
  private let bytes: Int
  private let budget: BodyBudget

  init?(_ bytes: Int, in budget: BodyBudget) {
    guard budget.reserve(bytes) else { return nil }
    self.bytes = bytes
    self.budget = budget
  }

  deinit { budget.release(bytes) }
}
