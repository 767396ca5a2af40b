/// What a compositor offers, as far as recording needs it.
final class WaylandGlobals {
  private(set) var shm: UInt32 = 0
  private(set) var manager: UInt32 = 0
  private(set) var output: UInt32 = 0
  private let registry: UInt32
  private var outputName: UInt32?
  /// `wl_output.transform`; 0 for upright.
  private var transform: UInt32 = 0
  private var offers: [(name: UInt32, interface: String, version: UInt32)] = []

  private static let answerLimit: Int64 = 5_000_000_000

  init(_ connection: WaylandConnection) throws(CaptureError) {
    registry = connection.newID()
    // wl_display.get_registry
    try connection.send(to: WaylandConnection.display, 1, [.number(registry)])
    try sync(connection) { _ = self.note($0) }
    shm = try bind("wl_shm", 1...1, connection)
    // Damage came with version 2, and with version 3 a sign that all shapes of a copy were offered.
    manager = try bind("zwlr_screencopy_manager_v1", 3...3, connection)
    outputName = offers.first { $0.interface == "wl_output" }?.name
    output = try bind("wl_output", 1...2, connection)
    try sync(connection) { _ = self.note($0) }
    guard transform == 0 else {
      throw .unavailable(
        CaptureFault(
          place: connection.name, message: "the output is rotated; only upright ones can be recorded"))
    }
  }

  /// Waits until the compositor has dealt with all that was sent; hands out what it tells meanwhile.
  func sync(
    _ connection: WaylandConnection, _ note: (WaylandMessage) throws(CaptureError) -> Void
  ) throws(CaptureError) {
    let callback = connection.newID()
    // wl_display.sync
    try connection.send(to: WaylandConnection.display, 0, [.number(callback)])
    let limit = Monotonic.now + WaylandGlobals.answerLimit
    while Monotonic.now < limit {
      guard let message = try connection.nextEvent(until: limit) else { continue }
      if message.object == callback { return }
      try note(message)
    }
    throw .unavailable(CaptureFault(place: connection.name, message: "the compositor doesn't answer"))
  }

  /// - Returns: whether the output that is recorded was taken away.
  func note(_ message: WaylandMessage) -> Bool {
    if message.object == registry {
      switch message.opcode {
      case 0:
        let interface = message.text(at: 1)
        let version = message[2 + (Int(message[1]) + 3) / 4]
        offers.append((message[0], interface, version))
      default: return message[0] == outputName
      }
    } else if message.object == output, message.opcode == 0 {
      // geometry: x, y, width, height, subpixel, make, model, transform.
      transform = message.arguments.last ?? 0
    }
    return false
  }

  private func bind(
    _ interface: String, _ versions: ClosedRange<UInt32>, _ connection: WaylandConnection
  ) throws(CaptureError) -> UInt32 {
    guard let offer = offers.first(where: { $0.interface == interface && $0.version >= versions.lowerBound })
    else {
      throw .unavailable(
        CaptureFault(
          place: connection.name,
          message:
            "the compositor lacks \(interface) of version \(versions.lowerBound); recording works with those built on wlroots, such as sway"
        ))
    }
    let version = min(offer.version, versions.upperBound)
    let id = connection.newID()
    // wl_registry.bind
    try connection.send(
      to: registry, 0, [.number(offer.name), .text(interface), .number(version), .number(id)])
    return id
  }
}
