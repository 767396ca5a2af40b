import Foundation
import ScrimTestSupport
import Testing

@testable import ScrimScreenshots

/// An entry of a file of annotations is used for one existing picture at most: the one that it names.
@Suite struct PictureAssignmentTests {
  /// Runs on pictures that are all called alike or nearly so, with one file that lists `names`.
  private func results(
    _ pictures: [String], _ file: String, _ names: [String], isNamed: Bool = false
  ) throws -> [String: ImageResult] {
    let space = try Workspace()
    for name in pictures { try space.put("in/" + name, try Pictures.png()) }
    let written = names.map { $0.replacingOccurrences(of: "ROOT", with: RedactionRun.resolved(space.root)) }
    try space.put(file, AnnotationFileTests.coco(written))
    return try space.run {
      $0.settings.policy = Pictures.policy
      if isNamed { $0.widgets = space.root + "/" + file }
    }
  }

  private func written(_ results: [String: ImageResult]) -> [String] {
    results.filter { $0.value.status == .written }.map(\.key).sorted()
  }

  /// One entry and several pictures: the pictures that are written.
  @Test(arguments: [
    // The name alone doesn't decide between folders.
    (["x/a.png", "y/a.png"], "in/annotations.json", "/mnt/shots/a.png", []),
    (["x/a.png", "y/a.png"], "in/annotations.json", "/data/upload/1/1a2b3c4d-a.png", []),
    (["1/a.png", "2/a.png"], "in/annotations.json", "/data/upload/1/1a2b3c4d-a.png", []),
    (["a.png", "x/a.png"], "in/annotations.json", "s3://bucket/a.png", []),
    // The folder of a path of another machine does.
    (["x/a.png", "y/a.png"], "in/annotations.json", "/mnt/shots/x/a.png", ["x/a.png"]),
    (["x/a.png", "y/a.png"], "in/annotations.json", "C:\\\\shots\\\\x\\\\a.png", ["x/a.png"]),
    (["x/a.png", "y/a.png"], "in/annotations.json", "s3://bucket/x/a.png", ["x/a.png"]),
    (["x/a.png", "y/a.png"], "in/annotations.json", "ROOT/in/x/a.png", ["x/a.png"]),
    (["x/a.png", "y/a.png"], "in/annotations.json", "file://ROOT/in/x/a.png", ["x/a.png"]),
    (["x/a.png", "y/a.png"], "in/y/annotations.json", "/mnt/shots/x/a.png", []),
    // Another folder is of another picture, though that is missing.
    (["deep/deadbeef-login.png", "login.png"], "in/annotations.json", "/x/deadbeef-login.png", []),
    (["de/a.png"], "in/annotations.json", "/mnt/shots/en/a.png", []),
    (["de/a.png"], "in/annotations.json", "C:\\\\shots\\\\en\\\\a.png", []),
    (["de/home/a.png"], "in/annotations.json", "s3://bucket/en/home/a.png", []),
    (["de/a.png"], "in/annotations.json", "/mnt/shots/de/a.png", ["de/a.png"]),
    (["a.png"], "in/annotations.json", "/mnt/shots/en/a.png", ["a.png"]),
    (["images/a.png"], "in/annotations.json", "/mnt/shots/a.png", ["images/a.png"]),
    (["val/a.png"], "in/val/annotations.json", "../train/a.png", []),
    (["val/a.png"], "in/val/annotations.json", "train2017/a.png", []),
    (["images/val/a.png"], "in/annotations/train.json", "a.png", []),
    // A path with `..`, and one from a parent.
    (["x/a.png", "y/a.png"], "in/y/annotations.json", "../x/a.png", []),
    (["a.png", "y/a.png"], "in/y/annotations.json", "../a.png", []),
    (["x/a.png", "y/a.png"], "in/y/annotations.json", "x/a.png", []),
    (["images/a.png"], "in/annotations/any.json", "../images/a.png", ["images/a.png"]),
    // Folders of exporters.
    (
      ["images/train/a.png", "images/val/a.png"], "in/annotations/train.json", "a.png", ["images/train/a.png"]
    ),
    (["images/train/a.png", "images/val/a.png"], "in/annotations/some.json", "a.png", []),
    (["images/train/a.png"], "in/annotations/some.json", "a.png", ["images/train/a.png"]),
    (["images/train/a.png", "images/val/a.png"], "in/annotations.json", "a.png", []),
    // The part of a data set that the names say, with another year, also if its folder is missing.
    (["train/a.png", "val/a.png"], "in/coco_train.json", "a.png", ["train/a.png"]),
    (["train/a.png", "val/a.png"], "in/instances_val2017.json", "a.png", ["val/a.png"]),
    (["train/a.png", "val/a.png"], "in/annotations/train.json", "a.png", ["train/a.png"]),
    (
      ["images/train2017/a.png", "images/val2017/a.png"], "in/annotations/train.json", "a.png",
      ["images/train2017/a.png"]
    ),
    (
      ["images/train/a.png", "images/val/a.png"], "in/annotations/my_train.json", "a.png",
      ["images/train/a.png"]
    ),
    (["images/train_1/a.png", "images/train_2/a.png"], "in/annotations/train.json", "a.png", []),
    (
      ["images/train_1/a.png", "images/train_2/a.png"], "in/annotations/train_2.json", "a.png",
      ["images/train_2/a.png"]
    ),
    (["images/train_1/a.png"], "in/annotations/train_2.json", "a.png", []),
    (["val2014/a.png"], "in/annotations/instances_val2017.json", "a.png", []),
    (["val/a.png", "images/a.png"], "in/annotations/instances_val2017.json", "a.png", []),
    (["val/a.png"], "in/coco_train.json", "a.png", []),
    (["val/a.png"], "in/val/instances_train.json", "a.png", []),
    (["val/a.png"], "in/val/annotations/train.json", "a.png", []),
    (["images/val/a.png"], "in/annotations/train.json", "/data/upload/1/1a2b3c4d-a.png", []),
    (["val/a.png"], "in/val/instances_train.json", "/mnt/shots/a.png", []),
    (["test/images/a.png"], "in/test/annotations/instances_train.json", "a.png", ["test/images/a.png"]),
    (["val/a.png"], "in/coco_train.json", "val/a.png", ["val/a.png"]),
    (["a.png", "images/a.png"], "in/annotations.json", "a.png", ["a.png"]),
    (["a.png", "images/a.png"], "in/annotations/some.json", "a.png", []),
    // An existing name has priority over a spelling of it.
    (
      ["login.png", "deadbeef-login.png"], "in/annotations.json", "deadbeef-login.png", ["deadbeef-login.png"]
    ),
    (
      ["deep/deadbeef-login.png", "login.png"], "in/annotations.json", "/x/deep/deadbeef-login.png",
      ["deep/deadbeef-login.png"]
    ),
    (["a(1).png", "a1.png"], "in/annotations.json", "1a2b3c4d-a1.png", ["a1.png"]),
    (["a 1.png", "a_1.png"], "in/annotations.json", "1a2b3c4d-a_1.png", ["a_1.png"]),
    (["a 1.png", "a( )1.png"], "in/annotations.json", "1a2b3c4d-a_1.png", []),
  ])
  func anEntryIsOfOnePictureAtMost(_ pictures: [String], _ file: String, _ name: String, _ expected: [String])
    throws
  {
    #expect(written(try results(pictures, file, [name])) == expected)
  }

  /// The same for the one file that `--widgets` names.
  @Test(arguments: [
    (["a.png", "x/a.png", "y/a.png"], "else/list.json", "a.png", ["a.png"]),
    (["x/a.png", "y/a.png"], "else/list.json", "x/a.png", ["x/a.png"]),
    (["x/a.png", "y/a.png"], "else/list.json", "z/a.png", []),
    (["x/a.png", "y/a.png"], "list.json", "in/x/a.png", ["x/a.png"]),
    (["x/a.png", "y/a.png"], "else/list.json", "../in/x/a.png", ["x/a.png"]),
    (["x/a.png", "y/a.png"], "in/y/list.json", "a.png", ["y/a.png"]),
    (["a.png", "y/a.png"], "in/y/list.json", "a.png", []),
    (["x/a.png", "deep/er/y/a.png"], "else/list.json", "/mnt/a.png", []),
  ])
  func theNamedFileIsMatchedLikewise(
    _ pictures: [String], _ file: String, _ name: String, _ expected: [String]
  )
    throws
  {
    #expect(written(try results(pictures, file, [name], isNamed: true)) == expected)
  }

  /// Each of several entries has its picture.
  @Test func entriesWithFoldersAreToldApart() throws {
    let results = try results(
      ["x/a.png", "y/a.png", "a.png"], "in/annotations.json", ["/mnt/x/a.png", "/mnt/y/a.png", "a.png"])
    #expect(results.mapValues(\.maskedPixels) == ["x/a.png": 72, "y/a.png": 72, "a.png": 72])
  }

  @Test func aMessageNamesBothPictures() throws {
    let message = try results(["x/a.png", "y/a.png"], "in/annotations.json", ["/mnt/a.png"])["y/a.png"]?
      .message
    #expect(message?.contains("lists /mnt/a.png, which may be this picture or x/a.png") == true)
  }

  /// A path that leads to another file of this machine is of that file.
  @Test func anEntryOfAFileElsewhereIsNotUsed() throws {
    let space = try Workspace()
    for name in ["in/a.png", "else/a.png"] { try space.put(name, try Pictures.png()) }
    let root = RedactionRun.resolved(space.root)
    try space.put("in/annotations.json", AnnotationFileTests.coco([root + "/else/a.png"]))
    #expect(try space.run()["a.png"]?.reason == "no boxes")
    try space.put("in/annotations.json", AnnotationFileTests.coco(["../else/a.png"]))
    #expect(try space.run()["a.png"]?.reason == "no boxes")
  }

  /// With a tree of side files the pictures are those of the input.
  @Test func aTreeOfFilesIsMatchedToTheInput() throws {
    let space = try Workspace()
    for name in ["x/a.png", "y/a.png"] { try space.put("in/" + name, try Pictures.png()) }
    try space.put("boxes/annotations.json", AnnotationFileTests.coco(["/mnt/x/a.png"]))
    let results = try space.run { $0.widgets = space.root + "/boxes" }
    #expect(written(results) == ["x/a.png"])
  }

  /// Two files that list a picture, at any distance from it, contradict each other.
  @Test(arguments: ["in/annotations.json", "in/annotations/instances_default.json", "in/train/result.json"])
  func aNearFileHidesNoOther(_ other: String) throws {
    let space = try Workspace()
    try space.put("in/train/a.png", try Pictures.png())
    try space.put("in/train/annotations.json", AnnotationFileTests.coco(["a.png"]))
    try space.put(other, AnnotationFileTests.coco(["train/a.png"], more: ",\"keypoints\":[1,1,2]"))
    let result = try space.run()["train/a.png"]
    #expect(result?.reason == "bad boxes" && result?.message?.contains("both list it, and differ") == true)
  }

  /// A refusal says which part the list and the folder name.
  @Test func aMessageNamesTheOtherPart() throws {
    let message = try results(["val/a.png"], "in/val/instances_train.json", ["a.png"])["val/a.png"]?.message
    #expect(
      message?.contains("val/instances_train.json") == true && message?.contains("part") == true,
      "\(message ?? "")")
  }

  /// A file in `annotations` is read for what it holds, whatever its name.
  @Test func everyFileOfAFolderOfAnnotationsIsRead() throws {
    let space = try Workspace()
    try space.put("in/images/a.png", try Pictures.png())
    try space.put("in/annotations/labels_project_2026.json", AnnotationFileTests.coco(["a.png"]))
    let images = #""images":[{"id":1,"width":40,"height":24,"file_name":"a.png"}],"categories":[]"#
    try space.put("in/annotations/image_info_test.json", Array("{\(images)}".utf8))
    let caption = #""annotations":[{"id":1,"image_id":1,"caption":"a screen"}]"#
    try space.put("in/annotations/captions_x.json", Array("{\(images),\(caption)}".utf8))
    let result = try space.run { $0.settings.policy = Pictures.policy }["images/a.png"]
    #expect(result?.maskedPixels == 72, "\(result?.message ?? "")")
    // A caption with a box is a region.
    let region = #""annotations":[{"id":1,"image_id":1,"caption":"","category_id":1,"bbox":[0,0,2,2]}]"#
    try space.put("in/annotations/captions_x.json", Array("{\(images),\(region)}".utf8))
    #expect(try space.run { $0.output += "2" }["images/a.png"]?.reason == "bad boxes")
  }
}
