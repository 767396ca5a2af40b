import ScrimRedact
import ScrimTestSupport

@testable import ScrimScreenshots

extension Workspace {
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

extension Pictures {
  /// The default policy without padding.
  static let policy: MaskPolicy = {
    var policy = MaskPolicy()
    policy.padding = 0
    return policy
  }()
}
