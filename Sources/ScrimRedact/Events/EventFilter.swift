import ScrimImage

/// Reduces events to what may be kept (Masking.md, section 9): never which key, never where in a field that hides it, and of every
/// event only the fields that its type is known to have.
public struct EventFilter: Sendable {
  private let policy: MaskPolicy

  /// Bytes of UTF-8 of a message; what is longer is cut at a character.
  public static let messageLimit = 4096

  public init(policy: MaskPolicy) { self.policy = policy }

  /// What may be kept of an event; nil if its type is neither known nor named by the policy.
  ///
  /// - Parameter tree: the widgets in force at its time; nil if they could not be had, and then no position is kept.
  public func kept(_ event: Event, in tree: WidgetTree?) -> Event? {
    var kept = Event(event.type, time: event.time)
    switch event.type {
    case "move": place(&kept, event, tree)
    case "button", "button-down", "button-up":
      place(&kept, event, tree)
      kept.button = event.button.within(0...255)
    case "wheel":
      place(&kept, event, tree)
      kept.button = event.button.within(0...255)
      kept.dx = event.dx.within(-1e6...1e6)
      kept.dy = event.dy.within(-1e6...1e6)
    case "key", "char": kept.type = "key"
    case "log":
      kept.level = event.level.flatMap(EventText.word)
      kept.message = event.message.map(EventText.message)
    case "network":
      kept.method = event.method.flatMap(EventText.word)
      kept.url = event.url.flatMap(EventText.address)
      kept.status = event.status.within(0...999)
      kept.durationMs = event.durationMs.within(0...1e12)
    case "navigation":
      kept.url = event.url.flatMap(EventText.address)
      kept.name = event.name.map(EventText.message)
    case "error":
      kept.message = event.message.map(EventText.message)
      kept.name = event.name.flatMap(EventText.word)
    default:
      guard policy.events.contains(event.type) else { return nil }
      place(&kept, event, tree)
    }
    return kept
  }

  /// Sets the position, unless there is none to be kept.
  private func place(_ kept: inout Event, _ event: Event, _ tree: WidgetTree?) {
    guard let tree, let x = event.x.within(-1e9...1e9), let y = event.y.within(-1e9...1e9) else { return }
    var at = (x: Int(x.rounded(.down)), y: Int(y.rounded(.down)))
    // Where such fields lie inside each other, the largest hides most.
    var hiding: Rect?
    for (index, rect) in tree.rects.enumerated()
    where rect.area > hiding?.area ?? 0 && rect.padded(by: policy.padding).contains(x: at.x, y: at.y) {
      let widget = tree.widgets[index]
      if widget.nature == .password || policy.hideInteraction.contains(widget.role) { hiding = rect }
    }
    if let hiding { at = (hiding.x + hiding.width / 2, hiding.y + hiding.height / 2) }
    kept.x = Double(at.x)
    kept.y = Double(at.y)
  }
}

extension Optional where Wrapped: Comparable {
  /// The value, if there is one and it lies in the range.
  fileprivate func within(_ range: ClosedRange<Wrapped>) -> Wrapped? {
    flatMap { range.contains($0) ? $0 : nil }
  }
}
