/// Limits of one snapshot of the accessibility trees: what exceeds them is masked.
enum TreeReadingLimits {
  /// Nanoseconds without an answer after which an application is abandoned.
  static let silence: Int64 = 500_000_000
  /// Nanoseconds after which an application is abandoned, even if it answers.
  static let duration: Int64 = 5_000_000_000
  /// Maximum number of nodes of an application that are read.
  static let nodes = 20_000
  /// Maximum number of children of a node: one with more counts as a node whose children are not listed.
  static let children = 1000
  /// Requests per application that are outstanding at most.
  static let requests = 64
  /// Characters read of a text: only whether it is blank matters.
  static let text: Int32 = 200
}
