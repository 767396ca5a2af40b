import Foundation
import Glibc
import ScrimRedact
import ScrimTestSupport
import Testing

@testable import ScrimCapture

@Suite struct LineReaderTests {
  let temporary: TemporaryFolder

  init() throws { temporary = try TemporaryFolder() }

  private func lines(_ path: String) throws -> (lines: [String], numbers: [Int]) {
    var reader = try LineReader(path)
    var lines: [String] = []
    var numbers: [Int] = []
    while let line = try reader.next() {
      lines.append(String(decoding: line, as: UTF8.self))
      numbers.append(reader.lines)
    }
    #expect(try reader.next() == nil)
    return (lines, numbers)
  }

  private func lines(of text: String) throws -> (lines: [String], numbers: [Int]) {
    try temporary.write(Array(text.utf8), to: "lines")
    return try lines(temporary.path + "/lines")
  }

  @Test func endsOfLines() throws {
    #expect(try lines(of: "").lines == [])
    #expect(try lines(of: "\n\n \t\r\n").lines == [])
    #expect(try lines(of: "a").lines == ["a"])
    #expect(try lines(of: "a\nb").lines == ["a", "b"])
    #expect(try lines(of: "a\nb\n").lines == ["a", "b"])
    let windows = try lines(of: "{\"a\":1}\r\n\r\n{\"b\":2}\r\n")
    #expect(windows.lines == ["{\"a\":1}\r", "{\"b\":2}\r"])
    #expect(windows.numbers == [1, 3], "empty lines are counted, so that a message names the right one")
  }

  /// Lines of every length around the size of the chunk in which a file is read.
  @Test func longLines() throws {
    for length in [65_534, 65_535, 65_536, 65_537, 131_072, 200_001] {
      let long = String(repeating: "x", count: length)
      #expect(try lines(of: "a\n\(long)\nb\n\(long)").lines == ["a", long, "b", long], "\(length)")
    }
  }

  @Test func aLineHandedOutBeforeIsFoundAgain() throws {
    let all = (0..<300).map { String(repeating: "\($0 % 10)", count: 1 + $0 * 7) }
    try temporary.write(Array(all.joined(separator: "\n").utf8), to: "lines")
    var reader = try LineReader(temporary.path + "/lines")
    var places: [LineReader.Place] = []
    while try reader.next() != nil { places.append(reader.place) }
    #expect(places.count == 300)
    for (index, place) in places.enumerated() {
      #expect(place.line == index + 1)
      #expect(String(decoding: try reader.line(at: place), as: UTF8.self) == all[index])
    }
  }

  /// A pipe that delivers one byte at a time gives the same lines as a file.
  @Test func oneByteAtATime() throws {
    let text = "first\r\n\n{\"t_ms\":1}\nlast"
    let path = temporary.path + "/pipe"
    // The string lives as a C string until the call returns.
    try #require(unsafe mkfifo(path, 0o600) == 0)
    let writer = Thread {
      guard let file = FileHandle(forWritingAtPath: path) else { return }
      for byte in text.utf8 {
        try? file.write(contentsOf: Data([byte]))
        usleep(300)
      }
      try? file.close()
    }
    writer.start()
    #expect(try lines(path).lines == ["first\r", "{\"t_ms\":1}", "last"])
  }

  @Test func unreadableFilesAreReported() throws {
    #expect(throws: CaptureError.system(path: temporary.path + "/none", errno: ENOENT)) {
      try lines(temporary.path + "/none")
    }
    #expect(throws: CaptureError.system(path: temporary.path, errno: EISDIR)) { try lines(temporary.path) }
  }
}
