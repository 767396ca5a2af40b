import ArgumentParser
import Foundation
import ScrimCodec
import ScrimImage
import ScrimPlayer
import ScrimRecorder
import ScrimStore

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a session's frames exactly as a player shows them.")

  enum Target: String, CaseIterable, ExpressibleByArgument {
    case png
  }

  @Argument(help: "A session folder.")
  var session: String

  @Option(help: "The form to write: png.")
  var to: Target

  @Option(help: ArgumentHelp("Where the pictures go; a new or empty folder.", valueName: "dir"))
  var out: String

  @Option(help: ArgumentHelp("Only frames from this second of the session's clock on.", valueName: "s"))
  var from: Double?

  @Option(help: ArgumentHelp("Only frames before this second.", valueName: "s"))
  var until: Double?

  @Flag(help: "Say nothing but what went wrong.")
  var quiet = false

  func run() throws {
    let reader = try SessionFolder(path: session).opened()
    let folder = try PictureFolder(out)
    var player = SessionPlayer(reader)
    var progress = Progress(
      unit: "frames", total: reader.manifest.segments.reduce(0) { $0 + $1.frames }, isQuiet: quiet)
    Terminal.noteInterrupts()
    var written = 0
    do {
      var image: String?
      while !Terminal.isInterrupted, let frame = try player.next() {
        if frame.isChanged { image = nil }
        guard isWanted(frame.time), let picture = player.picture else { continue }
        let name = image ?? String(format: "%06d.png", frame.number)
        if image == nil {
          let png = try PNG.encode(
            picture.pixels.span, width: picture.width, height: picture.height, level: 2)
          try folder.write(png, name)
        }
        image = name
        try folder.list(
          #"{"index":\#(frame.number),"t_ms":\#(milliseconds(frame.time)),"image":"\#(name)"}"#)
        written += 1
        progress.show(written)
      }
      try folder.close()
    } catch let error as PlaybackError {
      progress.clear()
      throw Failure(.input, "\(error); \(written) frames before it are in \(out)")
    } catch let error as CodecError {
      progress.clear()
      throw Failure(.environment, "\(error)")
    }
    progress.clear()
    if Terminal.isInterrupted { throw Failure(.interrupted, "interrupted after \(written) frames") }
    if !quiet { Terminal.say("\(written) frames in \(out)") }
  }

  private func isWanted(_ time: Int64) -> Bool {
    let seconds = Double(time) / 1e9
    return seconds >= from ?? -.infinity && seconds < until ?? .infinity
  }
}

/// A folder of pictures and the list of their frames.
private struct PictureFolder {
  let path: String
  private let index: FileHandle

  init(_ path: String) throws {
    self.path = path
    let files = FileManager.default
    if let names = try? files.contentsOfDirectory(atPath: path), !names.isEmpty {
      throw Failure(.usage, "\(path): is not empty; give a new or an empty folder")
    }
    do {
      try files.createDirectory(atPath: path, withIntermediateDirectories: true)
      let list = path + "/frames.jsonl"
      try Data().write(to: URL(fileURLWithPath: list))
      index = try FileHandle(forWritingTo: URL(fileURLWithPath: list))
    } catch {
      throw Failure(.environment, "\(path): \(error.localizedDescription)")
    }
  }

  func write(_ bytes: [UInt8], _ name: String) throws {
    do { try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name)) } catch {
      throw Failure(.environment, "\(path)/\(name): \(error.localizedDescription)")
    }
  }

  func list(_ line: String) throws {
    do { try index.write(contentsOf: Data((line + "\n").utf8)) } catch {
      throw Failure(.environment, "\(path)/frames.jsonl: \(error.localizedDescription)")
    }
  }

  func close() throws {
    do { try index.close() } catch {
      throw Failure(.environment, "\(path)/frames.jsonl: \(error.localizedDescription)")
    }
  }
}
