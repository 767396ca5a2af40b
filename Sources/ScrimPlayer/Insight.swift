package import ScrimImage
package import ScrimRedact

/// Signs of frustration in a session: repeated presses (rage), presses without an answer (dead), and a frozen screen during input.
///
/// Insight.md has the definitions. All results follow from the bytes of the session, and so from no masked content.
package struct Insight: Hashable, Sendable {
  /// The outcome of a press.
  package enum Verdict: String, CaseIterable, Sendable {
    /// There was a visible change, or an event that counts as an answer.
    case responded
    /// There was no answer, and every possible answer would have been visible.
    case dead
    /// It is unknown whether there was an answer: it may have been masked, withheld, or cut off by the next press or the end.
    case unobservable
  }

  package struct Press: Hashable, Sendable {
    /// Nanoseconds on the session's clock.
    package var time: Int64
    package var x: Double
    package var y: Double
    package var role: String?
    package var verdict: Verdict
    /// Nanoseconds to the first visible change; nil if there was none in time.
    package var firstChange: Int64?
  }

  /// Rage: repeated presses of one control.
  package struct Rage: Hashable, Sendable {
    package var time: Int64
    package var presses: Int
    package var x: Double
    package var y: Double
    package var role: String
  }

  /// Frozen: inputs without a visible change.
  package struct Frozen: Hashable, Sendable {
    /// The first input and the last one.
    package var time: ClosedRange<Int64>
    package var inputs: Int
  }

  package var presses: [Press] = []
  package var rages: [Rage] = []
  package var frozen: [Frozen] = []

  /// The properties of a frame that are evaluated.
  package struct Moment: Hashable, Sendable {
    package var time: Int64
    /// Bounds of all changes in pixels, if the masks are unchanged; nil if there are none.
    package var change: Rect?
    /// Whether the list of masks changed, as when a window appears, disappears or moves.
    package var masksChanged: Bool
    /// Whether an answer could have been invisible: there are masks over widgets, or withheld tiles.
    package var hidesAnswers: Bool

    package init(time: Int64, change: Rect? = nil, masksChanged: Bool = false, hidesAnswers: Bool = false) {
      self.time = time
      self.change = change
      self.masksChanged = masksChanged
      self.hidesAnswers = hidesAnswers
    }

    /// Whether there was a change larger than a caret.
    var isVisible: Bool {
      if masksChanged { return true }
      guard let change else { return false }
      return change.width > Insight.caret.width || change.height > Insight.caret.height
    }
  }

  static let rage = (presses: 4, time: Int64(750_000_000), distance: 30.0)
  static let answerTimeout: Int64 = 2_500_000_000
  static let frozenTime: Int64 = 2_000_000_000
  static let frozenInputs = 3
  static let caret = (width: 3, height: 40)
  /// The area around a press in which a change may be the control's own pressed look.
  static let feedback = (width: 200.0, height: 64.0)
  /// Controls that answer by their own look.
  private static let answersItself: Set<String> = [
    "check box", "radio button", "toggle button", "switch", "menu", "combo box", "text", "entry",
    "search box",
    "spin button", "slider", "scroll bar", "page tab", "list item", "tree item", "table cell",
    "disclosure triangle", "canvas", "drawing area", "editbar", "terminal", "document web",
  ]
  /// Controls that are often pressed repeatedly without frustration.
  private static let pressedOften: Set<String> = [
    "text", "entry", "search box", "editbar", "autocomplete", "terminal", "password text", "paragraph",
    "label",
    "static", "heading", "document text", "document web", "spin button", "slider", "scroll bar", "page tab",
    "page indicator", "calendar", "date editor", "increment arrow", "decrement arrow", "canvas",
    "drawing area",
  ]

  /// - Parameters:
  ///   - moments: every frame, in order.
  ///   - events: all events, with their times.
  package init(moments: [Moment], events: [Event]) {
    let events = events.filter { $0.time != nil }.sorted { ($0.time ?? 0) < ($1.time ?? 0) }
    let answers = events.filter { ["navigation", "network", "error"].contains($0.type) }.compactMap(\.time)
    let inputs = events.filter {
      ["button", "button-down", "touch-down", "wheel", "key"].contains($0.type)
    }
    let pressed = inputs.filter { $0.x != nil && $0.y != nil && $0.type != "wheel" }
    for (place, event) in pressed.enumerated() {
      guard let time = event.time, let x = event.x, let y = event.y else { continue }
      var press = Press(time: time, x: x, y: y, role: event.role, verdict: .unobservable)
      let next = pressed[(place + 1)...].first { !Insight.isNear($0, event) }?.time ?? .max
      Insight.judge(&press, moments, answers, until: min(time + Insight.answerTimeout, next))
      presses.append(press)
    }
    rages = Insight.rages(pressed)
    frozen = Insight.frozen(inputs.compactMap(\.time), moments)
  }

  private static func judge(
    _ press: inout Press, _ moments: [Moment], _ answers: [Int64], until end: Int64
  ) {
    let seen = moments.filter { $0.time > press.time && $0.time <= end }
    let itself = press.role.map(answersItself.contains) ?? false
    press.firstChange = seen.first(where: \.isVisible).map { $0.time - press.time }
    let isAnswered =
      answers.contains { $0 > press.time && $0 <= end }
      || seen.contains { moment in
        guard moment.isVisible else { return false }
        return moment.masksChanged || itself || moment.change.map { isOutside($0, press) } ?? false
      }
    if isAnswered {
      press.verdict = .responded
      return
    }
    let before = moments.last { $0.time <= press.time }
    let isWhole = end - press.time >= answerTimeout && moments.last?.time ?? .min >= end
    let wasVisible = before?.hidesAnswers == false && !seen.contains(where: \.hidesAnswers)
    press.verdict = isWhole && wasVisible ? .dead : .unobservable
  }

  private static func isOutside(_ change: Rect, _ press: Press) -> Bool {
    Double(change.x) < press.x - feedback.width / 2
      || Double(change.x + change.width) > press.x + feedback.width / 2
      || Double(change.y) < press.y - feedback.height / 2
      || Double(change.y + change.height) > press.y + feedback.height / 2
  }

  private static func isNear(_ a: Event, _ b: Event) -> Bool {
    let (dx, dy) = ((a.x ?? 0) - (b.x ?? 0), (a.y ?? 0) - (b.y ?? 0))
    return dx * dx + dy * dy <= rage.distance * rage.distance
  }

  private static func rages(_ presses: [Event]) -> [Rage] {
    var found: [Rage] = []
    var first = 0
    while first < presses.count {
      let start = presses[first]
      var end = first + 1
      while end < presses.count, isNear(presses[end], start), presses[end].role == start.role,
        presses[end].button == start.button,
        (presses[end].time ?? 0) - (presses[max(first, end - rage.presses + 1)].time ?? 0) <= rage.time
      {
        end += 1
      }
      if end - first >= rage.presses, let role = start.role, !pressedOften.contains(role),
        let time = start.time
      {
        found.append(Rage(time: time, presses: end - first, x: start.x ?? 0, y: start.y ?? 0, role: role))
        first = end
      } else {
        first += 1
      }
    }
    return found
  }

  private static func frozen(_ inputs: [Int64], _ moments: [Moment]) -> [Frozen] {
    var found: [Frozen] = []
    var run: [Int64] = []
    /// Ends the run at a change, or at the end of the session.
    func close() {
      if let first = run.first, let last = run.last, run.count >= frozenInputs, last - first >= frozenTime,
        moments.last(where: { $0.time <= first })?.hidesAnswers == false,
        !moments.contains(where: { $0.time > first && $0.time <= last && $0.hidesAnswers })
      {
        found.append(Frozen(time: first...last, inputs: run.count))
      }
      run = []
    }
    let visible = moments.filter(\.isVisible).map(\.time)
    var next = 0
    for input in inputs {
      var hasChanged = false
      while next < visible.count, visible[next] <= input {
        hasChanged = true
        next += 1
      }
      if hasChanged { close() }
      run.append(input)
    }
    close()
    return found
  }
}
