public import Foundation

/// Real captures, beside the repository or at SCRIM_CORPUS.
public enum Corpus {
  public static let missing: String = "needs the corpus: ../shared/corpus, or SCRIM_CORPUS"

  /// Nil where there is none.
  public static let folder: URL? = {
    let given = ProcessInfo.processInfo.environment["SCRIM_CORPUS"].map { URL(fileURLWithPath: $0) }
    let beside = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../shared/corpus")
      .standardizedFileURL
    return [given, beside].compactMap { $0 }.first { FileManager.default.fileExists(atPath: $0.path) }
  }()
}
