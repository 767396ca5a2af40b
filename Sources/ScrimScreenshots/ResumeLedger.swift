import Foundation
import Glibc
import ScrimFormat
import ScrimSystem
import Synchronization

/// Record of images finished by earlier runs, in a folder beside the output: `key`, 32 random bytes
/// readable by the owner only, and `done-*`, one line with two digests per image. Without the key the
/// digests give no information about a picture, its boxes or its name.
final class ResumeLedger: Sendable {
  private let key: [UInt8]
  private let finished: [Mark: Mark]
  private let file: OpenFile
  private let path: String
  /// Length of two marks, a space and a line feed.
  private static let lineLength = 66

  /// The first half of a keyed digest.
  struct Mark: Hashable, Sendable {
    var high: UInt64
    var low: UInt64

    init(_ digest: SHA256Digest) {
      (high, low) = (0, 0)
      for byte in digest.bytes[0..<8] { high = high << 8 | UInt64(byte) }
      for byte in digest.bytes[8..<16] { low = low << 8 | UInt64(byte) }
    }

    /// - Parameter hex: 32 digits.
    init?(hex: ArraySlice<UInt8>) {
      precondition(hex.count == 32, "a mark has 32 digits")
      (high, low) = (0, 0)
      for byte in hex {
        let digit: UInt8
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
        default: return nil
        }
        (high, low) = (high << 4 | low >> 60, low << 4 | UInt64(digit))
      }
    }

    var hex: String {
      [high, low].map { half in
        let digits = String(half, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
      }.joined()
    }
  }

  /// Opens the ledger, and makes it if it is missing.
  ///
  /// - Parameters:
  ///   - shard: concurrent runs have separate files.
  ///   - resuming: whether to read the results of earlier runs.
  init(_ path: String, shard: Shard, resuming: Bool) throws(OutputError) {
    self.path = path
    try OutputFolder.make(path)
    key = try ResumeLedger.key(in: path)
    var finished: [Mark: Mark] = [:]
    if resuming {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
      for name in names where name.hasPrefix("done-") {
        // A torn last line is not a line of two digests, and is skipped.
        let bytes = (try? Data(contentsOf: URL(fileURLWithPath: path + "/" + name))).map { [UInt8]($0) } ?? []
        finished.reserveCapacity(finished.count + bytes.count / ResumeLedger.lineLength)
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
          guard line.count == ResumeLedger.lineLength - 1, line[line.startIndex + 32] == UInt8(ascii: " "),
            let input = Mark(hex: line.prefix(32)), let output = Mark(hex: line.suffix(32))
          else { continue }
          finished[input] = output
        }
      }
    }
    self.finished = finished
    let file = path + "/done-\(shard.index)-of-\(shard.count)"
    do { self.file = try OpenFile(file, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW) } catch {
      throw .system(.system(path: file, doing: "opening", errno: error.errno))
    }
    // Terminates a torn last line left by a killed run.
    try append([UInt8(ascii: "\n")])
  }

  /// The folder's key; made by the first run. If several first runs start at once, one of them makes it.
  private static func key(in path: String) throws(OutputError) -> [UInt8] {
    do throws(FolderError) {
      let folder = try Folder(path)
      for _ in 0..<2 {
        if let key = try folder.contents(of: "key", limit: 32), key.count == 32 { return key }
        var generator = SystemRandomNumberGenerator()
        let key = (0..<32).map { _ in UInt8.random(in: 0 ... .max, using: &generator) }
        let temporary = "key-\(UInt64.random(in: 0 ... .max))"
        // The strings live as C strings until a call returns.
        defer { unsafe _ = unlinkat(folder.descriptor, temporary, 0) }
        try folder.file.attempt("making a key") { () throws(SystemError) in
          let file = try OpenFile(temporary, in: folder.file, O_WRONLY | O_CREAT | O_EXCL)
          try file.write(key)
          try file.sync()
        }
        if unsafe linkat(folder.descriptor, temporary, folder.descriptor, "key", 0) != 0, errno != EEXIST {
          throw .system(path: path, doing: "making a key", errno: errno)
        }
      }
      throw .changed(path: path + "/key")
    } catch {
      throw .system(error)
    }
  }

  /// Digest of everything that an output depends on.
  func mark(of parts: [[UInt8]]) -> Mark {
    var inner = SHA256()
    inner.update(key(masked: 0x36).span)
    for part in parts {
      var count = UInt64(part.count)
      var length: [UInt8] = []
      for _ in 0..<8 {
        length.append(UInt8(truncatingIfNeeded: count))
        count >>= 8
      }
      inner.update(length.span)
      inner.update(part.span)
    }
    var outer = SHA256()
    outer.update(key(masked: 0x5C).span)
    outer.update(inner.digest().bytes.span)
    return Mark(outer.digest())
  }

  /// A name for an image's output that reveals nothing of the image's own name.
  func name(for path: String) -> String { mark(of: [Array("name".utf8), Array(path.utf8)]).hex }

  /// The key in the form that HMAC (RFC 2104) requires.
  private func key(masked mask: UInt8) -> [UInt8] {
    key.map { $0 ^ mask } + [UInt8](repeating: mask, count: 64 - key.count)
  }

  /// The output that an earlier run made of the input; nil if there is none.
  func output(of input: Mark) -> Mark? { finished[input] }

  func note(_ input: Mark, output: Mark) throws(OutputError) {
    try append(Array("\(input.hex) \(output.hex)\n".utf8))
  }

  /// One system call per line, so that lines of several threads don't mix.
  private func append(_ bytes: [UInt8]) throws(OutputError) {
    do { try file.write(bytes) } catch {
      throw .system(.system(path: path, doing: "writing", errno: error.errno))
    }
  }
}

/// A part of the images, selected by the hash of their paths, the same on every machine.
public struct Shard: Hashable, Sendable {
  /// 1 to `count`.
  public let index: Int
  public let count: Int

  public static let whole = Shard(index: 1, count: 1)

  public init(index: Int, count: Int) {
    precondition(count >= 1 && (1...count).contains(index), "shards are numbered from 1 to their count")
    self.index = index
    self.count = count
  }

  func holds(_ path: String) -> Bool { Int(Text.hash(path.utf8) % UInt64(count)) == index - 1 }
}
