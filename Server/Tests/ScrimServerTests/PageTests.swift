import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import ScrimFormat
import ScrimStore
import Testing

@testable import ScrimServer

/// Words that would run if any of them were ever read as markup.
private let hostile = #"<img src=x onerror="broken()"><script>broken()</script></script>'&"#

/// A server over a store of its own, with keys of two projects.
private final class Site {
  let path: String
  let server: ReplayServer
  let reader: String
  let other: String
  let writer: String

  init(withKeys: Bool = true, _ change: (inout ServerOptions) -> Void = { _ in }) throws {
    path =
      FileManager.default.temporaryDirectory.appendingPathComponent("scrim-pages-\(UUID().uuidString)").path
    var options = ServerOptions(store: path)
    options.port = 0
    var generator = SystemRandomNumberGenerator()
    var lines: [String] = []
    func key(_ role: AccessRole, _ project: String) -> String {
      let (key, line) = AccessKeys.make(role, project: project, name: "n\(lines.count)", using: &generator)
      lines.append(line)
      return key
    }
    reader = key(.reader, "p")
    other = key(.reader, "q")
    writer = key(.writer, "p")
    if withKeys { options.keys = try AccessKeys(text: lines.joined(separator: "\n")) }
    change(&options)
    server = try ReplayServer(options)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func put(_ bytes: [UInt8], project: String = "p") throws {
    let service = ReplayService(
      store: SessionStore(path: path), index: try SessionIndex(path: ReplayServer.indexPath(path)))
    let file = try SealedFile(bytes)
    guard
      case .stored = try service.put(
        segment: bytes, file.index, of: file.session, digest: file.digest, project: project)
    else {
      Issue.record("the segment is not stored")
      return
    }
  }

  func test(_ body: @Sendable (any TestClientProtocol) async throws -> Void) async throws {
    try await server.application().test(.router) { client in try await body(client) }
  }

  /// A real session, as a recorder on this machine has written it beside the store's projects.
  func addRecording(_ name: String) throws -> String {
    let vector = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../Tests/ScrimRecorderTests/Vectors/letter-1").standardizedFileURL.path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: vector, toPath: path + "/" + name)
    return "\(try SessionFolder(path: vector).read().manifest.session)"
  }
}

extension TestClientProtocol {
  fileprivate func get(_ uri: String, _ headers: HTTPFields = [:]) async throws -> TestResponse {
    try await execute(uri: uri, method: .get, headers: headers) { $0 }
  }

  fileprivate func post(_ uri: String, _ body: String, _ headers: HTTPFields = [:]) async throws
    -> TestResponse
  {
    try await execute(uri: uri, method: .post, headers: headers, body: ByteBuffer(string: body)) { $0 }
  }

  /// The cookie that a key gets, as it is sent back.
  fileprivate func signIn(_ key: String) async throws -> HTTPFields {
    let answer = try await post("/sign-in", "key=\(key)&next=%2Fs")
    let cookie = try #require(answer.headers[.setCookie])
    return [.cookie: String(cookie.prefix { $0 != ";" })]
  }
}

extension TestResponse {
  fileprivate var text: String { String(buffer: body) }
}

@Suite struct SignInTests {
  @Test func aReadersKeyOpensItsProject() async throws {
    let site = try Site()
    try site.put(try segment(header(1), 0, event: #"{"type":"error","name":"OfP"}"#))
    try site.put(try segment(header(2), 0, event: #"{"type":"error","name":"OfQ"}"#), project: "q")
    let (reader, other, writer) = (site.reader, site.other, site.writer)
    try await site.test { client in
      var answer = try await client.get("/s")
      #expect(answer.status == .seeOther && answer.headers[.location] == "/sign-in?next=%2Fs")
      answer = try await client.get("/sign-in?next=%2Fs")
      #expect(answer.status == .ok && answer.text.contains("type=\"password\""))
      for key in ["", "nonsense", writer] {
        answer = try await client.post("/sign-in", "key=\(key)")
        #expect(answer.status == .forbidden && answer.headers[.setCookie] == nil)
      }
      answer = try await client.post("/sign-in", "key=\(reader)&next=%2Fs%3Fq%3Dabc")
      #expect(answer.status == .seeOther && answer.headers[.location] == "/s?q=abc")
      let cookie = try #require(answer.headers[.setCookie])
      #expect(cookie.hasSuffix("; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax") && !cookie.contains(reader))
      let mine: HTTPFields = [.cookie: "other=1; " + cookie.prefix { $0 != ";" }]
      answer = try await client.get("/s", mine)
      #expect(answer.text.contains("OfP") && !answer.text.contains("OfQ"))
      // Sessions of another project don't exist.
      for part in ["", "/embed", "/live", "/open?index=0", "/thumbnail"] {
        #expect(try await client.get("/s/\(header(2).session)\(part)", mine).status == .notFound, "\(part)")
      }
      #expect(
        try await client.get("/v1/sessions/\(header(2).session)/segments/00000000", mine).status == .notFound)
      #expect(try await client.get("/v1/sessions/\(header(1).session)/segments/00000000", mine).status == .ok)
      let theirs = try await client.signIn(other)
      #expect(try await client.get("/s", theirs).text.contains("OfQ"))
      // The cookie reads, and does nothing else.
      let path = "/v1/sessions/\(header(1).session)"
      #expect(
        try await client.execute(uri: path, method: .delete, headers: mine) { $0.status } == .unauthorized)
      // Signing out ends it on the server.
      answer = try await client.post("/sign-out", "", mine)
      #expect(answer.status == .seeOther && answer.headers[.setCookie]?.contains("Max-Age=0") == true)
      #expect(try await client.get("/s", mine).status == .seeOther)
      #expect(try await client.get("/s", theirs).status == .ok)
      for forged in ["scrim=", "scrim=\(reader)", "scrim=" + String(repeating: "0", count: 64)] {
        #expect(try await client.get("/s", [.cookie: forged]).status == .seeOther)
      }
    }
  }

  @Test func signingInLeadsNowhereElse() async throws {
    let site = try Site()
    let reader = site.reader
    try await site.test { client in
      for next in [
        "https://evil.example", "//evil.example", "/\\evil", "/s\r\nX: y", "javascript:1", "/sx", "",
      ] {
        let answer = try await client.post("/sign-in", "key=\(reader)&next=\(FormFields.encoded(next))")
        #expect(answer.headers[.location] == "/s", "\(next)")
      }
    }
  }

  @Test func behindTLSTheCookieIsForTLSOnly() async throws {
    let site = try Site { $0.isBehindProxy = true }
    let reader = site.reader
    try await site.test { client in
      let cookie = try await client.post("/sign-in", "key=\(reader)").headers[.setCookie]
      #expect(cookie?.hasPrefix("__Host-scrim=") == true && cookie?.hasSuffix("; Secure") == true)
    }
  }

  @Test func signInsEnd() {
    let signIns = SignIns()
    var generator = SystemRandomNumberGenerator()
    let key = AccessKey(role: .reader, project: "p", name: "n", hash: .zero)
    let token = signIns.begin(key, now: 100, using: &generator)
    #expect(signIns.find(token, now: 100 + 43_199) == key)
    #expect(signIns.find(token, now: 100 + 43_200) == nil)
    #expect(signIns.find(token + "0", now: 100) == nil)
  }

  /// Servers over one bucket share a secret, and know each other's sign-ins.
  @Test func signInsOfAnotherServer() throws {
    let secret = [UInt8](repeating: 7, count: 32)
    let (here, there, stranger) = (SignIns(secret: secret), SignIns(secret: secret), SignIns(secret: [1]))
    var generator = SystemRandomNumberGenerator()
    let (_, line) = AccessKeys.make(.reader, project: "p", name: "n", using: &generator)
    let keys = try AccessKeys(text: line)
    let token = here.begin(keys.keys[0], now: 100, using: &generator)
    #expect(there.find(token, now: 100 + 43_199, among: keys) == keys.keys[0])
    #expect(there.find(token, now: 100 + 43_200, among: keys) == nil)
    #expect(stranger.find(token, now: 100, among: keys) == nil)
    // A key that was taken away, and a changed end.
    #expect(there.find(token, now: 100, among: AccessKeys([])) == nil)
    #expect(there.find("9" + token, now: 100, among: keys) == nil)
    there.end(token)
    #expect(there.find(token, now: 100, among: keys) == nil)
  }

  /// A page of any site makes the browser send requests here; so may another port of this machine.
  @Test func otherSitesAreNotTaken() async throws {
    let site = try Site(withKeys: false)
    try await site.test { client in
      for origin in ["http://evil.example", "http://localhost:3000", "null", "http://localhost.evil.example"]
      {
        let list = try await client.get("/s", [.origin: origin])
        let signIn = try await client.post("/sign-in", "key=x", [.origin: origin])
        let signOut = try await client.post("/sign-out", "", [.origin: origin])
        for answer in [list, signIn, signOut] { #expect(answer.status == .forbidden, "\(origin)") }
      }
      #expect(try await client.get("/s", [.origin: "http://localhost"]).status == .ok)
    }
  }
}

@Suite struct ListPageTests {
  @Test func nothingOfARecordingIsMarkup() async throws {
    let site = try Site(withKeys: false)
    let words = String(decoding: try JSONEncoder().encode(hostile), as: UTF8.self)
    let bad = header(1, producer: hostile)
    try site.put(
      try segment(bad, 0, event: #"{"type":"error","name":\#(words),"message":\#(words),"id":\#(words)}"#),
      project: "default")
    try site.put(
      try segment(header(2), 0, event: #"{"type":"navigation","url":\#(words)}"#), project: "default")
    try await site.test { client in
      let query = FormFields.encoded(hostile)
      for address in [
        "/s", "/s?q=\(query)", "/s?q=%3Cimg", "/s/\(bad.session)", "/s/\(bad.session)/embed",
        "/sign-in?next=\(query)",
        "/s?trace_id=\(query)", "/s/\(query)", "/s?filter=\(query)", "/s?sort=\(query)", "/s?after=\(query)",
      ] {
        let answer = try await client.get(address)
        #expect(!answer.text.contains("<img src=x") && !answer.text.contains("<script>broken"), "\(address)")
        #expect(!answer.text.contains("onerror=\""), "\(address)")
      }
      let list = try await client.get("/s").text
      #expect(list.contains("&lt;img src=x onerror=&quot;broken()&quot;&gt;"))
      #expect(try await client.get("/s?q=%3Cimg").text.contains(bad.session.description))
      let found = try await client.get("/s?error_id=\(query)")
      #expect(found.status == .seeOther && found.headers[.location] == "/s/\(bad.session)?t=0")
    }
  }

  @Test func pagesLeadOn() async throws {
    let site = try Site(withKeys: false)
    for number in UInt8(1)...120 {
      let start = 1_764_000_000_000_000_000 + Int64(number) * 1_000_000_000
      try site.put(try segment(header(number, start: start), 0), project: "default")
    }
    try await site.test { client in
      var seen: [String] = []
      var address = "/s?sort=size"
      for _ in 0..<3 {
        let text = try await client.get(address).text
        seen += text.matches(of: /<a href="\/s\/([0-9a-f-]{36})"/).map { String($0.1) }
        guard let next = text.firstMatch(of: /href="([^"]+)" rel="next"/)?.1 else { break }
        address = String(next).replacing("&amp;", with: "&")
      }
      #expect(seen.count == 120 && Set(seen).count == 120)
    }
  }

  @Test func aTraceLeadsToItsMoment() async throws {
    let site = try Site(withKeys: false)
    let trace = String(repeating: "ab", count: 16)
    let event = #"{"type":"network","trace_id":"\#(trace)"}"#
    for number in UInt8(1)...2 {
      var writer = try SegmentWriter(header: header(number))
      try writer.append(FrameRecord(time: 0, number: 0, isKey: true, coded: []))
      try writer.append(EventRecord(time: 12_345_678_901, json: Array(event.utf8)))
      if number == 1 {
        try site.put(try writer.seal(index: 0, previous: .zero).bytes, project: "default")
        try await site.test { client in
          let answer = try await client.get("/s?trace_id=\(trace)")
          #expect(answer.headers[.location] == "/s/\(header(1).session)?t=12.345679")
          #expect(try await client.get("/s?trace_id=unknown").status == .notFound)
        }
      } else {
        // Of two, the list lets choose.
        try site.put(try writer.seal(index: 0, previous: .zero).bytes, project: "default")
        try await site.test { client in
          let answer = try await client.get("/s?trace_id=\(trace)")
          #expect(answer.status == .ok && answer.text.contains("\(header(1).session)"))
          #expect(answer.text.contains("\(header(2).session)"))
        }
      }
    }
  }

  @Test func numbersAreForPeople() {
    #expect(SessionList.size(999) == "999 B" && SessionList.size(23_400) == "23 kB")
    #expect(SessionList.size(1_250_000) == "1.3 MB" && SessionList.size(999_700) == "1.0 MB")
    #expect(SessionList.clock(3_723_000_000_000) == "1:02:03" && SessionList.clock(-1) == "0:00")
    #expect(Responder.seconds(12_500_000_000) == "12.5" && Responder.seconds(1) == "0.000001")
  }
}

@Suite struct PlayerPageTests {
  @Test func pagesLoadFromHereOnly() async throws {
    let site = try Site(withKeys: false) { $0.embedders = ["https://grafana.example.com"] }
    let session = try site.addRecording("letter")
    try await site.test { client in
      for address in ["/s", "/s/\(session)", "/s/\(session)/embed", "/sign-in"] {
        let answer = try await client.get(address)
        let policy = answer.headers[.contentSecurityPolicy] ?? ""
        if answer.status == .ok { #expect(policy.contains("default-src 'none'"), "\(address)") }
        #expect(!policy.contains("unsafe") && !policy.contains("*"))
        #expect(
          !answer.text.contains(" style=") && !answer.text.contains("http://")
            && !answer.text.contains("https://"))
        for match in answer.text.matches(of: /(?:src|href)="([^"#]+)/) {
          #expect(match.1.hasPrefix("/"), "\(match.1)")
        }
        for match in answer.text.matches(of: /<script(?! type="application\/json")[^>]*>([^<]*)/) {
          #expect(match.1.isEmpty, "\(address) holds a script")
        }
      }
      let page = try await client.get("/s/\(session)").headers[.contentSecurityPolicy]
      #expect(page?.hasSuffix("frame-ancestors 'none'") == true)
      let embed = try await client.get("/s/\(session)/embed").headers[.contentSecurityPolicy]
      #expect(embed?.hasSuffix("frame-ancestors 'self' https://grafana.example.com") == true)
    }
  }

  @Test func theParts() async throws {
    let site = try Site(withKeys: false)
    let session = try site.addRecording("letter")
    try await site.test { client in
      let text = try await client.get("/s/\(session)?t=1").text
      for match in text.matches(of: /"(\/assets\/[^"]+)"/) {
        let asset = try await client.get(String(match.1))
        #expect(asset.status == .ok && asset.headers[.cacheControl]?.contains("immutable") == true)
      }
      let picture = try await client.get("/s/\(session)/thumbnail")
      #expect(picture.headers[.contentType] == "image/jpeg" && picture.text.utf8.count > 500)
      let again = try await client.get(
        "/s/\(session)/thumbnail", [.ifNoneMatch: picture.headers[.eTag] ?? ""])
      #expect(again.status == .notModified)
      let live = try await client.get("/s/\(session)/live?known=1").text
      #expect(live.contains("\"isRecording\":false") && live.contains("\"state\":\"sealed\""))
      #expect(try await client.get("/s/\(session)/open?index=2").status == .noContent)
      #expect(try await client.get("/s/\(session)/open?index=x").status == .badRequest)
      #expect(try await client.get("/s/\(session)/nothing").status == .notFound)
      #expect(try await client.get("/s/00000000-0000-0000-0000-000000000000").status == .notFound)
      let segment = try await client.get("/v1/sessions/\(session)/segments/00000000")
      #expect(segment.status == .ok)
      #expect(try await client.get("/v1/sessions/\(session)/segments/00000009").status == .notFound)
      // What a recorder writes itself is not this server's to delete.
      let path = "/v1/sessions/\(session)"
      #expect(try await client.execute(uri: path, method: .delete) { $0.status } == .conflict)
    }
  }

  /// A session that was copied with its last segment torn is watched up to its last whole record.
  @Test func whatIsBeingRecordedIsShownAsFarAsItIsWhole() async throws {
    let site = try Site(withKeys: false)
    let folder = SessionFolder(path: site.path + "/now")
    var start = header(7)
    start.start = 1_764_000_000_000_000_000
    var writer = try folder.create(start)
    func open() throws -> SegmentWriter {
      var segment = try SegmentWriter(header: start)
      try segment.append(FrameRecord(time: 0, number: 0, isKey: true, coded: []))
      return segment
    }
    try writer.begin(open())
    let part = site.path + "/now/segments/00000000.scrim.part"
    let session = "\(start.session)"
    try await site.test { client in
      #expect(try await client.get("/s").text.contains("Recording"))
      let text = try await client.get("/s/\(session)").text
      #expect(text.contains("\"isRecording\":true") && text.contains("\"sha256\":null"))
      let whole = try await client.get("/s/\(session)/open?index=0").body.readableBytes
      #expect(whole == FileManager.default.contents(atPath: part)?.count)
      // A record of which only a part is written yet.
      let file = try #require(FileHandle(forWritingAtPath: part))
      try file.seekToEnd()
      try file.write(contentsOf: [2, 0, 9, 0, 0, 0, 1])
      #expect(try await client.get("/s/\(session)/open?index=0").body.readableBytes == whole)
      try file.truncate(atOffset: UInt64(whole))
    }
    try writer.append(FrameRecord(time: 1_000_000_000, number: 1, isKey: false, coded: []))
    try await site.test { client in
      let live = try await client.get("/s/\(session)/live?known=0").text
      #expect(live.contains("\"frames\":2") && live.contains("\"last\":1000000000"))
    }
    try writer.finish()
    try await site.test { client in
      let live = try await client.get("/s/\(session)/live?known=0").text
      #expect(live.contains("\"isRecording\":false") && !live.contains("null"))
      #expect(try await client.get("/s/\(session)/open?index=0").status == .noContent)
      #expect(try await client.get("/v1/sessions/\(session)/segments/00000000").status == .ok)
    }
  }

  @Test func picturesAreBounded() throws {
    let site = try Site()
    let cache = ThumbnailCache(path: site.path)
    let folder = site.path + "/" + StoreLayout.thumbnails + "/p"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for number in 0..<10 {
      let path = "\(folder)/\(number).jpg"
      _ = FileManager.default.createFile(atPath: path, contents: Data(count: 1000))
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: Double(1000 + number))], ofItemAtPath: path)
    }
    cache.prune(limit: 5000)
    let left = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    #expect(left == ["6.jpg", "7.jpg", "8.jpg", "9.jpg"])
    cache.removeOrphans { $1 == "7" }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["7.jpg"])
  }

  /// Deleting a session takes its picture with it.
  @Test func aPictureGoesWithItsSession() throws {
    let stage = try Stage()
    let file = try SealedFile(try segment(header(1), 0))
    _ = try stage.service.put(segment: file.bytes, 0, of: file.session, digest: file.digest, project: "p")
    let path = stage.path + "/" + StoreLayout.thumbnail(file.session, project: "p")
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    _ = FileManager.default.createFile(atPath: path, contents: Data([1]))
    _ = try stage.service.delete(
      SessionStore.Place(project: "p", session: file.session, start: file.header.start))
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
