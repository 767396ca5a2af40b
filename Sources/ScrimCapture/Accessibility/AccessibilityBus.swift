import ScrimSystem

/// The accessibility bus of a session: its applications and their signals.
final class AccessibilityBus {
  let connection: BusConnection
  /// Applications by the bus name of their root.
  private var known: [String: AccessibleApplication] = [:]
  /// Serial numbers of late introductions that may still arrive.
  private var late: Set<UInt32> = []

  private static let registry = BusObject(
    owner: "org.a11y.atspi.Registry", path: "/org/a11y/atspi/accessible/root")
  private static let accessible = "org.a11y.atspi.Accessible"
  private static let properties = "org.freedesktop.DBus.Properties"
  private static let daemon = BusObject(owner: "org.freedesktop.DBus", path: "/org/freedesktop/DBus")
  /// Nanoseconds within which applications must introduce themselves.
  private static let introductionLimit: Int64 = 300_000_000

  /// - Parameter address: of the accessibility bus; nil to look it up on the session bus.
  init(address: String?) throws(AccessibilityError) {
    let found: String
    if let address { found = address } else { found = try AccessibilityBus.address() }
    connection = try BusConnection(address: found)
    listen()
  }

  private static func address() throws(AccessibilityError) -> String {
    let session = try BusConnection(address: nil)
    let launcher = BusObject(owner: "org.a11y.Bus", path: "/org/a11y/bus")
    guard let answer = session.ask(launcher, "org.a11y.Bus", "GetAddress", timeout: 5000),
      let address = answer.read({ $0.string() }), !address.isEmpty
    else { throw .noBus("org.a11y.Bus does not answer on the session bus") }
    return address
  }

  /// Subscribes to tree changes. Toolkits keep their trees up to date only while a listener is registered.
  private func listen() {
    let registry = BusObject(owner: "org.a11y.atspi.Registry", path: "/org/a11y/atspi/registry")
    for event in [
      "object:children-changed", "object:state-changed:showing", "object:bounds-changed", "window:",
    ] {
      _ = connection.call(registry, "org.a11y.atspi.Registry", "RegisterEvent", .strings(event, nil))
    }
    for rule in [
      "interface='org.a11y.atspi.Event.Object',member='ChildrenChanged'",
      "interface='org.a11y.atspi.Event.Object',member='BoundsChanged'",
      "interface='org.a11y.atspi.Event.Object',member='StateChanged',arg0='showing'",
      "interface='org.a11y.atspi.Event.Window'",
    ] {
      _ = connection.call(
        AccessibilityBus.daemon, "org.freedesktop.DBus", "AddMatch", .strings("type='signal',\(rule)", nil))
    }
  }

  /// The applications that have introduced themselves; nil if the registry doesn't answer.
  func applications() -> [AccessibleApplication]? {
    guard
      let answer = connection.ask(AccessibilityBus.registry, AccessibilityBus.accessible, "GetChildren"),
      let children = answer.read({ $0.elements { $0.object() } })
    else { return nil }
    let roots = children.compactMap { $0 }
    let unknown = roots.filter { known[$0.owner] == nil }
    if !unknown.isEmpty { introduce(unknown) }
    known = known.filter { owner, _ in roots.contains { $0.owner == owner } }
    return roots.compactMap { known[$0.owner] }
  }

  /// Whether a message is the introduction of an application that had not answered in time.
  func isLateIntroduction(_ message: BusMessage) -> Bool { late.remove(message.replySerial) != nil }

  private enum Question: CaseIterable { case name, toolkit, version, process }

  private struct Introduction {
    var root: BusObject
    var texts: [Question: String] = [:]
    var pid: Int?
    var answers = 0
  }

  /// Asks all at once; applications that don't answer in time are asked again at the next snapshot.
  private func introduce(_ roots: [BusObject]) {
    var introductions = roots.map { Introduction(root: $0) }
    var calls: [UInt32: (index: Int, question: Question)] = [:]
    for (index, root) in roots.enumerated() {
      for question in Question.allCases {
        if let serial = ask(question, root) { calls[serial] = (index, question) }
      }
    }
    let end = MonotonicClock.now + AccessibilityBus.introductionLimit
    defer { connection.endAsking() }
    while !calls.isEmpty, MonotonicClock.now < end, connection.exchange() {
      while let message = connection.next() {
        guard let (index, question) = calls.removeValue(forKey: message.replySerial) else {
          connection.keep(message)
          continue
        }
        introductions[index].answers += 1
        guard message.kind == .reply else { continue }
        if question == .process {
          introductions[index].pid = message.read { $0.word() }.map { Int($0) }
        } else {
          introductions[index].texts[question] = message.read { $0.within { $0.string() } }
        }
      }
      if !calls.isEmpty {
        MonotonicClock.wait(for: connection.descriptor, until: MonotonicClock.now + 10_000_000)
      }
    }
    late.formUnion(calls.keys)
    for introduction in introductions where introduction.answers == Question.allCases.count {
      known[introduction.root.owner] = AccessibleApplication(
        root: introduction.root, name: introduction.texts[.name] ?? "",
        toolkit: .init(
          name: introduction.texts[.toolkit] ?? "", version: introduction.texts[.version] ?? ""),
        pid: introduction.pid)
    }
  }

  private func ask(_ question: Question, _ root: BusObject) -> UInt32? {
    let application = "org.a11y.atspi.Application"
    return switch question {
    case .name:
      connection.call(
        root, AccessibilityBus.properties, "Get", .strings(AccessibilityBus.accessible, "Name"))
    case .toolkit:
      connection.call(root, AccessibilityBus.properties, "Get", .strings(application, "ToolkitName"))
    case .version:
      connection.call(root, AccessibilityBus.properties, "Get", .strings(application, "Version"))
    case .process:
      connection.call(
        AccessibilityBus.daemon, "org.freedesktop.DBus", "GetConnectionUnixProcessID",
        .strings(root.owner, nil))
    }
  }
}
