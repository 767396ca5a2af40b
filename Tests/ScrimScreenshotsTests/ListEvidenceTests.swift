import Foundation
import ScrimTestSupport
import Testing

@testable import ScrimScreenshots

/// Whether a list is of the pictures beside it, which names alone don't prove: exports number their pictures.
@Suite struct ListEvidenceTests {
  private func results(
    _ pictures: [String: (Int, Int)], _ lists: [String: [String]],
    _ change: (inout RedactionRequest) -> Void = { _ in }
  ) throws -> [String: ImageResult] {
    let space = try Workspace()
    for (name, size) in pictures {
      let isJPEG = name.hasSuffix(".jpg")
      try space.put(
        "in/" + name, isJPEG ? try Pictures.jpeg(size.0, size.1) : try Pictures.png(size.0, size.1))
    }
    for (file, names) in lists { try space.put("in/" + file, AnnotationFileTests.coco(names)) }
    return try space.run {
      $0.settings.policy = Pictures.policy
      change(&$0)
      if let list = $0.widgets { $0.widgets = space.root + "/in/" + list }
    }
  }

  private func written(_ results: [String: ImageResult]) -> [String] {
    results.filter { $0.value.status == .written }.map(\.key).sorted()
  }

  private func plain(_ names: [String]) -> [String: (Int, Int)] {
    Dictionary(uniqueKeysWithValues: names.map { ($0, (40, 24)) })
  }

  /// One entry of another size: the list is of other pictures with the same names, at every place where
  /// exporters put them.
  @Test(arguments: [
    ("", "annotations.json", ""), ("images/", "annotations/instances_default.json", ""),
    ("train/", "annotations/instances_train.json", ""), ("images/train/", "annotations/train.json", ""),
    ("images/some/", "annotations/list.json", ""), ("x/", "annotations.json", "x/"),
    ("x/", "annotations.json", "/mnt/shots/x/"), ("", "annotations.json", "C:\\\\shots\\\\"),
    ("x/", "x/annotations.json", "x/"),
  ])
  func oneOtherSizeRefusesTheList(_ folder: String, _ file: String, _ prefix: String) throws {
    let names = ["0001.png", "0002.png", "0003.png"]
    let list = [file: names.map { prefix + $0 }]
    var pictures = plain(names.map { folder + $0 })
    #expect(written(try results(pictures, list)).count == 3, "\(file)")
    pictures[folder + "0002.png"] = (40, 25)
    let refused = try results(pictures, list)
    #expect(written(refused).isEmpty)
    let first = try #require(refused[folder + "0001.png"])
    #expect(first.reason == "bad boxes")
    for part in [file, "0002.png", "40x24", "40x25"] {
      #expect(first.message?.contains(part) == true, "\(part)")
    }
    // The user's word for the list is no word for a size.
    #expect(written(try results(pictures, list) { $0.widgets = file }).isEmpty)
  }

  /// A list that can't be read may have the boxes of every picture below it: the message says which and what to do.
  @Test(arguments: [
    ("result.json", "{"), ("x/coco_1.json", "[1,"),
    ("x/annotations/a.json", #"{"images":[{}],"annotations":[]}"#),
    ("annotations.xml", "<annotations><image/></annotations>"),
  ])
  func aListThatCanNotBeReadIsNamed(_ file: String, _ text: String) throws {
    let space = try Workspace()
    try space.put("in/x/y/z/a.png", try Pictures.png())
    try space.put("in/" + file, Array(text.utf8))
    let result = try space.run()["x/y/z/a.png"]
    #expect(result?.reason == "bad boxes")
    for part in ["\(file) may list it", "Correct or remove", "--widgets"] {
      #expect(result?.message?.contains(part) == true, "\(result?.message ?? "")")
    }
    // Not if the picture has its own.
    try space.put("in/x/y/z/a.png.json", Array(Pictures.sidecar().utf8))
    #expect(written(try space.run { $0.output += "2" }) == ["x/y/z/a.png"])
  }

  /// What is no contradiction of size.
  @Test func aPictureThatCanNotBeReadContradictsNothing() throws {
    let space = try Workspace()
    for name in ["a.png", "b.png"] { try space.put("in/" + name, try Pictures.png()) }
    try space.put("in/c.png", [0x89, 0x50])
    try FileManager.default.createSymbolicLink(
      atPath: space.input + "/d.png", withDestinationPath: space.input + "/c.png")
    try space.put("in/annotations.json", AnnotationFileTests.coco(["a.png", "b.png", "c.png", "d.png"]))
    #expect(written(try space.run()) == ["a.png", "b.png"])
  }

  /// Names of the list without a picture, beside pictures that no list has: two sets with some equal names.
  /// Each alone is a part of a data set, or pictures that are not annotated yet.
  @Test(arguments: [
    (["a.png", "b.png"], ["a.png", "c.png"], []), (["a.png", "b.png"], ["a.png"], ["a.png"]),
    (["a.png"], ["a.png", "c.png"], ["a.png"]),
    (["a.png", "b.png"], ["a.png", "other/c.png"], ["a.png"]),
    (["/mnt/a.png", "/mnt/b.png"], ["a.png", "c.png"], []),
    (["x/a.png", "x/b.png"], ["x/a.png", "x/c.png"], []),
    // Folders of which nothing is here, or all.
    (["x/a.png", "y/b.png"], ["x/a.png", "x/c.png"], ["x/a.png"]),
    (["x/a.png", "y/b.png"], ["x/a.png", "y/c.png"], ["x/a.png"]),
    (["x/a.png", "y/b.png", "y/d.png"], ["x/a.png", "y/b.png", "y/c.png"], []),
    // Pictures that are not read here can't be missing.
    (["a.png", "b.webp"], ["a.png", "c.png"], ["a.png"]),
    (["a.png", "1a2b3c4d-b.png"], ["a.png", "c.png"], []),
  ])
  func twoSetsWithEqualNames(_ listed: [String], _ pictures: [String], _ expected: [String]) throws {
    let list = ["annotations.json": listed]
    let results = try results(plain(pictures), list)
    #expect(written(results) == expected)
    for (name, result) in results where result.status == .refused {
      // A picture that no list has fails closed.
      let isListed = listed.contains { $0.hasSuffix(name) }
      #expect(result.reason == (isListed ? "bad boxes" : "no boxes"), "\(name)")
    }
  }

  @Test func theMessageNamesWhatIsMissingAndWhatIsNot() throws {
    let list = ["x/annotations.json": ["a.png", "b.png"]]
    let results = try results(plain(["x/a.png", "x/c.png"]), list)
    let message = results["x/a.png"]?.message ?? ""
    for part in ["x/annotations.json", "b.png", "x/c.png", "--widgets"] {
      #expect(message.contains(part), "\(message)")
    }
  }

  /// Who names the list says that it is of these pictures.
  @Test func theUserMayNameTheList() throws {
    let list = ["annotations.json": ["a.png", "b.png"]]
    let results = try results(plain(["a.png", "c.png"]), list) { $0.widgets = "annotations.json" }
    #expect(written(results) == ["a.png"])
  }

  /// Lists of one place account for the pictures together.
  @Test func listsOfOneSetAccountForItTogether() throws {
    let lists = ["annotations/train.json": ["a.png", "b.png"], "annotations/val.json": ["c.png"]]
    let results = try results(plain(["images/a.png", "images/c.png"]), lists)
    #expect(written(results) == ["images/a.png", "images/c.png"])
  }

  private func via(_ sizes: [String: Int], x: Int = 10) -> [UInt8] {
    let members = sizes.sorted { $0.key < $1.key }.map { name, size in
      "\"\(name)\(size)\":{\"filename\":\"\(name)\",\"size\":\(size),\"regions\":[{\"shape_attributes\":{\"name\":\"rect\",\"x\":\(x),\"y\":8,\"width\":12,\"height\":6},\"region_attributes\":{}}]}"
    }
    return Array("{\(members.joined(separator: ","))}".utf8)
  }

  /// VIA lists the bytes of a file instead of its size in pixels.
  @Test func oneOtherFileRefusesAListOfVIA() throws {
    let space = try Workspace()
    let bytes = try Pictures.png()
    for name in ["a.png", "b.png"] { try space.put("in/" + name, bytes) }
    try space.put("in/via_region_data.json", via(["a.png": bytes.count, "b.png": bytes.count]))
    #expect(written(try space.run()) == ["a.png", "b.png"])
    try space.put("in/via_region_data.json", via(["a.png": bytes.count, "b.png": bytes.count + 1]))
    let refused = try space.run { $0.output += "2" }
    #expect(written(refused).isEmpty && refused["a.png"]?.message?.contains("--box-scale 1") == true)
    let confirmed = try space.run {
      $0.output += "3"
      $0.settings.boxScale = 1
    }
    #expect(written(confirmed) == ["a.png", "b.png"])
    // Without bytes, a region outside of its picture.
    try space.put("in/b.png", try Pictures.png(20, 20))
    try space.put("in/via_region_data.json", via(["a.png": -1, "b.png": -1], x: 22))
    #expect(written(try space.run { $0.output += "4" }).isEmpty)
  }

  /// Sides that Exif swaps, and Label Studio's fractions.
  @Test func turnedAndScaledPicturesAreNoContradiction() throws {
    let space = try Workspace()
    let jpeg = try Pictures.jpeg(40, 24)
    let head: [UInt8] = Array("Exif\0\0MM\0\u{2A}".utf8)
    let exif = head + [0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0]
    // A long comment before the frame header.
    let comment = [0xFF, 0xFE, 0xFF, 0xFF] + [UInt8](repeating: 32, count: 0xFFFD)
    let turned = jpeg[..<2] + [0xFF, 0xE1, 0, UInt8(exif.count + 2)] + exif + comment + comment + jpeg[2...]
    try space.put("in/a.jpg", Array(turned))
    try space.put("in/b.png", try Pictures.png())
    let text = String(decoding: AnnotationFileTests.coco(["a.jpg", "b.png"]), as: UTF8.self)
      .replacingOccurrences(
        of: "\"width\":40,\"height\":24,\"file_name\":\"a.jpg\"",
        with: "\"width\":24,\"height\":40,\"file_name\":\"a.jpg\"")
    try space.put("in/annotations.json", Array(text.utf8))
    #expect(written(try space.run()) == ["a.jpg", "b.png"])
    try space.put("in/annotations.json", AnnotationFileTests.coco(["a.jpg", "b.png"]))
    #expect(written(try space.run { $0.output += "2" }) == ["a.jpg", "b.png"])
    // A PNG has no orientation.
    let other = String(decoding: AnnotationFileTests.coco(["a.jpg", "b.png"]), as: UTF8.self)
      .replacingOccurrences(
        of: "\"width\":40,\"height\":24,\"file_name\":\"b.png\"",
        with: "\"width\":24,\"height\":40,\"file_name\":\"b.png\"")
    try space.put("in/annotations.json", Array(other.utf8))
    #expect(written(try space.run { $0.output += "3" }).isEmpty)
  }

  /// Lists that were moved, in the ways of the other formats and places.
  @Test func movedListsOfOtherPlaces() throws {
    // A list far above, in a tree that stands for the input.
    let space = try Workspace()
    for name in ["1/2/3/a.png", "1/2/3/b.png"] { try space.put("in/" + name, try Pictures.png()) }
    try space.put("in/1/2/3/b.png", try Pictures.png(40, 25))
    try space.put("boxes/annotations.json", AnnotationFileTests.coco(["1/2/3/a.png", "1/2/3/b.png"]))
    #expect(written(try space.run { $0.widgets = space.root + "/boxes" }).isEmpty)
    // CVAT, of which one picture is in another folder; and a copy of the list.
    let images = ["1/2/3/a.png", "1/c.png"].map { "<image name='\($0)' width='40' height='24'/>" }
    try space.put("in/1/c.png", try Pictures.png(24, 40))
    for name in ["annotations.xml", "annotations/copy.xml"] {
      try space.put("in/" + name, Array("<annotations>\(images.joined())</annotations>".utf8))
    }
    let cvat = try space.run { $0.output += "2" }
    #expect(written(cvat).isEmpty && cvat["1/2/3/a.png"]?.message?.contains("1/c.png") == true)
    // Another list of the right size doesn't make it right.
    try space.put("in/1/2/3/annotations.json", AnnotationFileTests.coco(["a.png"]))
    #expect(try space.run { $0.output += "3" }["1/2/3/a.png"]?.reason == "bad boxes")
    // Its own file does, since the name says so.
    try space.put("in/1/2/3/b.png.json", Array(Pictures.sidecar(40, 25).utf8))
    #expect(written(try space.run { $0.output += "4" }) == ["1/2/3/b.png"])
  }

  /// A respelled name and an upload are matches like others.
  @Test(arguments: ["B.PNG", "1a2b3c4d-b.png", "/data/upload/1/1a2b3c4d-b.png"])
  func anyMatchCanContradict(_ name: String) throws {
    let list = ["annotations.json": ["a.png", name]]
    #expect(written(try results(plain(["a.png", "b.png"]), list)) == ["a.png", "b.png"])
    #expect(written(try results(["a.png": (40, 24), "b.png": (40, 26)], list)).isEmpty)
  }
}
