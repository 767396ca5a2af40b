import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import ScrimFormat
import ScrimStore
import Testing

@testable import ScrimServer

/// Sessions that are sealed to a public key, of which the server knows only digests and order.
@Suite struct SealedTests {
  private static let vector = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../../Tests/ScrimStoreTests/Vectors/sealed").standardizedFileURL.path
  private static let id = "00010203-0405-0607-0809-0a0b0c0d0e0f"

  private func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: Self.vector + "/" + name)))
  }

  private func put(_ stage: Stage, _ bytes: [UInt8], _ index: Int) throws -> Int {
    let session = try #require(SessionID(Self.id))
    switch try stage.service.put(
      segment: bytes, index, of: session, digest: SHA256.digest(bytes.span), project: "p")
    {
    case .stored: return 201
    case .alreadyThere: return 200
    case .refused(let status, _): return status
    case .busy: return 503
    }
  }

  @Test func digestIndexAndChainAreChecked() throws {
    let stage = try Stage()
    let segments = try (0..<2).map { try bytes("segments/0000000\($0).scrim") }
    #expect(try put(stage, segments[1], 1) == 201)
    #expect(try put(stage, segments[1], 0) == 400)
    #expect(try put(stage, Array(segments[0].dropLast()), 0) == 400)
    // A whole one with other bytes is not the one that the next one follows.
    var changed = segments[0]
    changed[400] ^= 1
    #expect(try put(stage, changed, 0) == 409)
    #expect(try put(stage, segments[0], 0) == 201)
    #expect(try put(stage, segments[0], 0) == 200)
    let session = try #require(SessionID(Self.id))
    let manifest = try bytes("manifest.json")
    guard case .stored = try stage.service.put(manifest: manifest, of: session, project: "p") else {
      Issue.record("the manifest is not stored")
      return
    }
    let entries = try stage.service.index.list(SessionIndex.Query(), project: "p").entries
    #expect(entries.map(\.isSealedToKey) == [true] && entries.map(\.segments) == [2])
    #expect(try stage.service.index.rebuild(from: SessionStore(path: stage.path), fromNothing: true) == 1)
    #expect(try stage.service.index.list(SessionIndex.Query(), project: "p").entries.map(\.bytes) == [1517])
  }

  @Test func pagesSayThatItIsSealed() async throws {
    let path =
      FileManager.default.temporaryDirectory.appendingPathComponent("scrim-sealed-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: Self.vector, toPath: path + "/recording")
    var options = ServerOptions(store: path)
    options.port = 0
    let file = try bytes("segments/00000001.scrim")
    try await ReplayServer(options).application().test(.router) { client in
      func get(_ uri: String) async throws -> TestResponse {
        try await client.execute(uri: uri, method: .get) { $0 }
      }
      let list = String(buffer: try await get("/s").body)
      #expect(list.contains("Sealed to a key") && !list.contains("0 × 0") && !list.contains("thumbnail"))
      for page in ["", "/embed"] {
        let answer = try await get("/s/\(Self.id)\(page)")
        let text = String(buffer: answer.body)
        #expect(answer.status == .ok && text.contains("scrim play \(Self.id) --key FILE"), "\(page)")
        #expect(text.contains("eedd883d") && !text.contains("scrim-session"), "\(page)")
      }
      #expect(try await get("/s/\(Self.id)/open?index=0").status == .noContent)
      let segment = try await get("/v1/sessions/\(Self.id)/segments/00000001")
      #expect(segment.status == .ok && Array(buffer: segment.body) == file)
    }
  }
}
