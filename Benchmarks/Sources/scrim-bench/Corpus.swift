import Foundation
import Glibc
import ScrimImage

/// Raw BGRX sessions in a folder: `NAME.raw` or `NAME.raw.zst`, and beside it `NAME.json` with `width`, `height` and `frames`.
struct Corpus {
  let sessions: [Session]
  /// Holds the unpacked files while the sessions are used.
  private let scratch: Scratch

  private struct Description: Decodable {
    var width: Int
    var height: Int
    var frames: Int
  }

  /// - Parameter wants: decides by name whether a session is used; others are not unpacked.
  init(_ folder: String, wants: (String) -> Bool) throws {
    scratch = try Scratch()
    let files: [String]
    do {
      files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    } catch {
      throw BenchError("--corpus \(folder): no folder that can be read")
    }
    var sessions: [Session] = []
    for file in files where file.hasSuffix(".raw") || file.hasSuffix(".raw.zst") {
      let name = String(file.prefix(while: { $0 != "." }))
      // If both exist, the unpacked one is used.
      guard wants("session \(name).raw"), !(file.hasSuffix(".zst") && files.contains("\(name).raw")) else {
        continue
      }
      let json = "\(folder)/\(name).json"
      guard let bytes = FileManager.default.contents(atPath: json) else {
        throw BenchError("\(folder)/\(file): needs \(json) with \"width\", \"height\" and \"frames\"")
      }
      let description: Description
      do {
        description = try JSONDecoder().decode(Description.self, from: bytes)
      } catch {
        throw BenchError("\(json): needs the numbers \"width\", \"height\" and \"frames\"")
      }
      var path = "\(folder)/\(file)"
      if file.hasSuffix(".zst") { path = try Corpus.unpack(path, to: scratch.path("\(name).raw")) }
      sessions.append(Session("\(name).raw", description.width, description.height, description.frames, path))
    }
    guard !sessions.isEmpty else { throw BenchError("--corpus \(folder): no NAME.raw or NAME.raw.zst there") }
    self.sessions = sessions
  }

  private static func unpack(_ path: String, to raw: String) throws -> String {
    let run = Program.run(["zstd", "-q", "-d", "--long=27", "-f", path, "-o", raw])
    switch run.status {
    case 0: return raw
    case 127: throw BenchError("\(path): to unpack it, install the command zstd")
    default:
      throw BenchError("\(path): zstd could not unpack it; is there room in \(NSTemporaryDirectory())?")
    }
  }
}

extension Session {
  fileprivate init(_ name: String, _ width: Int, _ height: Int, _ count: Int, _ path: String) {
    self.name = name
    self.width = width
    self.height = height
    self.count = count
    self.path = path
    let size = width * height * 4
    frames = {
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      // One buffer for all frames, so that reading adds nothing to the measured memory.
      var buffer = [UInt8](repeating: 0, count: size)
      return { index in
        var filled = 0
        while filled < size {
          let count = buffer.withUnsafeMutableBytes {
            read(file.fileDescriptor, $0.baseAddress! + filled, size - filled)
          }
          guard count > 0 else { throw BenchError("\(path): ends within frame \(index)") }
          filled += count
        }
        return try Frame(width: width, height: height, stride: width * 4, format: .bgrx, bytes: buffer.span)
      }
    }
  }
}
