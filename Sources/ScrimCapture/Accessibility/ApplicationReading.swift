/// One application's part of a snapshot.
struct ApplicationReading: Sendable {
  /// How completely its tree could be read.
  enum Outcome: Sendable {
    case whole
    /// It stopped answering, exceeds the node limit, or exited meanwhile.
    case unreadable
  }

  var application: AccessibleApplication
  /// Nodes, parents before children.
  var nodes: [AccessibleNode]
  var outcome: Outcome
  /// Nanoseconds from the first request to the last answer.
  var duration: Int64
  var calls: Int
}

/// An application on the accessibility bus.
struct AccessibleApplication: Hashable, Sendable {
  var root: BusObject
  var name: String
  var toolkit: Toolkit
  var pid: Int?

  enum Toolkit: Hashable, Sendable {
    /// Reports boxes relative to the window, and the state `showing` for few nodes.
    case gtk4
    /// Chromium and Firefox mix device pixels and logical pixels on scaled screens.
    case browser
    case other

    init(name: String, version: String) {
      switch name {
      case "GTK" where version.hasPrefix("4"): self = .gtk4
      case "Chromium", "Gecko": self = .browser
      default: self = .other
      }
    }
  }
}
