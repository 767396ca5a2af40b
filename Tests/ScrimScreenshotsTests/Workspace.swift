import Foundation
import ScrimCodec
import ScrimRedact

@testable import ScrimScreenshots

/// A test's own folder, removed when the test ends: `in` with the images, `out` for the results.
final class Workspace {
  let root: String
  var input: String { root + "/in" }
  var output: String { root + "/out" }

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("scrim-\(UUID().uuidString)")
    root = url.path
    try FileManager.default.createDirectory(atPath: root + "/in", withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  /// Writes a file below the root, making folders.
  func put(_ path: String, _ bytes: [UInt8]) throws {
    let url = URL(fileURLWithPath: root + "/" + path)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  /// Writes an image into `in`, and its boxes beside it.
  func putImage(_ name: String, _ bytes: [UInt8], sidecar: String? = nil) throws {
    try put("in/" + name, bytes)
    if let sidecar { try put("in/" + name + ".json", Array(sidecar.utf8)) }
  }

  func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: root + "/" + path)))
  }

  /// Paths of the regular files below `out`.
  var outputs: Set<String> {
    let all = FileManager.default.enumerator(atPath: output)?.compactMap { $0 as? String } ?? []
    return Set(
      all.filter {
        (try? FileManager.default.attributesOfItem(atPath: output + "/" + $0))?[.type] as? FileAttributeType
          == .typeRegular
      })
  }

  var request: RedactionRequest {
    var request = RedactionRequest(
      input: input, output: output, settings: RedactionSettings(policy: MaskPolicy()))
    request.syncs = false
    return request
  }

  /// Runs and returns the results by image.
  @discardableResult
  func run(_ change: (inout RedactionRequest) -> Void = { _ in }) throws -> [String: ImageResult] {
    var request = request
    change(&request)
    let results = Results()
    _ = try RedactionRun(request).run(
      isInterrupted: { false }, onResult: { result throws(RunError) in results.add(result) })
    return results.byImage
  }
}

/// Filled by one thread at a time, read at the end.
private final class Results: @unchecked Sendable {
  private(set) var byImage: [String: ImageResult] = [:]
  private var seen: Set<[UInt8]> = []

  func add(_ result: ImageResult) {
    precondition(seen.insert(Array(result.image.utf8)).inserted, "an image has one result")
    byImage[result.image] = result
  }
}

/// Pictures of noise, in which all pixels are distinct, and their boxes.
enum Pictures {
  /// `width × height` pixels `0x00RRGGBB`.
  static func noise(_ width: Int, _ height: Int, seed: UInt64 = 1) -> [UInt32] {
    var state = seed
    return (0..<width * height).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt32(state >> 40)
    }
  }

  static func png(_ width: Int = 40, _ height: Int = 24, seed: UInt64 = 1) throws -> [UInt8] {
    try PNG.encode(noise(width, height, seed: seed).span, width: width, height: height)
  }

  static func jpeg(
    _ width: Int = 48, _ height: Int = 40, seed: UInt64 = 1, chroma: JPEG.Chroma = .quarter
  ) throws -> [UInt8] {
    try JPEG.encode(
      noise(width, height, seed: seed).span, width: width, height: height, quality: 90, chroma: chroma)
  }

  /// A sidecar with one masked box; without padding it covers exactly that.
  static func sidecar(
    _ width: Int = 40, _ height: Int = 24, box: (Int, Int, Int, Int) = (10, 8, 12, 6), space: String? = nil
  ) -> String {
    let space = space.map { #""space":"\#($0)","# } ?? ""
    return """
      {"width":\(width),"height":\(height),\(space)"widgets":[{"role":"label","name":"s3cret-name","text":"s3cret-text",\
      "x":\(box.0),"y":\(box.1),"w":\(box.2),"h":\(box.3)}]}
      """
  }

  static let policy: MaskPolicy = {
    var policy = MaskPolicy()
    policy.padding = 0
    return policy
  }()
}
