package import ScrimImage

/// Removes everything from events that must not be kept (Masking.md, section 9): which key was pressed,
/// where in a hidden field an event took place, and every field that the event's type doesn't define.
package struct EventFilter: Sendable {
  /// Result of filtering one event.
  package struct Verdict: Sendable {
    /// Nil if nothing of it may be kept.
    package var event: Event?
    /// The box of the widget that hides the event's position.
    package var hiding: Rect?
    /// Whether it is an input that must not even be counted: a key that may belong to a password.
    package var isHidden = false
    /// Time of the event.
    package var time: Int64?
  }

  let policy: MaskPolicy
  let scrubber: Scrubber

  /// Maximum bytes of a message in UTF-8; longer ones are cut between characters.
  package static let messageLimit = 4096

  package init(policy: MaskPolicy) {
    self.policy = policy
    scrubber = Scrubber(patterns: policy.scrub)
  }

  /// The part of an event that may be kept; nil if its type is neither known nor named by the policy, or if
  /// it is a key that must leave no trace.
  ///
  /// - Parameter tree: the widgets in force at its time; nil if they are not available, and then no
  ///   position and no key is kept.
  package func kept(_ event: Event, in tree: WidgetTree?) -> Event? { judge(event, in: tree).event }

  /// - Parameters:
  ///   - masked: the pixels masked for `tree`; a press outside of them gets the role of its widget. Nil for no
  ///     roles.
  ///   - named: the widgets of `tree` whose names may be kept.
  package func judge(
    _ event: Event, in tree: WidgetTree?, masked: Region? = nil, named: Set<Int> = []
  ) -> Verdict {
    var verdict = Verdict(time: event.time)
    var kept = Event(event.type, time: event.time)
    switch event.type {
    case "move": verdict.hiding = place(&kept, event, tree)
    case "button", "button-down", "button-up":
      verdict.hiding = place(&kept, event, tree)
      kept.button = event.button.within(0...255)
      if event.type != "button-up" { describe(&kept, verdict.hiding, tree, masked, named) }
    case "wheel":
      verdict.hiding = place(&kept, event, tree)
      kept.button = event.button.within(0...255)
      kept.dx = event.dx.within(-1e6...1e6)
      kept.dy = event.dy.within(-1e6...1e6)
    case "touch-down", "touch-move", "touch-up":
      verdict.hiding = place(&kept, event, tree)
      kept.touch = event.touch.within(0...65535)
      if event.type == "touch-down" { describe(&kept, verdict.hiding, tree, masked, named) }
    case "key", "char":
      kept.type = "key"
      guard let tree, tree.mayKeepKeys(policy) else {
        verdict.isHidden = true
        return verdict
      }
    default:
      guard keep(&kept, of: event) else {
        guard policy.events.contains(event.type) else { return verdict }
        verdict.hiding = place(&kept, event, tree)
        break
      }
    }
    verdict.event = kept
    return verdict
  }

  /// Copies the fields to be kept of an event without a position; false if its type is another.
  private func keep(_ kept: inout Event, of event: Event) -> Bool {
    switch event.type {
    case "log":
      kept.level = event.level.flatMap(EventText.word)
      kept.logger = event.logger.flatMap(EventText.word)
      kept.message = event.message.map(text)
    case "network": keepRequest(&kept, event)
    case "navigation":
      kept.url = event.url.flatMap(EventText.address)
      kept.name = event.name.map(text)
    case "error":
      kept.message = event.message.map(text)
      kept.name = event.name.flatMap(EventText.word)
      kept.id = event.id.flatMap(EventText.word)
      kept.handled = event.handled
      kept.data = event.data.map(data)
    case "span":
      kept.name = event.name.map(text)
      kept.op = event.op.flatMap(EventText.word)
      kept.startMs = event.startMs.within(-1e12...1e12)
      kept.durationMs = event.durationMs.within(0...1e12)
      kept.spanID = event.spanID.flatMap { EventText.digits($0, 16) }
    case "test":
      kept.name = event.name.map(text)
      kept.phase = event.phase.flatMap { ["started", "passed", "failed", "skipped"].contains($0) ? $0 : nil }
      kept.message = event.message.map(text)
    case "mark":
      kept.name = event.name.map(text)
      kept.data = event.data.map(data)
    default: return false
    }
    if ["network", "error", "span"].contains(event.type) {
      kept.traceID = event.traceID.flatMap { EventText.digits($0, 32) }
    }
    return true
  }

  func text(_ text: String) -> String { EventText.message(scrubber.scrubbed(text)) }

  /// At most 16 values, the first by their keys; a value under a key that names a secret is removed.
  private func data(_ data: [String: Event.Value]) -> [String: Event.Value] {
    var kept: [String: Event.Value] = [:]
    for (key, value) in data.sorted(by: { $0.key < $1.key }) {
      guard kept.count < 16, let key = EventText.word(key) else { continue }
      switch value {
      case _ where Scrubber.isSecret(key: key): kept[key] = .text(Scrubber.secret)
      case .text(let value): kept[key] = .text(String(text(value).prefix(256)))
      case .number(let number): if number.isFinite, abs(number) < 0x1p53 { kept[key] = scrubbed(number) }
      case .flag: kept[key] = value
      }
    }
    return kept
  }

  /// A number may be a card number, as text may.
  private func scrubbed(_ number: Double) -> Event.Value {
    guard let whole = Int(exactly: number) else { return .number(number) }
    let text = String(whole)
    return scrubber.scrubbed(text) == text ? .number(number) : .text(Scrubber.card)
  }

  // MARK: Places

  /// Sets the position, if one may be kept. Returns the box that hides it.
  private func place(_ kept: inout Event, _ event: Event, _ tree: WidgetTree?) -> Rect? {
    guard let tree, let x = event.x.within(-1e9...1e9), let y = event.y.within(-1e9...1e9) else { return nil }
    var at = (x: Int(x.rounded(.down)), y: Int(y.rounded(.down)))
    // If such fields are nested, the largest hides most.
    var hiding: Rect?
    for (index, rect) in tree.rects.enumerated()
    where rect.area > hiding?.area ?? 0 && rect.padded(by: policy.padding).contains(x: at.x, y: at.y) {
      if tree.widgets[index].hidesInteraction(policy) { hiding = rect }
    }
    if let hiding { at = (hiding.x + hiding.width / 2, hiding.y + hiding.height / 2) }
    kept.x = Double(at.x)
    kept.y = Double(at.y)
    return hiding
  }

  /// Maximum characters of a control's name.
  package static let nameLimit = 40

  /// Adds the role of the smallest widget at a position that is neither hidden nor masked, and the name of the
  /// control around it, if that may be kept.
  private func describe(
    _ press: inout Event, _ hiding: Rect?, _ tree: WidgetTree?, _ masked: Region?, _ named: Set<Int>
  ) {
    guard hiding == nil, let tree, let masked, let index = tree.smallestWidget(at: press),
      let x = press.x, let y = press.y, !masked.contains(x: Int(x), y: Int(y))
    else { return }
    press.role = tree.widgets[index].role.name
    guard let control = tree.control(around: index), named.contains(control) else { return }
    press.name = name(of: tree.widgets[control])
  }

  private func name(of widget: Widget) -> String? {
    let name = scrubber.scrubbed(widget.name)
    return name.isEmpty ? nil : String(name.prefix(EventFilter.nameLimit))
  }

  /// Removes the name of a press unless the boxes of another moment have the same control there.
  package func checkName(of press: inout Event, in tree: WidgetTree?) {
    guard press.isPress, press.name != nil else { return }
    guard let tree, let index = tree.smallestWidget(at: press), let control = tree.control(around: index),
      name(of: tree.widgets[control]) == press.name
    else {
      press.name = nil
      return
    }
  }
}

extension WidgetTree {
  /// The smallest widget at an event's position; of equal ones the last.
  fileprivate func smallestWidget(at event: Event) -> Int? {
    guard let x = event.x, let y = event.y else { return nil }
    var found: Int?
    for (index, rect) in rects.enumerated() where rect.contains(x: Int(x), y: Int(y)) {
      if rect.area <= found.map({ rects[$0].area }) ?? Int.max { found = index }
    }
    return found
  }

  /// The widget itself or the nearest one around it that is a control.
  fileprivate func control(around index: Int) -> Int? {
    var next: Int? = index
    while let at = next {
      if widgets[at].role.isControl { return at }
      next = parent(of: at)
    }
    return nil
  }
}

extension Widget {
  /// Whether neither positions nor keys in it may be kept.
  fileprivate func hidesInteraction(_ policy: MaskPolicy) -> Bool {
    nature == .password || policy.hideInteraction.contains(role)
  }
}

extension WidgetTree {
  /// Whether the focus is known to be where keys reveal nothing: the number and rhythm of keys reveal the
  /// length of a password.
  fileprivate func mayKeepKeys(_ policy: MaskPolicy) -> Bool {
    var isFocusKnown = false
    var knowsOfFocus = false
    for (index, widget) in widgets.enumerated() {
      knowsOfFocus = knowsOfFocus || widget.states.contains("focusable")
      guard widget.states.contains("focused") else { continue }
      isFocusKnown = true
      var next: Int? = index
      while let at = next {
        if widgets[at].hidesInteraction(policy) { return false }
        next = parent(of: at)
      }
    }
    if isFocusKnown { return true }
    return !knowsOfFocus && !widgets.isEmpty && !widgets.contains { $0.hidesInteraction(policy) }
  }
}

extension Optional where Wrapped: Comparable {
  /// The value, if it is present and within the range.
  func within(_ range: ClosedRange<Wrapped>) -> Wrapped? {
    flatMap { range.contains($0) ? $0 : nil }
  }
}
