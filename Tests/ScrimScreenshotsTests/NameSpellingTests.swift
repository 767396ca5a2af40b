import Foundation
import ScrimTestSupport
import Testing

@testable import ScrimScreenshots

/// Names that systems without case, or with another Unicode form of names, regard as equal.
@Suite struct NameSpellingTests {
  private static let composed = "caf\u{E9}.png"
  private static let decomposed = "cafe\u{301}.png"

  private func results(_ pictures: [String], _ file: String, _ names: [String]) throws -> [String:
    ImageResult]
  {
    let space = try Workspace()
    for name in pictures { try space.put("in/" + name, try Pictures.png()) }
    try space.put("in/" + file, AnnotationFileTests.coco(names))
    return try space.run { $0.settings.policy = Pictures.policy }
  }

  /// Bytes decide between names; keys of dictionaries don't.
  private func written(_ results: [String: ImageResult]) -> [[UInt8]] {
    results.filter { $0.value.status == .written }.map { Array($0.value.image.utf8) }
      .sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// One picture and one entry: used, with a note.
  @Test(arguments: [
    ("IMG_1.jpg.png", "annotations.json", "IMG_1.JPG.PNG"), ("IMG_1.png", "annotations.json", "img_1.PNG"),
    (composed, "annotations.json", decomposed), (decomposed, "annotations.json", composed),
    ("images/a.png", "annotations.json", "Images/A.png"), ("images/a.png", "annotations/x.json", "A.PNG"),
    ("a.png", "annotations.json", "C:\\\\Shots\\\\A.PNG"), ("x/a.png", "annotations.json", "/mnt/X/a.PNG"),
    ("\u{C9}t\u{E9}/a.png", "annotations.json", "e\u{301}te\u{301}/A.png"),
  ])
  func theOnlyPictureOfANameIsIt(_ picture: String, _ file: String, _ name: String) throws {
    let results = try results([picture], file, [name])
    #expect(written(results) == [Array(picture.utf8)], "\(results.values.first?.message ?? "")")
    let notes = results.values.first?.notes ?? []
    #expect(notes.contains { $0.contains("case or Unicode") }, "\(notes)")
  }

  @Test(arguments: [
    // Two entries, or two pictures.
    (["a.png"], ["A.png", "a.PNG"], []), (["a.png", "x/A.png"], ["/mnt/A.PNG"], []),
    ([composed], [decomposed, "CAFE\u{301}.png"], []),
    // A name as listed has priority, and the picture of that name if it exists.
    (["a.png"], ["a.png", "A.png"], ["a.png"]), (["a.png"], ["x/a.png", "A.png"], []),
    (["x/a.png"], ["x/a.png", "X/A.png"], ["x/a.png"]),
    // Another folder, compatibility forms, and another ending.
    (["y/a.png"], ["x/A.png"], []), (["\u{FB01}.png"], ["fi.png"], []), (["a.png"], ["A.jpg"], []),
    (["de/a.png"], ["/mnt/en/A.png"], []),
  ])
  func otherwiseNoneIs(_ pictures: [String], _ names: [String], _ expected: [String]) throws {
    let results = try results(pictures, "annotations.json", names)
    #expect(written(results) == expected.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) })
    for result in results.values where result.status == .refused { #expect(result.message != nil) }
  }

  @Test func aMessageNamesBoth() throws {
    let message = try results(["a.png"], "annotations.json", ["A.png", "a.PNG"])["a.png"]?.message ?? ""
    #expect(message.contains("A.png") && message.contains("a.PNG") && message.contains("annotations.json"))
  }

  /// The same for a picture's own file.
  @Test func aSideFileIsMatchedLikewise() throws {
    let space = try Workspace()
    try space.put("in/a.png", try Pictures.png())
    try space.put("in/a.png.json", AnnotationFileTests.coco(["A.PNG", "b.png"]))
    #expect(written(try space.run()).count == 1)
    try space.put("in/a.png.json", AnnotationFileTests.coco(["A.PNG", "A.png"]))
    #expect(try space.run { $0.output += "2" }["a.png"]?.reason == "bad boxes")
  }
}
