import Dispatch
import Foundation
import Glibc
import ScrimCodec
import ScrimRedact
import ScrimTestSupport
import Testing

@testable import ScrimScreenshots

/// Other content of folders than images, and relations between folders. Folders.md has the expected
/// results.
@Suite struct FolderTests {
  @Test func treesAreMirrored() throws {
    let space = try Workspace()
    try space.putImage("a.png", try Pictures.png(), sidecar: Pictures.sidecar())
    try space.putImage("b/c/d.PNG", try Pictures.png(), sidecar: Pictures.sidecar())
    try space.put("in/b/e.jpeg", try Pictures.jpeg())
    try space.put("in/b/e.json", Array(Pictures.sidecar(48, 40).utf8))
    try space.put("in/b/notes.txt", Array("s3cret".utf8))
    let results = try space.run()
    #expect(results.values.allSatisfy { $0.status == .written })
    #expect(space.outputs == ["a.png", "b/c/d.PNG", "b/e.jpeg"])
    try space.run {
      $0.output = space.root + "/png"
      $0.state = space.root + "/state"
      $0.settings.output = .png
    }
    #expect(try space.bytes("png/b/e.png").starts(with: [0x89, 0x50]))
  }

  @Test func sidecarsMayLieInATreeOfTheirOwn() throws {
    let space = try Workspace()
    try space.put("in/a/b.png", try Pictures.png())
    try space.put("in/c.png", try Pictures.png())
    try space.put("in/d/e.png", try Pictures.png())
    try space.put("boxes/a/b.json", Array(Pictures.sidecar().utf8))
    try space.put("boxes/c.png.json", Array(Pictures.sidecar().utf8))
    let results = try space.run { $0.widgets = space.root + "/boxes" }
    #expect(results["a/b.png"]?.status == .written && results["c.png"]?.status == .written)
    #expect(results["d/e.png"]?.reason == "no boxes")
  }

  @Test func aStemThatTwoImagesShareNamesNoSidecar() throws {
    let space = try Workspace()
    try space.put("in/a.png", try Pictures.png())
    try space.put("in/a.jpg", try Pictures.jpeg())
    try space.put("in/a.json", Array(Pictures.sidecar().utf8))
    #expect(try space.run().values.allSatisfy { $0.reason == "no boxes" })
  }

  @Test func linksPipesAndSocketsAreNeverOpened() throws {
    let space = try Workspace()
    try space.put("other/a.png", try Pictures.png())
    try space.put("other/a.png.json", Array(Pictures.sidecar().utf8))
    try space.putImage("good.png", try Pictures.png(), sidecar: Pictures.sidecar())
    let manager = FileManager.default
    for (name, target) in [
      ("link.png", "../other/a.png"), ("dangling.png", "nowhere"), ("folder", "../other"), ("loop", "."),
      ("harmless", "../other/a.png.json"),
    ] {
      try manager.createSymbolicLink(atPath: space.input + "/" + name, withDestinationPath: target)
    }
    try #require(unsafe mkfifo(space.input + "/pipe.png", 0o600) == 0)
    // A sidecar that is a link or a pipe does not count.
    try space.putImage("linked.png", try Pictures.png())
    try manager.createSymbolicLink(
      atPath: space.input + "/linked.png.json", withDestinationPath: "../other/a.png.json")
    try space.putImage("piped.png", try Pictures.png())
    try #require(unsafe mkfifo(space.input + "/piped.png.json", 0o600) == 0)
    let results = try space.run()
    for name in ["link.png", "dangling.png", "folder", "loop", "pipe.png"] {
      #expect(results[name]?.reason == "not a regular file", "\(name)")
    }
    #expect(results["linked.png"]?.reason == "bad boxes" && results["piped.png"]?.reason == "bad boxes")
    #expect(results["harmless"] == nil)
    #expect(space.outputs == ["good.png"])
  }

  @Test func aHardLinkOfTheInputIsNotWrittenTo() throws {
    let space = try Workspace()
    let bytes = try Pictures.png()
    try space.putImage("a.png", bytes, sidecar: Pictures.sidecar())
    try #require(unsafe link(space.input + "/a.png", space.input + "/b.png") == 0)
    try space.put("in/b.png.json", Array(Pictures.sidecar().utf8))
    // A file with the output's name exists already, as a copy by links would leave it.
    try FileManager.default.createDirectory(atPath: space.output, withIntermediateDirectories: true)
    try #require(unsafe link(space.input + "/a.png", space.output + "/a.png") == 0)
    let results = try space.run()
    #expect(results["a.png"]?.reason == "output exists" && results["b.png"]?.status == .written)
    #expect(try space.bytes("in/a.png") == bytes)
    #expect(try space.bytes("out/b.png") != bytes)
  }

  @Test func existingOutputsAreKept() throws {
    let space = try Workspace()
    for name in ["file.png", "link.png", "folder.png", "sub/a.png", "same.png"] {
      try space.putImage(name, try Pictures.png(), sidecar: Pictures.sidecar())
    }
    try space.put("victim", [1])
    try space.put("out/file.png", [1, 2, 3])
    try space.put("out/folder.png/x", [])
    let manager = FileManager.default
    try manager.createSymbolicLink(atPath: space.output + "/link.png", withDestinationPath: "../victim")
    try manager.createDirectory(atPath: space.root + "/elsewhere", withIntermediateDirectories: true)
    try manager.createSymbolicLink(atPath: space.output + "/sub", withDestinationPath: "../elsewhere")
    let results = try space.run()
    #expect(results.values.count { $0.reason == "output exists" } == 4)
    #expect(results["same.png"]?.status == .written)
    #expect(try space.run()["same.png"]?.status == .same)
    #expect(try space.bytes("victim") == [1] && space.bytes("out/file.png") == [1, 2, 3])
    #expect(try manager.contentsOfDirectory(atPath: space.root + "/elsewhere").isEmpty)
  }

  @Test func oddNamesAreNamesAndNotUTF8IsRefused() throws {
    let space = try Workspace()
    let names = [
      "-rf.png", "two\nlines.png", " .png", "Ünïcödé.png", "%s\u{1B}[31m.png", ".hidden.png", "a.b.png",
    ]
    for name in names { try space.putImage(name, try Pictures.png(), sidecar: Pictures.sidecar()) }
    let raw = (Array(space.input.utf8) + [0x2F, 0xFF, 0xFE] + Array(".png\0".utf8)).map {
      CChar(bitPattern: $0)
    }
    // The array is terminated and lives until the call returns.
    let file = unsafe raw.withUnsafeBufferPointer { unsafe open($0.baseAddress!, O_CREAT | O_WRONLY, 0o600) }
    try #require(file >= 0)
    close(file)
    // Foundation can't remove such a file.
    defer { _ = unsafe raw.withUnsafeBufferPointer { unsafe unlink($0.baseAddress!) } }
    let results = try space.run()
    for name in names { #expect(results[name]?.status == .written, "\(name.debugDescription)") }
    #expect(results[#"\xff\xfe.png"#]?.reason == "name")
    #expect(space.outputs == Set(names))
  }

  @Test func namesThatClashAreRefusedOnAllSides() throws {
    let space = try Workspace()
    let names = [
      "Shot.png", "shot.png", "caf\u{E9}.png", "cafe\u{301}.png", "stra\u{DF}e.png", "STRASSE.png", "A/x.png",
      "a/y.png",
    ]
    for name in names + ["free.png"] {
      try space.putImage(name, try Pictures.png(), sidecar: Pictures.sidecar())
    }
    let results = try space.run()
    // Folders that clash are not entered. (Swift counts both spellings of café as one key.)
    #expect(
      Set(results.keys)
        == Set([
          "Shot.png", "shot.png", "stra\u{DF}e.png", "STRASSE.png", "A", "a", "free.png", "caf\u{E9}.png",
        ]))
    #expect(results.filter { $0.key != "free.png" }.values.allSatisfy { $0.reason == "names clash" })
    #expect(space.outputs == ["free.png"])
  }

  @Test func aChangeOfFormatMayMakeNamesClash() throws {
    let space = try Workspace()
    try space.putImage("a.png", try Pictures.png(), sidecar: Pictures.sidecar())
    try space.putImage("a.jpg", try Pictures.jpeg(), sidecar: Pictures.sidecar(48, 40))
    let results = try space.run { $0.settings.output = .png }
    #expect(results.values.allSatisfy { $0.reason == "names clash" } && results.count == 2)
    #expect(try space.run().values.allSatisfy { $0.status == .written })
  }

  @Test func inputAndOutputMustLieApart() throws {
    let space = try Workspace()
    try space.putImage("a.png", try Pictures.png(), sidecar: Pictures.sidecar())
    try FileManager.default.createSymbolicLink(atPath: space.root + "/alias", withDestinationPath: "in")
    for (input, output) in [
      ("in", "in"), ("in", "in/out"), ("in/sub", "in"), ("in", "alias"), ("in", "alias/new/er"), ("in", "."),
      ("alias", "in"), ("in", "in/../in/x"), ("in", "new/../in"), ("in", "new/./er/../../in/x"),
      ("in", "new/.."),
    ] {
      if input == "in/sub" { try space.put("in/sub/x", []) }
      #expect(throws: RunError.self, "\(input) to \(output)") {
        try space.run {
          $0.input = space.root + "/" + input
          $0.output = space.root + "/" + output
        }
      }
    }
    #expect(throws: RunError.self) { try space.run { $0.state = space.input + "/state" } }
    #expect(throws: RunError.self) { try space.run { $0.state = space.root + "/new/../in" } }
    #expect(throws: RunError.self) { try space.run { $0.state = space.output } }
    #expect(throws: RunError.self) { try space.run { $0.widgets = space.output } }
    #expect(throws: RunError.self) { try space.run { $0.input = space.root + "/none" } }
    #expect(RedactionRun.overlap("/a", "/a/b") && !RedactionRun.overlap("/a", "/ab"))
  }

  /// Paths don't reveal that a folder is mounted at two places.
  @Test(.enabled(if: geteuid() == 0, "only root may mount"))
  func anInputMountedAsOutputIsNotWrittenTo() throws {
    let space = try Workspace()
    try space.putImage("a.png", try Pictures.png(), sidecar: Pictures.sidecar())
    try FileManager.default.createDirectory(atPath: space.output, withIntermediateDirectories: true)
    // Containers may not.
    guard try FolderTests.runs("mount", "--bind", space.input, space.output) else { return }
    #expect(throws: RunError.self) { try space.run { $0.hashesNames = true } }
    #expect(space.outputs == ["a.png", "a.png.json"])
    #expect(try FolderTests.runs("umount", space.output))
  }

  /// Another program removes the boxes, replaces the picture, and then adds its boxes: there is never a
  /// picture beside the boxes of another, and it must never be redacted with them.
  @Test func aPictureIsNotRedactedWithTheBoxesOfTheNext() throws {
    let space = try Workspace()
    let colours: [UInt32] = [0xAA0000, 0x00AA00]
    // The secret fills the left half of one, and the right half of the other.
    for (index, colour) in colours.enumerated() {
      let pixels = (0..<64 * 32).map { $0 % 64 / 32 == index ? colour : 0xFFFFFF }
      try space.put("\(index).png", try FolderTests.encoded(pixels))
      try space.put("\(index).json", Array(Pictures.sidecar(64, 32, box: (index * 32, 0, 32, 32)).utf8))
    }
    FolderTests.place("0.png", as: "a.png", in: space.root)
    FolderTests.place("0.json", as: "a.png.json", in: space.root)
    // The image is exchanged 150 times, while runs read as fast as they can.
    let root = space.root
    let swaps = DispatchGroup()
    DispatchQueue.global().async(group: swaps) { FolderTests.swap(150, in: root) }
    var written = 0
    while swaps.wait(timeout: .now()) == .timedOut {
      try? FileManager.default.removeItem(atPath: space.output)
      guard try space.run()["a.png"]?.status == .written else { continue }
      written += 1
      let pixels = try FolderTests.decoded(try space.bytes("out/a.png"))
      let shown = Set(pixels)
      #expect(shown.isDisjoint(with: colours), "the boxes of another picture")
    }
    #expect(written > 0)
  }

  private static func encoded(_ pixels: [UInt32]) throws -> [UInt8] {
    try PNG.encode(pixels.span, width: 64, height: 32)
  }

  private static func decoded(_ png: [UInt8]) throws -> [UInt32] { try PNG.decode(png.span).pixels }

  private static func swap(_ count: Int, in root: String) {
    for swap in 1...count {
      usleep(6000)  // longer than a tick of the file system's clock
      try? FileManager.default.removeItem(atPath: root + "/in/a.png.json")
      place("\(swap % 2).png", as: "a.png", in: root)
      place("\(swap % 2).json", as: "a.png.json", in: root)
    }
  }

  private static func runs(_ words: String...) throws -> Bool {
    let process = try Process.run(URL(fileURLWithPath: "/usr/bin/env"), arguments: words)
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  /// Atomically, replacing the file with that name.
  private static func place(_ from: String, as name: String, in root: String) {
    // Strings live as terminated C strings until a call returns, and no call keeps a pointer.
    unsafe _ = link(root + "/" + from, root + "/next")
    unsafe _ = rename(root + "/next", root + "/in/" + name)
  }

  @Test(.enabled(if: geteuid() != 0, "root may read everything"))
  func unreadableImagesAreRefused() throws {
    let space = try Workspace()
    try space.putImage("a.png", try Pictures.png(), sidecar: Pictures.sidecar())
    try space.putImage("b.png", try Pictures.png(), sidecar: Pictures.sidecar())
    unsafe chmod(space.input + "/a.png", 0)
    #expect(try space.run()["a.png"]?.reason == "unreadable")
    #expect(space.outputs == ["b.png"])
  }

  @Test func temporariesWithNamesWorkAsWell() throws {
    let space = try Workspace()
    let folder = try OutputFolder(space.output, syncs: true, namesTemporaries: true)
    #expect(try folder.publish([1, 2], at: "a/b.png") == .written)
    #expect(try folder.publish([1, 2], at: "a/b.png") == .same)
    #expect(throws: OutputError.self) { try folder.publish([3], at: "a/b.png") }
    try folder.finish()
    #expect(space.outputs == ["a/b.png"])
    #expect(try space.bytes("out/a/b.png") == [1, 2])
  }
}
