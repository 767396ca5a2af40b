import ScrimRedact
import ScrimSystem

/// The compositor's global objects that recording needs.
final class WaylandGlobals {
  private(set) var shm: UInt32 = 0
  private(set) var manager: UInt32 = 0
  /// The recorded output.
  private(set) var output: UInt32 = 0
  private let registry: UInt32
  private var outputs: [Output] = []
  private var offers: [(name: UInt32, interface: String, version: UInt32)] = []

  private struct Output {
    var object: UInt32
    /// Its number in the registry.
    var global: UInt32
    /// Its name for people, such as `DP-1`; compositors send it since version 4 of `wl_output`.
    var name: String
    /// `wl_output.transform`; 0 for upright.
    var transform: UInt32 = 0
  }

  private static let answerLimit: Int64 = 5_000_000_000

  /// - Parameter name: the compositor's name of the output to record; nil if there is only one.
  init(_ connection: WaylandConnection, output name: String?) throws(CaptureError) {
    registry = connection.newID()
    // wl_display.get_registry
    try connection.send(to: WaylandConnection.display, 1, [.number(registry)])
    try sync(connection) { _ = self.note($0) }
    shm = try bind("wl_shm", 1...1, connection)
    // Damage came with version 2, and version 3 marks the end of the list of buffer formats.
    manager = try bind("zwlr_screencopy_manager_v1", 3...3, connection)
    for offer in offers where offer.interface == "wl_output" {
      let object = try bind(offer, version: min(offer.version, 4), connection)
      outputs.append(Output(object: object, global: offer.name, name: "\(outputs.count + 1)"))
    }
    try sync(connection) { _ = self.note($0) }
    let chosen = try choose(name, place: connection.name)
    output = chosen.object
    guard chosen.transform == 0 else {
      throw .unavailable(
        CaptureIssue(
          place: connection.name,
          message: "the output \(chosen.name) is rotated; only upright ones can be recorded"))
    }
  }

  private func choose(_ name: String?, place: String) throws(CaptureError) -> Output {
    if let name, let chosen = outputs.first(where: { $0.name == name }) { return chosen }
    if name == nil, outputs.count == 1 { return outputs[0] }
    let names = outputs.map(\.name).joined(separator: ", ")
    let message =
      switch name {
      case _ where outputs.isEmpty: "the compositor has no output"
      case let name?: "there is no output \(name); choose one of these with --output: \(names)"
      case nil: "there are several outputs; choose one of them with --output: \(names)"
      }
    throw .unavailable(CaptureIssue(place: place, message: message))
  }

  /// Waits until the compositor has processed all requests; passes on the events that arrive meanwhile.
  func sync(
    _ connection: WaylandConnection, _ note: (WaylandMessage) throws(CaptureError) -> Void
  ) throws(CaptureError) {
    let callback = connection.newID()
    // wl_display.sync
    try connection.send(to: WaylandConnection.display, 0, [.number(callback)])
    let limit = MonotonicClock.now + WaylandGlobals.answerLimit
    while MonotonicClock.now < limit {
      guard let message = try connection.nextEvent(until: limit) else { continue }
      if message.object == callback { return }
      try note(message)
    }
    throw .unavailable(CaptureIssue(place: connection.name, message: "the compositor doesn't answer"))
  }

  /// - Returns: whether the recorded output was removed.
  func note(_ message: WaylandMessage) -> Bool {
    if message.object == registry {
      switch message.opcode {
      case 0:
        let interface = message.text(at: 1)
        let version = message[2 + (Int(message[1]) + 3) / 4]
        offers.append((message[0], interface, version))
      default: return outputs.contains { $0.object == output && $0.global == message[0] }
      }
    } else if let index = outputs.firstIndex(where: { $0.object == message.object }) {
      switch message.opcode {
      // geometry: x, y, width, height, subpixel, make, model, transform.
      case 0: outputs[index].transform = message.arguments.last ?? 0
      case 4: outputs[index].name = message.text(at: 0)
      default: break
      }
    }
    return false
  }

  private func bind(
    _ interface: String, _ versions: ClosedRange<UInt32>, _ connection: WaylandConnection
  ) throws(CaptureError) -> UInt32 {
    guard let offer = offers.first(where: { $0.interface == interface && $0.version >= versions.lowerBound })
    else {
      throw .unavailable(
        CaptureIssue(
          place: connection.name,
          message:
            "the compositor lacks \(interface) of version \(versions.lowerBound); recording works with those built on wlroots, such as sway"
        ))
    }
    return try bind(offer, version: min(offer.version, versions.upperBound), connection)
  }

  private func bind(
    _ offer: (name: UInt32, interface: String, version: UInt32), version: UInt32,
    _ connection: WaylandConnection
  ) throws(CaptureError) -> UInt32 {
    let id = connection.newID()
    // wl_registry.bind
    try connection.send(
      to: registry, 0, [.number(offer.name), .text(offer.interface), .number(version), .number(id)])
    return id
  }
}
