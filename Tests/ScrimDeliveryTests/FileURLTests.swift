import Testing

@testable import ScrimDelivery

@Suite struct FileURLTests {
  @Test func aFileURLNamesAFolderOfThisMachine() throws {
    #expect(try folder(ofFileURL: "file:///srv/replays") == "/srv/replays")
    #expect(try folder(ofFileURL: "file://localhost/srv/replays") == "/srv/replays")
    #expect(try folder(ofFileURL: "/srv/replays") == nil && folder(ofFileURL: "s3://bucket/x") == nil)
  }

  /// Two slashes and a relative folder name a host, whose rest would be another folder.
  @Test(arguments: ["file://host/path", "file://replays", "file://", "file:///", "file://./replays"])
  func aHostIsAnErrorOfUsage(address: String) throws {
    let error = #expect(throws: DestinationError.self) { try folder(ofFileURL: address) }
    #expect(error?.fault == .usage && error?.description.contains("file:///DIR") == true)
    #expect(throws: DestinationError.self) {
      try openDestination(address, DestinationOptions(), environment: [:])
    }
  }
}
