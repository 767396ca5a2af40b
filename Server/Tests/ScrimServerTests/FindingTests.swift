import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import ScrimFormat
import ScrimPlayer
import ScrimStore
import Testing

@testable import ScrimServer

/// A recorded session of six segments with known signs of frustration, made by `annoyed_capture` of Tests/Player: two
/// errors, four clicks in a row (a rage click, each of them dead), another dead click, and a frozen screen. The answer
/// to a click of the second segment is in the third, and the frozen screen is in one segment.
private struct Annoyed {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Sessions/annoyed").path
  let session: SessionID
  let segments: [[UInt8]]
  let manifest: [UInt8]

  init() throws {
    let path = Self.folder
    session = try SessionFolder(path: path).read().manifest.session
    segments = try (0..<6).map {
      Array(try Data(contentsOf: URL(fileURLWithPath: path + "/" + SessionFolder.segmentFile($0))))
    }
    manifest = Array(try Data(contentsOf: URL(fileURLWithPath: path + "/manifest.json")))
  }

  func put(_ place: Int, _ stage: Stage) throws {
    let bytes = segments[place]
    let answer = try stage.service.put(
      segment: bytes, place, of: session, digest: SHA256.digest(bytes.span), project: "p")
    if case .refused(let status, let why) = answer { Issue.record("segment \(place): \(status) \(why)") }
  }

  func putAll(_ stage: Stage) throws {
    for place in segments.indices { try put(place, stage) }
    try putManifest(stage)
  }

  func putManifest(_ stage: Stage) throws {
    let answer = try stage.service.put(manifest: manifest, of: session, project: "p")
    if case .refused(let status, let why) = answer { Issue.record("the manifest: \(status) \(why)") }
  }
}

/// Errors, rage clicks, dead clicks, frozen screens.
private typealias Counts = [Int?]

extension Stage {
  fileprivate func counts(_ project: String = "p") throws -> [Counts] {
    try service.index.list(SessionIndex.Query(), project: project).entries.map { entry in
      [entry.knownErrors] + Finding.Kind.allCases.map(entry.count)
    }
  }

  /// Evaluates until nothing is left.
  ///
  /// - Returns: the number of evaluations.
  @discardableResult
  fileprivate func evaluate() throws -> Int {
    let evaluator = SessionEvaluator(service)
    var count = 0
    while try evaluator.evaluateNext() { count += 1 }
    return count
  }
}

/// A whole segment with an error, whose picture can't be decoded.
private func undecodable(_ header: SegmentHeader) throws -> [UInt8] {
  var writer = try SegmentWriter(header: header)
  try writer.append(FrameRecord(time: 0, number: 0, isKey: true, coded: [9, 9, 9]))
  try writer.append(EventRecord(time: 0, json: Array(#"{"type":"error","name":"E"}"#.utf8)))
  return try writer.seal(index: 0, previous: .zero).bytes
}

@Suite struct FindingTests {
  private static let known: Counts = [2, 1, 5, 1]

  /// The numbers are those of the session, in whatever order and however often its parts come. Nothing is known before.
  @Test(arguments: [
    [0, 1, 2, 3, 4, 5, -1], [5, 4, 3, 2, 1, 0, -1], [-1, 3, 0, 5, 1, 4, 2],
    [2, 2, 0, -1, 1, 3, 3, 5, 4, -1, 0],
  ])
  func partsComeInAnyOrder(order: [Int]) throws {
    let annoyed = try Annoyed()
    for evaluatesEach in [false, true] {
      let stage = try Stage()
      for part in order {
        if part < 0 { try annoyed.putManifest(stage) } else { try annoyed.put(part, stage) }
        if evaluatesEach { try stage.evaluate() }
      }
      if !evaluatesEach { #expect(try stage.counts() == [[2, nil, nil, nil]]) }
      try stage.evaluate()
      #expect(try stage.counts() == [Self.known])
      // All is evaluated; the same parts again change nothing.
      for part in order where part >= 0 { try annoyed.put(part, stage) }
      try annoyed.putManifest(stage)
      #expect(try stage.evaluate() == 0)
      #expect(try stage.counts() == [Self.known])
      #expect(try stage.service.index.rebuild(from: SessionStore(path: stage.path), fromNothing: true) == 1)
      #expect(try stage.evaluate() == 1)
      #expect(try stage.counts() == [Self.known])
    }
  }

  /// They are those that the command prints: one definition, in Insight.
  @Test func theyAreThoseOfThePlayer() throws {
    let annoyed = try Annoyed()
    let stage = try Stage()
    try annoyed.putAll(stage)
    try stage.evaluate()
    let reader = try SessionFolder(path: Annoyed.folder).read()
    let found = try #require(try stage.service.index.findings(of: annoyed.session, project: "p"))
    #expect(found == (try Finding.all(in: SessionPlayer(reader))))
    #expect(found.map(\.kind) == [.rage, .dead, .dead, .dead, .dead, .dead, .frozen])
    #expect(found.first?.role == "push button" && found.first?.count == 4)
    #expect(try stage.service.index.findings(of: annoyed.session, project: "q") == nil)
  }

  @Test func ofAnEndedSessionWithAMissingSegmentNothingIsKnown() throws {
    let annoyed = try Annoyed()
    let stage = try Stage()
    for place in 0..<5 { try annoyed.put(place, stage) }
    try stage.evaluate()
    // It may still go on: what is there counts.
    #expect(try stage.counts() == [[1, 1, 5, 1]])
    try annoyed.putManifest(stage)
    try stage.evaluate()
    #expect(try stage.counts() == [[1, nil, nil, nil]])
    #expect(try stage.service.index.findings(of: annoyed.session, project: "p") == nil)
    try annoyed.put(5, stage)
    try stage.evaluate()
    #expect(try stage.counts() == [Self.known])
  }

  /// A picture that can't be decoded.
  @Test func damagedSessionsDoNotStopTheOthers() throws {
    let annoyed = try Annoyed()
    let stage = try Stage()
    try annoyed.putAll(stage)
    let bad = try undecodable(header(1, start: 1_900_000_000_000_000_000))
    guard
      case .stored = try stage.service.put(
        segment: bad, 0, of: header(1).session, digest: SHA256.digest(bad.span), project: "p")
    else {
      Issue.record("the segment is not stored")
      return
    }
    #expect(try stage.evaluate() == 2)
    #expect(try stage.counts() == [[1, nil, nil, nil], Self.known])
  }

  /// A session that grows is not played again for each segment.
  @Test func evaluationsOfALongSessionAreFew() throws {
    let stage = try Stage()
    let about = header(1)
    var previous = SHA256Digest.zero
    var evaluations = 0
    for index in 0..<60 {
      let bytes = try segment(about, index, previous: previous)
      let file = try SealedFile(bytes)
      previous = file.digest
      guard
        case .stored = try stage.service.put(
          segment: bytes, index, of: about.session, digest: file.digest, project: "p")
      else {
        Issue.record("segment \(index) is not stored")
        return
      }
      evaluations += try stage.evaluate()
    }
    #expect((5...12).contains(evaluations), "\(evaluations)")
  }

  @Test func theListFiltersAndSortsByThem() async throws {
    let path =
      FileManager.default.temporaryDirectory.appendingPathComponent("scrim-findings-\(UUID().uuidString)")
      .path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let stage = ReplayService(
      store: SessionStore(path: path), index: try SessionIndex(path: ReplayServer.indexPath(path)))
    // A recording of this machine, one that is sealed to a key, and one with an error that can't be decoded.
    try FileManager.default.copyItem(atPath: Annoyed.folder, toPath: path + "/annoyed")
    try FileManager.default.copyItem(
      atPath: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../Tests/ScrimStoreTests/Vectors/sealed").standardizedFileURL.path,
      toPath: path + "/sealed")
    let bad = try undecodable(header(1))
    _ = try stage.put(
      segment: bad, 0, of: header(1).session, digest: SHA256.digest(bad.span), project: "default")
    try stage.refresh()
    let evaluator = SessionEvaluator(stage)
    while try evaluator.evaluateNext() {}
    let annoyed = "\(try Annoyed().session)"
    var options = ServerOptions(store: path)
    options.port = 0
    try await ReplayServer(options).application().test(.router) { client in
      func get(_ uri: String) async throws -> TestResponse {
        try await client.execute(uri: uri, method: .get) { $0 }
      }
      func sessions(_ query: String) async throws -> [[String: Any]] {
        let answer = try await get("/v1/sessions" + query)
        #expect(answer.status == .ok, "\(query)")
        let object = try JSONSerialization.jsonObject(with: Data(String(buffer: answer.body).utf8))
        return (object as? [String: Any])?["sessions"] as? [[String: Any]] ?? []
      }
      let all = try await sessions("")
      #expect(all.count == 3)
      let keys = ["errors", "rage_clicks", "dead_clicks", "frozen"]
      let expected =
        [annoyed: [2, 1, 5, 1], "\(header(1).session)": [1, nil, nil, nil]] as [String: Counts]
      for session in all {
        let name = session["session"] as? String ?? ""
        // Of the sealed one nothing is known, and nothing is said to be 0.
        #expect(keys.map { session[$0] as? Int } == expected[name] ?? [nil, nil, nil, nil], "\(name)")
      }
      for filter in ["rage", "dead", "frozen"] {
        #expect(try await sessions("?filter=\(filter)").compactMap { $0["session"] as? String } == [annoyed])
        #expect(try await sessions("?sort=\(filter)").first?["session"] as? String == annoyed)
        #expect(try await sessions("?sort=\(filter)&order=up").last?["session"] as? String == annoyed)
        #expect(String(buffer: try await get("/s?filter=\(filter)").body).contains(annoyed))
        #expect(try await get("/s?sort=\(filter)&order=up").status == .ok)
      }
      #expect(try await sessions("?filter=errors").count == 2)
      for query in ["?filter=x", "?sort=id", "?order=x", "?filter="] {
        #expect(try await get("/v1/sessions" + query).status == .badRequest, "\(query)")
      }
      let page = String(buffer: try await get("/s/\(annoyed)").body)
      #expect(page.contains(#""kind":"rage""#) && page.contains(#""kind":"frozen""#))
      #expect(String(buffer: try await get("/s/\(annoyed)/live?known=6").body).contains(#""kind":"dead""#))
      #expect(!String(buffer: try await get("/s/\(header(1).session)").body).contains("findings"))
    }
  }

  /// A manifest may come before the first segment: its page waits for it, and asks again by itself.
  @Test func aSessionWithoutASegmentIsWaitedFor() async throws {
    let path =
      FileManager.default.temporaryDirectory.appendingPathComponent("scrim-findings-\(UUID().uuidString)")
      .path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let stage = ReplayService(
      store: SessionStore(path: path), index: try SessionIndex(path: ReplayServer.indexPath(path)))
    let manifest = SessionManifest(header: header(1))
    guard case .stored = try stage.put(manifest: manifest.json, of: manifest.session, project: "default")
    else {
      Issue.record("the manifest is not stored")
      return
    }
    var options = ServerOptions(store: path)
    options.port = 0
    try await ReplayServer(options).application().test(.router) { client in
      for part in ["", "/embed"] {
        try await client.execute(uri: "/s/\(manifest.session)\(part)", method: .get) { answer in
          #expect(answer.status == .ok && answer.headers[.refresh] == "2")
          #expect(String(buffer: answer.body).contains("has not arrived yet"))
        }
      }
    }
  }

  /// The index of an older version keeps its content; the findings are added.
  @Test func anOlderIndexIsMigrated() throws {
    let annoyed = try Annoyed()
    let stage = try Stage()
    try annoyed.putAll(stage)
    // The tables of version 3.
    try stage.service.index.database.write { db in
      for name in try String.fetchAll(
        db, sql: "SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'session_%'")
      { try db.execute(sql: "DROP INDEX \(name)") }
      for column in ["rages", "dead", "frozen", "evaluated", "shown"] {
        try db.execute(sql: "ALTER TABLE session DROP COLUMN \(column)")
      }
      for column in ["id", "last", "bytes", "errors"] {
        try db.execute(sql: "CREATE INDEX session_by_\(column) ON session(project, \(column), errors)")
      }
      for table in ["finding", "listed"] { try db.execute(sql: "DROP TABLE \(table)") }
      try db.execute(sql: "PRAGMA user_version = 3")
    }
    try stage.service.index.database.close()
    let service = ReplayService(
      store: SessionStore(path: stage.path),
      index: try SessionIndex(path: stage.path + "/.index/sessions.sqlite"))
    let entry = try #require(try service.index.list(SessionIndex.Query(), project: "p").entries.first)
    #expect(entry.errors == 2 && entry.segments == 6 && entry.count(.rage) == nil)
    let evaluator = SessionEvaluator(service)
    while try evaluator.evaluateNext() {}
    var query = SessionIndex.Query()
    query.sort = .dead
    query.filter = .frozen
    #expect(try service.index.list(query, project: "p").entries.map { $0.count(.dead) } == [5])
    // An unknown version is read from the store again.
    try service.index.database.write { try $0.execute(sql: "PRAGMA user_version = 2") }
    try service.index.database.close()
    #expect(try SessionIndex(path: stage.path + "/.index/sessions.sqlite").count() == 0)
  }
}
