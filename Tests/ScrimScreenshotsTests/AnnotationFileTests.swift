import Foundation
import ScrimCodec
import ScrimImage
import ScrimTestSupport
import Testing

@testable import ScrimScreenshots

/// Locations and names of the files in which exporters describe many pictures, and the picture names in
/// them.
@Suite struct AnnotationFileTests {
  /// A list of pictures of 40x24 with a box of 12x6 each.
  static func coco(_ names: [String], more: String = "") -> [UInt8] {
    let images = names.enumerated().map {
      "{\"id\":\($0.offset),\"width\":40,\"height\":24,\"file_name\":\"\($0.element)\"}"
    }
    let annotations = names.indices.map {
      "{\"id\":\($0),\"image_id\":\($0),\"category_id\":1,\"bbox\":[\(10 + $0),8,12,6],\"segmentation\":[]\(more)}"
    }
    return Array(
      """
      {"images":[\(images.joined(separator: ","))],"categories":[{"id":1,"name":"text"}],
      "annotations":[\(annotations.joined(separator: ","))]}
      """.utf8)
  }

  private func masked(
    _ picture: String, _ file: String, _ names: [String], others: [String] = []
  ) throws -> ImageResult? {
    let space = try Workspace()
    for name in [picture] + others { try space.put("in/" + name, try Pictures.png()) }
    try space.put("in/" + file, AnnotationFileTests.coco(names))
    return try space.run { $0.settings.policy = Pictures.policy }[picture]
  }

  /// Each with the name of the picture in the annotations.
  @Test(arguments: [
    ("images/a.png", "annotations/instances_default.json", "a.png"),
    ("images/a.png", "result.json", "images/a.png"),
    ("images/a.png", "result.json", "images\\\\a.png"), ("a.png", "annotations.json", "./a.png"),
    ("images/a.png", "images/annotations.json", "images/a.png"),
    ("a.png", "annotations.json", "images\\\\a.png"),
    ("a.png", "annotations.json", "C:\\\\Users\\\\me\\\\shots\\\\a.png"),
    ("a.png", "result.json", "/mnt/x/a.png"),
    ("images/train/a.png", "annotations/instances_train.json", "a.png"),
    ("train/a.png", "annotations/instances_train.json", "a.png"),
    ("train/a.png", "annotations/instances_default.json", "train/a.png"),
    ("images/a.png", "result.json", "images/1a2b3c4d-a.png"),
    ("images/my a.png", "result.json", "images/1a2b3c4d-my_a.png"),
    ("a.png", "result.json", "https://x.example/data/upload/3/1a2b3c4d-a.png?token=1"),
    ("a b.png", "result.json", "/data/local-files/?d=shots/a%20b.png"),
    ("a.png", "_annotations.coco.json", "a.png"),
    ("train/a.png", "train/_annotations.coco.json", "a.png"), ("a.png", "instances_default.json", "a.png"),
    ("images/a.png", "annotations/anything.json", "a.png"),
    ("a.png", "annotations.json", "s3://bucket/deep/a.png"),
    // Any number of folders below the list.
    ("1/2/3/a.png", "annotations.json", "1/2/3/a.png"), ("1/2/3/4/5/a.png", "result.json", "1/2/3/4/5/a.png"),
    ("1/2/3/a.png", "annotations/instances_default.json", "1/2/3/a.png"),
    ("1/2/3/a.png", "annotations.json", "/mnt/shots/1/2/3/a.png"),
    ("images/1/2/3/a.png", "annotations/list.json", "1/2/3/a.png"),
    // The part of a data set, in names of lists and folders.
    ("train/a.png", "coco_train.json", "a.png"), ("images/val/a.png", "coco_val2017.json", "a.png"),
    ("val/a.png", "instances_val2017.json", "a.png"), ("val2017/a.png", "annotations/val.json", "a.png"),
    ("images/train2017/a.png", "annotations/train.json", "a.png"),
    ("a.png", "coco_annotations.json", "a.png"),
    ("some/a.png", "coco_some.json", "a.png"),
  ])
  func exportsAreFound(picture: String, file: String, name: String) throws {
    let result = try masked(picture, file, [name])
    #expect(result?.status == .written && result?.boxes == "coco", "\(result?.message ?? "")")
    #expect(result?.maskedPixels == 72)
  }

  /// Names repeat; a picture never has the boxes of another.
  @Test(arguments: [
    // Listed at the path of another picture.
    ("a.png", "annotations.json", ["train/a.png"], ["train/a.png"]),
    ("val/a.png", "annotations/instances_train.json", ["a.png"], ["train/a.png"]),
    ("images/val/a.png", "annotations/instances_train.json", ["a.png"], ["images/train/a.png"]),
    ("sub/a.png", "annotations.json", ["a.png"], ["a.png"]), ("sub/a.png", "annotations.json", ["a.png"], []),
    ("a.png", "annotations.json", ["b.png"], []), ("1/2/3/a.png", "annotations.json", ["a.png"], []),
    ("1/2/3/a.png", "annotations.json", ["2/3/a.png"], []),
    ("1/2/3/a.png", "1/annotations.json", ["3/a.png"], []),
    ("images/a.png", "result.json", ["other/a.png"], []),
    // If two may be it, neither is used.
    ("a.png", "annotations.json", ["/x/a.png", "/y/a.png"], []),
    ("images/a.png", "annotations/instances_default.json", ["a.png", "images/a.png"], []),
    ("a.png", "annotations.json", ["/x/1a2b3c4d-a.png", "/x/5a2b3c4d-a.png"], []),
  ])
  func entriesOfOtherPicturesAreNotUsed(picture: String, file: String, names: [String], others: [String])
    throws
  {
    let result = try masked(picture, file, names, others: others)
    #expect(result?.status == .refused && ["no boxes", "bad boxes"].contains(result?.reason), "\(picture)")
  }

  /// An exact path has priority over a name alone.
  @Test func theListedPlaceDecides() throws {
    let result = try masked("images/a.png", "result.json", ["/else/a.png", "images/a.png"])
    #expect(result?.status == .written)
  }

  @Test func aMessageNamesTheListedImages() throws {
    let result = try masked("images/a.png", "annotations/instances_default.json", ["b.png", "c.png"])
    #expect(
      result?.message?.contains("annotations/instances_default.json lists 2 pictures, the first is b.png")
        == true)
    let space = try Workspace()
    try space.put("in/a.png", try Pictures.png())
    #expect(try space.run()["a.png"]?.message?.contains("--widgets") == true)
  }

  /// Entries of several files of one export are united; two exports contradict each other.
  @Test func filesOfOneExportBelongTogether() throws {
    let space = try Workspace()
    try space.put("in/images/a.png", try Pictures.png())
    try space.put("in/annotations/instances_default.json", AnnotationFileTests.coco(["a.png"]))
    try space.put("in/annotations/captions_default.json", Array("{}".utf8))
    let points = String(decoding: AnnotationFileTests.coco(["a.png"]), as: UTF8.self)
      .replacingOccurrences(of: "\"bbox\":[10,8,12,6]", with: "\"keypoints\":[1,1,2,5,5,2]")
    try space.put("in/annotations/person_keypoints_default.json", Array(points.utf8))
    let result = try space.run { $0.settings.policy = Pictures.policy }["images/a.png"]
    #expect(result?.maskedPixels == 72 + 16)
    try space.put("in/images/annotations.json", AnnotationFileTests.coco(["a.png"]))
    try space.put("in/images/result.json", AnnotationFileTests.coco(["a.png"]))
    #expect(try space.run { $0.output += "2" }["images/a.png"]?.reason == "bad boxes")
  }

  /// Two files of one content are one export, under whatever names and in whatever format.
  @Test(arguments: [
    ["in/x/annotations.json", "in/x/result.json"], ["in/x/annotations.json", "in/x/annotations/x.json"],
    ["in/x/annotations/a.json", "in/x/annotations/b.json"], ["in/x/annotations.json", "in/annotations.json"],
    ["in/x/annotations.json", "in/annotations/instances_x.json", "in/x/_annotations.coco.json"],
  ])
  func equalExportsAreOne(_ files: [String]) throws {
    let space = try Workspace()
    try space.put("in/x/a.png", try Pictures.png())
    for file in files {
      let isAbove = !file.hasPrefix("in/x/")
      // One is written otherwise, with the same content.
      let list = AnnotationFileTests.coco(
        [isAbove ? "x/a.png" : "a.png"], more: isAbove ? "" : ",\"iscrowd\":0")
      try space.put(file, list)
    }
    let result = try space.run { $0.settings.policy = Pictures.policy }["x/a.png"]
    #expect(result?.maskedPixels == 72 && result?.masks?.values.reduce(0, +) == 1, "\(result?.message ?? "")")
    let points = AnnotationFileTests.coco(["a.png"], more: ",\"keypoints\":[1,1,2]")
    try space.put("in/x/annotations.json", points)
    let other = try space.run { $0.output += "2" }["x/a.png"]
    let isOneFolder = files.allSatisfy { $0.contains("/annotations/") }
    #expect(isOneFolder || other?.reason == "bad boxes")
  }

  /// `result.json` beside `result.png` is the picture's own file and a list: one file.
  @Test(arguments: ["result", "coco_1", "x/annotations"]) func aListMayHaveThePicturesName(_ name: String)
    throws
  {
    let space = try Workspace()
    try space.put("in/\(name).png", try Pictures.png())
    let last = name.split(separator: "/").last ?? ""
    try space.put("in/\(name).json", AnnotationFileTests.coco(["\(last).png"]))
    let result = try space.run()[name + ".png"]
    #expect(result?.status == .written, "\(result?.message ?? "")")
  }

  /// Ids of labels are no places; places under such a name are.
  @Test(arguments: [
    (#""attribute_ids":[1,5,9,12]"#, true), (#""track_ids":["a","b","c","d"]"#, true),
    (#""attributeIds":[1,5,9,12,30]"#, true), (#""attributes":{"label_ids":[3,4,5,6]}"#, true),
    (#""box_ids":[[1,2],[3,4]]"#, false), (#""attribute_ids":[1.5,5,9,12]"#, false),
    (#""grids":[1,5,9,12]"#, false), (#""box_ids":[1,5,9,12]"#, false),
    (#""ids":[{"x":1,"y":1,"w":1}]"#, false),
  ])
  func listsOfIdsAreNoPlaces(_ more: String, _ isAccepted: Bool) throws {
    let space = try Workspace()
    try space.put("in/a.png", try Pictures.png())
    try space.put("in/annotations.json", AnnotationFileTests.coco(["a.png"], more: "," + more))
    #expect((try space.run()["a.png"]?.status == .written) == isAccepted)
  }

  /// Files of `annotations` that list no boxes of pictures.
  @Test(arguments: [
    ("label_ids.json", "[1,2,3]"), ("category_ids.json", #"{"person":1,"car":2}"#),
    ("ids.json", #"["a.png"]"#),
    ("splits.json", #"{"images":["a.png"]}"#), ("labels.json", #"{"categories":[{"id":1,"name":"text"}]}"#),
    ("meta.xml", "<meta/>"),
    ("empty.json", "[]"),
    ("image_info.json", AnnotationFileTests.list("")),
    ("captions.json", AnnotationFileTests.list(#"{"id":1,"image_id":1,"category_id":0,"caption":"hello"}"#)),
    ("classes.json", AnnotationFileTests.list(#"{"id":1,"image_id":1,"category_id":2}"#)),
  ])
  func filesWithoutBoxesRefuseNothing(_ name: String, _ text: String) throws {
    let space = try Workspace()
    try space.put("in/images/a.png", try Pictures.png())
    try space.put("in/annotations/instances_default.json", AnnotationFileTests.coco(["a.png"]))
    try space.put("in/annotations/" + name, Array(text.utf8))
    let result = try space.run()["images/a.png"]
    #expect(result?.status == .written, "\(result?.message ?? "")")
  }

  private static func list(_ annotations: String) -> String {
    #"{"images":[{"id":1,"width":64,"height":48,"file_name":"a.png"}],"categories":[],"annotations":[\#(annotations)]}"#
  }

  /// Such a file alone doesn't say that nothing is private.
  @Test(arguments: [
    "", #"{"id":1,"image_id":1,"category_id":0,"caption":"hello"}"#,
    #"{"id":1,"image_id":1,"category_id":2}"#,
  ])
  func aListWithoutPlacesSaysNothing(_ annotations: String) throws {
    let space = try Workspace()
    try space.put("in/a.png", try Pictures.png())
    try space.put("in/annotations.json", Array(AnnotationFileTests.list(annotations).utf8))
    #expect(try space.run()["a.png"]?.status == .refused)
  }

  /// A file that lists thousands of pictures: twice the pictures take about twice the time.
  @Test func manyPicturesAreFoundInLinearTime() throws {
    func time(_ count: Int) throws -> Duration {
      let names = (0..<count).map { "images/\($0).png" }
      let annotations = try #require(
        try AnnotatedPictures(file: AnnotationFileTests.coco(names), ending: ".json"))
      let paths = names.map { $0.split(separator: "/").map(String.init) }
      return ContinuousClock().measure {
        let assignment = PictureAssignment(
          of: annotations.pictures.map(\.path),
          at: PictureAssignment.Place(folder: [], file: "result.json", roots: [["in"]]),
          among: PictureIndex.Contents(paths), resolve: { _ in nil })
        for (index, path) in paths.enumerated() {
          guard case .entry(index) = assignment.match(path) else {
            Issue.record("entry \(index)")
            return
          }
        }
      }
    }
    // The shortest of three, since other tests run beside.
    let times = try (0..<3).map { _ in (try time(1000), try time(8000)) }
    let (small, large) = (times.map(\.0).min() ?? .zero, times.map(\.1).min() ?? .zero)
    #expect(large < small * 24)
  }

  /// `--widgets FILE`.
  @Test func oneFileForAllCanBeNamed() throws {
    let space = try Workspace()
    for name in ["a.png", "deep/b.png", "deep/c.png"] { try space.put("in/" + name, try Pictures.png()) }
    // Not used, since another file was named.
    try space.put("in/a.png.json", Array("{}".utf8))
    try space.put("else/export.json", AnnotationFileTests.coco(["a.png", "deep/b.png"]))
    let results = try space.run {
      $0.settings.policy = Pictures.policy
      $0.widgets = space.root + "/else/export.json"
    }
    #expect(
      results.mapValues(\.status) == ["a.png": .written, "deep/b.png": .written, "deep/c.png": .refused])
    #expect(results["deep/c.png"]?.message?.contains("export.json lists 2 pictures") == true)
  }

  /// A project of CVAT: names repeat from subset to subset, and each picture has the boxes of its own.
  @Test func subsetsOfCVATKeepTheirPicturesApart() throws {
    func annotations(_ images: [(name: String, subset: String, width: Int)]) -> [UInt8] {
      let images = images.map {
        #"<image id="0" name="\#($0.name)" subset="\#($0.subset)" task_id="1" width="40" height="24"><box label="a" xtl="0" ytl="0" xbr="\#($0.width)" ybr="10"/></image>"#
      }
      return Array("<annotations>\(images.joined())</annotations>".utf8)
    }
    let space = try Workspace()
    for name in [
      "train/a.png", "val/a.png", "default/a.png", "train/b.png", "val/c.png", "default/d.png",
    ] {
      try space.put("in/images/" + name, try Pictures.png())
    }
    try space.put(
      "in/annotations.xml",
      annotations([
        ("a.png", "train", 1), ("a.png", "val", 2), ("a.png", "default", 3), ("b.png", "train", 4),
        ("c.png", "val", 5), ("d.png", "default", 6),
      ]))
    let masked = try space.run { $0.settings.policy = Pictures.policy }.mapValues(\.maskedPixels)
    #expect(
      masked == [
        "images/train/a.png": 10, "images/val/a.png": 20, "images/default/a.png": 30,
        "images/train/b.png": 40,
        "images/val/c.png": 50, "images/default/d.png": 60,
      ])
    // The picture of another subset, and one beside the file.
    let other = try Workspace()
    try other.put("in/images/val/a.png", try Pictures.png())
    try other.put("in/annotations.xml", annotations([("a.png", "train", 1)]))
    #expect(try other.run()["images/val/a.png"]?.status == .refused)
    let beside = try Workspace()
    try beside.put("in/a.png", try Pictures.png())
    try beside.put("in/annotations.xml", annotations([("a.png", "train", 1)]))
    #expect(try beside.run { $0.settings.policy = Pictures.policy }["a.png"]?.maskedPixels == 10)
  }

  /// The other formats of many pictures.
  @Test(arguments: [
    ("cvat.xml", "annotations.xml"), ("labelstudio.json", "project-1-at-2026-01-01.json"),
    ("via.json", "via_project.json"), ("via.json", "via_region_data.json"),
  ])
  func everyToolsFileIsFound(sample: String, name: String) throws {
    let space = try Workspace()
    try space.put("in/words.png", try BoxSamples.bytes("words.png"))
    try space.put("in/" + name, try BoxSamples.bytes(sample))
    let result = try space.run()["words.png"]
    #expect(result?.status == .written && result?.boxes == String(sample.prefix { $0 != "." }))
  }
}
