import Testing

@testable import ScrimServer

@Suite struct StoreAddressTests {
  @Test(arguments: [
    ("/dir", "/dir"), ("dir", "dir"), ("file:///dir", "/dir"), ("file://localhost/dir/a", "/dir/a"),
    ("s3://bucket/prefix", "s3://bucket/prefix"),
  ])
  func folders(store: String, path: String) throws {
    #expect(try ServerOptions(store: store).withPath().store == path)
  }

  @Test(arguments: ["", "file://dir", "file://host/dir", "file://", "file:///", "http://host/dir"])
  func othersAreRefused(store: String) {
    #expect(throws: ServerError.self) { try ServerOptions(store: store).withPath() }
    #expect(throws: ServerError.self) { try ReplayServer(ServerOptions(store: store)) }
    #expect(throws: ServerError.self) { try ReplayServer.reindex(ServerOptions(store: store)) }
  }

  @Test func hostsHaveNoPort() {
    for name in ["localhost", "replay.example.com", "127.0.0.1", "[::1]", "KIOSK_1"] {
      #expect(ServerOptions.isHost(name), "\(name)")
    }
    for name in ["", "replay.example.com:80", "https://replay.example.com", "a b", "::1", ".a", "[::1]:80"] {
      #expect(!ServerOptions.isHost(name), "\(name)")
    }
  }
}
