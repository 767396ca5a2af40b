import ScrimRedact
import ScrimSystem

/// Takes one snapshot of the trees of several applications. Requests are pipelined, so that a snapshot
/// takes as long as the slowest application needs to answer, not the sum of all round trips.
///
/// At most 64 requests per application are outstanding, so that a hung application keeps no more than that,
/// and its user interface is not blocked for long. An application that doesn't answer for ``TreeReadingLimits/silence``
/// is abandoned.
struct TreeWalk {
  private static let accessible = "org.a11y.atspi.Accessible"
  private static let component = "org.a11y.atspi.Component"
  private static let text = "org.a11y.atspi.Text"
  private static let value = "org.a11y.atspi.Value"
  private static let properties = "org.freedesktop.DBus.Properties"

  /// Facts about an object kept from one snapshot to the next.
  struct Memory: Sendable {
    var hasText: Bool
    var hasComponent: Bool
    var hasValue: Bool
  }

  private enum Question {
    case role, states, interfaces, extents, name, text, value, children, childCount
  }

  private struct Call {
    var node: Int
    var question: Question
  }

  private struct Node {
    var application: Int
    var object: BusObject
    var parent: Int
    var role: String?
    var states: AccessibleStates?
    var memory: Memory?
    var name = ""
    var box: AccessibleNode.Box?
    var hasText = false
    var value: Double?
    var isTorn = false
    /// Whether it answered with an error.
    var isLost = false
    var isDescended = false
    var children: [Int] = []
    /// The input that lists it too, besides the node under which it was found first.
    var listOf: Int?
  }

  private struct Application {
    var known: AccessibleApplication
    var nodes = 0
    var calls = 0
    var waiting: [Call] = []
    var nextWaiting = 0
    var inFlight = 0
    var lastHeard: Int64
    var isGivenUp = false
    var end: Int64
  }

  private let bus: BusConnection
  private let readsNames: Bool
  private let begin: Int64
  private var nodes: [Node] = []
  private var applications: [Application]
  private var calls: [UInt32: Call] = [:]
  /// The node index of each object found.
  private var seen: [BusObject: Int] = [:]
  private var remembered: [BusObject: Memory]
  /// Facts about the objects that this snapshot found.
  private(set) var memory: [BusObject: Memory] = [:]
  /// Whether the bus went away.
  private(set) var isBusLost = false
  /// Other messages that arrived meanwhile.
  private(set) var strays: [BusMessage] = []
  /// Abandoned requests, by the serials of the answers that may still arrive.
  private(set) var unanswered: [UInt32: BusObject] = [:]

  /// - Parameters:
  ///   - memory: the facts kept by the last snapshot.
  ///   - readsNames: whether names are asked for; only rules by name need them.
  init(
    _ bus: BusConnection, applications: [AccessibleApplication], memory: [BusObject: Memory], readsNames: Bool
  ) {
    self.bus = bus
    self.readsNames = readsNames
    begin = MonotonicClock.now
    remembered = memory
    let begin = begin
    self.applications = applications.map { Application(known: $0, lastHeard: begin, end: begin) }
  }

  /// Reads every application to its end or until it is abandoned.
  mutating func run() -> [ApplicationReading] {
    for index in applications.indices {
      let root = add(applications[index].known.root, to: index, under: -1)
      ask(root, .children)
    }
    while !calls.isEmpty {
      guard bus.exchange() else {
        isBusLost = true
        break
      }
      var isIdle = true
      while let message = bus.next() {
        isIdle = false
        take(message)
      }
      if isIdle {
        giveUpTheSilent(at: MonotonicClock.now)
        if !calls.isEmpty { MonotonicClock.wait(for: bus.descriptor, until: MonotonicClock.now + 10_000_000) }
      }
    }
    return applications.indices.map(reading)
  }

  // MARK: Requests

  private mutating func add(_ object: BusObject, to application: Int, under parent: Int) -> Int {
    seen[object] = nodes.count
    applications[application].nodes += 1
    nodes.append(Node(application: application, object: object, parent: parent))
    return nodes.count - 1
  }

  private mutating func ask(_ node: Int, _ question: Question) {
    let application = nodes[node].application
    applications[application].waiting.append(Call(node: node, question: question))
    send(application, at: nil)
  }

  private mutating func send(_ index: Int, at now: Int64?) {
    while applications[index].inFlight < TreeReadingLimits.requests,
      applications[index].nextWaiting < applications[index].waiting.count
    {
      let call = applications[index].waiting[applications[index].nextWaiting]
      applications[index].nextWaiting += 1
      if applications[index].nextWaiting == applications[index].waiting.count {
        applications[index].waiting.removeAll(keepingCapacity: true)
        applications[index].nextWaiting = 0
      }
      guard let serial = put(call) else {
        isBusLost = true
        return
      }
      if applications[index].inFlight == 0 { applications[index].lastHeard = now ?? MonotonicClock.now }
      applications[index].inFlight += 1
      applications[index].calls += 1
      calls[serial] = call
    }
  }

  private func put(_ call: Call) -> UInt32? {
    let node = nodes[call.node]
    let object = node.object
    return switch call.question {
    case .role: bus.call(object, TreeWalk.accessible, "GetRole")
    case .states: bus.call(object, TreeWalk.accessible, "GetState")
    case .interfaces: bus.call(object, TreeWalk.accessible, "GetInterfaces")
    case .children: bus.call(object, TreeWalk.accessible, "GetChildren")
    case .childCount:
      bus.call(object, TreeWalk.properties, "Get", .strings(TreeWalk.accessible, "ChildCount"))
    case .name: bus.call(object, TreeWalk.properties, "Get", .strings(TreeWalk.accessible, "Name"))
    case .extents:
      // 0: relative to the screen. 1: relative to the window, the only kind that GTK 4 supports.
      bus.call(
        object, TreeWalk.component, "GetExtents",
        .unsigned(applications[node.application].known.toolkit == .gtk4 ? 1 : 0))
    case .value: bus.call(object, TreeWalk.properties, "Get", .strings(TreeWalk.value, "CurrentValue"))
    case .text: bus.call(object, TreeWalk.text, "GetText", .signed(0, TreeReadingLimits.text))
    }
  }

  // MARK: Answers

  private mutating func take(_ message: BusMessage) {
    guard let call = calls.removeValue(forKey: message.replySerial) else {
      strays.append(message)
      return
    }
    let application = nodes[call.node].application
    let now = MonotonicClock.now
    applications[application].inFlight -= 1
    applications[application].lastHeard = now
    applications[application].end = now
    if message.kind != .reply || !answer(call, message) { lose(call) }
    send(application, at: now)
  }

  /// Processes an answer; false if it has an unexpected type.
  private mutating func answer(_ call: Call, _ message: BusMessage) -> Bool {
    let node = call.node
    switch call.question {
    case .role:
      guard let number = message.read({ $0.word() }) else { return false }
      nodes[node].role = AccessibleRole.name(of: number)
    case .states:
      guard let words = message.read({ $0.elements { $0.word() } }) else { return false }
      let high = words.count > 1 ? UInt64(words[1]) << 32 : 0
      nodes[node].states = AccessibleStates(rawValue: UInt64(words.first ?? 0) | high)
    case .interfaces:
      guard let names = message.read({ $0.elements { $0.string() } }) else { return false }
      nodes[node].memory = Memory(
        hasText: names.contains(TreeWalk.text), hasComponent: names.contains(TreeWalk.component),
        hasValue: names.contains(TreeWalk.value))
    case .extents:
      let read = message.read { reader in
        reader.within { inner -> [Int]? in
          guard let x = inner.signed(), let y = inner.signed(), let width = inner.signed(),
            let height = inner.signed()
          else { return nil }
          return [x, y, width, height].map { Int($0) }
        }
      }
      guard let read else { return false }
      nodes[node].box = TreeWalk.box(read)
      // GTK 4 reports hidden pages as visible, but without a size.
      if isGTK4(node), nodes[node].box != nil { askForChildren(of: node) }
      return true
    case .name:
      guard let name = message.read({ $0.within { $0.string() } }) else { return false }
      nodes[node].name = name
      return true
    case .text:
      guard let text = message.read({ $0.string() }) else { return false }
      nodes[node].hasText = TreeWalk.says(text)
      return true
    case .value:
      guard let value = message.read({ $0.within { $0.double() } }) else { return false }
      nodes[node].value = value
      return true
    case .childCount:
      guard let count = message.read({ $0.within { $0.signed() } }) else { return false }
      if (1...TreeReadingLimits.children).contains(Int(count)) { ask(node, .children) }
      return true
    case .children:
      guard let children = message.read({ $0.elements { $0.object() } }) else { return false }
      takeChildren(children.compactMap { $0 }, of: node)
      return true
    }
    descend(node)
    return true
  }

  private mutating func takeChildren(_ children: [BusObject], of node: Int) {
    let application = nodes[node].application
    guard children.count <= TreeReadingLimits.children else { return }
    guard applications[application].nodes + children.count <= TreeReadingLimits.nodes else {
      giveUp(application)
      return
    }
    let isInput = TreeWalk.isInput(nodes[node].role ?? "")
    for object in children {
      if let met = seen[object] {
        note(met, listedBy: node, isInput)
        continue
      }
      let child = add(object, to: application, under: node)
      nodes[node].children.append(child)
      nodes[child].memory = remembered[object]
      ask(child, .states)
      ask(child, .role)
      if nodes[child].memory == nil { ask(child, .interfaces) }
    }
  }

  /// GTK 3 lists the menu of a combo box under the box and under the window that it opens; either may be
  /// found first.
  private mutating func note(_ child: Int, listedBy node: Int, _ isInput: Bool) {
    let first = nodes[child].parent
    if isInput {
      nodes[child].listOf = node
    } else if first >= 0, TreeWalk.isInput(nodes[first].role ?? "") {
      nodes[child].listOf = first
      nodes[first].children.removeAll { $0 == child }
      nodes[child].parent = node
      nodes[node].children.append(child)
    }
  }

  private func isShown(_ role: String, _ states: AccessibleStates, _ application: Int) -> Bool {
    if states.contains(.defunct) { return false }
    if states.contains(.showing) { return true }
    // GTK 3 reports a viewport as hidden once it is scrolled by more than its height. The state of its
    // children is correct.
    if role == "viewport" { return states.contains(.visible) }
    return applications[application].known.toolkit == .gtk4 && states.contains(.visible)
  }

  /// Requests the content of a node once its own properties are known.
  private mutating func descend(_ node: Int) {
    guard let role = nodes[node].role, let states = nodes[node].states, let memory = nodes[node].memory,
      !nodes[node].isDescended
    else { return }
    nodes[node].isDescended = true
    self.memory[nodes[node].object] = memory
    guard isShown(role, states, nodes[node].application) else { return }
    if memory.hasComponent { ask(node, .extents) }
    // The name distinguishes a window from others of its size.
    if readsNames || nodes[node].parent >= 0 && nodes[nodes[node].parent].parent < 0 { ask(node, .name) }
    // Roles that are masked as text or input in any case need no text.
    if memory.hasText, !TreeWalk.countsAsText(role) { ask(node, .text) }
    // The value of a bar is the only property that describes its look.
    if memory.hasValue, Role(named: role)?.nature == .decoration { ask(node, .value) }
    if !isGTK4(node) || !memory.hasComponent { askForChildren(of: node) }
  }

  private func isGTK4(_ node: Int) -> Bool { applications[nodes[node].application].known.toolkit == .gtk4 }

  private mutating func askForChildren(of node: Int) {
    guard let role = nodes[node].role, let states = nodes[node].states, !AccessibleRole.isLeaf(role) else {
      return
    }
    ask(node, states.contains(.managesDescendants) ? .childCount : .children)
  }

  // MARK: Errors

  /// A node that answers with an error may be gone, or be present and unreadable: its parent is masked
  /// completely.
  private mutating func lose(_ call: Call) {
    switch call.question {
    case .value: break
    case .name, .text: nodes[call.node].hasText = true
    case .children, .childCount, .extents: nodes[call.node].isTorn = true
    case .role, .states, .interfaces: nodes[call.node].isLost = true
    }
  }

  private mutating func giveUpTheSilent(at now: Int64) {
    for index in applications.indices where applications[index].inFlight > 0 {
      let isSilent = now - applications[index].lastHeard > TreeReadingLimits.silence
      if isSilent || now - begin > TreeReadingLimits.duration { giveUp(index) }
    }
  }

  private mutating func giveUp(_ index: Int) {
    applications[index].isGivenUp = true
    applications[index].waiting.removeAll()
    applications[index].nextWaiting = 0
    applications[index].inFlight = 0
    applications[index].end = MonotonicClock.now
    let root = applications[index].known.root
    for (serial, call) in calls where nodes[call.node].application == index {
      unanswered[serial] = root
      calls[serial] = nil
    }
  }

  // MARK: Result

  private func reading(_ index: Int) -> ApplicationReading {
    let application = applications[index]
    var reading = ApplicationReading(
      application: application.known, nodes: [],
      outcome: application.isGivenUp || isBusLost ? .unreadable : .whole,
      duration: application.end - begin, calls: application.calls)
    guard reading.outcome == .whole,
      let root = nodes.firstIndex(where: { $0.application == index && $0.parent < 0 })
    else { return reading }
    if nodes[root].isTorn || nodes[root].children.contains(where: { nodes[$0].isLost }) {
      reading.outcome = .unreadable
      return reading
    }
    var waiting = nodes[root].children.reversed().map { (node: $0, parent: Int?.none) }
    var places: [Int: Int] = [:]
    while let (index, parent) = waiting.popLast() {
      let node = nodes[index]
      guard let role = node.role, let states = node.states, isShown(role, states, node.application) else {
        continue
      }
      let isTorn = node.isTorn || node.children.contains { nodes[$0].isLost }
      reading.nodes.append(
        AccessibleNode(
          object: node.object, role: role, name: node.name, states: states, box: node.box,
          hasText: node.hasText, value: node.value, parent: parent, isTorn: isTorn))
      let own = reading.nodes.count - 1
      places[index] = own
      reading.nodes[own].listOf = node.listOf
      waiting += node.children.reversed().map { (node: $0, parent: own) }
    }
    for index in reading.nodes.indices {
      reading.nodes[index].listOf = reading.nodes[index].listOf.flatMap { places[$0] }
    }
    return reading
  }
}
