import ScrimJSON

/// A policy for masking: rules and defaults for widgets, and the treatment of pixels that no widget claims.
///
/// A new policy equals the preset `default`.
public struct MaskPolicy: Hashable, Sendable {
  public enum Treatment: String, CaseIterable, Sendable {
    case mask, keep
  }

  /// Treatment of pixels that nothing claims; `auto` masks them if the input describes whole windows.
  public enum Uncovered: String, CaseIterable, Sendable {
    case mask, keep, auto
  }

  /// Treatment of pixels that only containers and decorations claim.
  public enum Gaps: String, CaseIterable, Sendable {
    case `guard`, keep, mask
  }

  /// Which boxes are trusted for which pixels.
  public enum Clearance: String, CaseIterable, Sendable {
    case generation, settled, latest
  }

  public enum Decision: String, CaseIterable, Sendable {
    case mask, unmask
  }

  /// Whose names are kept with a press: a name is not pixels, and no mask hides it.
  public enum KeptNames: String, CaseIterable, Sendable {
    case none
    /// Of shown controls that contain nothing masked.
    case shown
  }

  /// When a change of a widget's pixels is trusted.
  public enum Trust: String, CaseIterable, Sendable {
    /// If the tree explains it.
    case explained
    /// In any case: for a canvas or a video that is meant to be seen.
    case always
  }

  /// A decision about the widgets for which every given condition holds; a condition holds if one of its
  /// values matches.
  public struct Rule: Hashable, Sendable {
    public var roles: [Role]
    /// Patterns over the role as it was written.
    public var types: [NamePattern]
    public var ids: [NamePattern]
    public var names: [NamePattern]
    /// States in lower case, letters and digits only.
    public private(set) var states: [String]
    public var decision: Decision
    /// Whether a widget that this rule shows is also shown under a masked ancestor (Masking.md, section 4).
    public var insideMasked: Bool
    /// When changes of a widget that this rule shows are trusted (Masking.md, section 11).
    public var trust: Trust

    /// An empty list means no condition. At least one condition must be given.
    public init(
      roles: [Role] = [], types: [NamePattern] = [], ids: [NamePattern] = [], names: [NamePattern] = [],
      states: [String] = [], decision: Decision, insideMasked: Bool = false,
      trust: Trust = .explained
    ) {
      self.roles = roles
      self.types = types
      self.ids = ids
      self.names = names
      self.states = states.compactMap(RoleTable.key)
      self.decision = decision
      self.insideMasked = insideMasked
      self.trust = trust
      precondition(
        !(roles.isEmpty && types.isEmpty && ids.isEmpty && names.isEmpty && self.states.isEmpty),
        "a rule needs a condition")
    }

    /// Whether it is about a kind of widget, not an individual one: a shown widget must then look like one
    /// of that kind.
    var isByRoleAlone: Bool { types.isEmpty && ids.isEmpty && names.isEmpty && states.isEmpty }

    /// Whether all conditions except the name hold for the widget. A text too long to be searched counts as
    /// the case that hides more.
    func holdsBesideName(for widget: Widget) -> Bool {
      if !roles.isEmpty, !roles.contains(widget.role) { return false }
      if !states.isEmpty, !states.contains(where: widget.states.contains) { return false }
      return holds(types, widget.type) && holds(ids, widget.id)
    }

    /// Whether the name condition holds for a name.
    func holds(forName name: String) -> Bool { holds(names, name) }

    private func holds(_ patterns: [NamePattern], _ text: String?) -> Bool {
      if patterns.isEmpty { return true }
      guard let text else { return false }
      return patterns.contains { $0.matches(text) ?? (decision == .mask) }
    }
  }

  public var maskAllText = true
  public var maskAllImages = true
  public var maskAllInputs = true
  /// Treatment of widgets with an unknown role, and of containers without listed children.
  public var unknown = Treatment.mask
  public var uncovered = Uncovered.auto
  public var titleBars = Treatment.mask
  public var treelessWindows = Treatment.mask
  public var gaps = Gaps.guard
  /// Pixels by which a mask grows on every side, 0 to 1024.
  public var padding = 2
  public var fills = MaskFills()
  public var clearance = Clearance.settled
  /// Nanoseconds, not negative: by how much a tree may be ahead of the pixels or behind them, where clearance is `settled`. The
  /// default is more than was measured of any toolkit. No key of a policy file sets it; live sources and clearance read it here.
  public var settleDelay = SettleDelay.standard
  /// Milliseconds after which a tree is too old to be trusted.
  public var staleAfterMs = 1000.0
  /// Roles inside which pointer positions are not kept. Password fields always hide them.
  public var hideInteraction = [Role.passwordText]
  /// Additional types of events to keep.
  public var events: [String] = []
  /// URLs of requests whose headers and bodies are kept.
  public var network = NetworkAllowList()
  /// Whether presses keep the names of shown controls.
  public var keepNames = KeptNames.none
  /// Additional patterns for texts of events: a word that contains a match is replaced.
  public var scrub: [NamePattern] = []
  /// In order; the first rule that decides wins.
  public var rules: [Rule] = []

  public init() {}

  /// Whether it shows any widget because of its role, regardless of its pixels: then pixels that lie over
  /// that widget are shown too.
  public var showsWidgets: Bool {
    !maskAllText || !maskAllImages || !maskAllInputs || unknown == .keep || uncovered == .keep
      || gaps == .keep || rules.contains { $0.decision == .unmask }
  }
}

extension MaskPolicy {
  /// Policies by name.
  public enum Preset: String, CaseIterable, Sendable {
    /// Text, images and inputs masked.
    case `default`
    /// Only what a rule unmasks is shown.
    case strict
    /// As `default`, with buttons, menus and tabs shown.
    case controls
    /// Masks only passwords; for tests, and for screens without private content.
    case none
  }

  public init(preset: Preset) {
    self.init()
    switch preset {
    case .default: break
    case .strict:
      uncovered = .mask
      gaps = .mask
    case .controls:
      let shown = [
        "push button", "push button menu", "toggle button", "switch", "check box", "radio button", "menu",
        "menu item", "check menu item", "radio menu item", "tear off menu item", "page tab",
      ]
      rules = [Rule(roles: shown.map(Role.required), decision: .unmask, insideMasked: true)]
    case .none:
      maskAllText = false
      maskAllImages = false
      maskAllInputs = false
      unknown = .keep
      uncovered = .keep
      titleBars = .keep
      treelessWindows = .keep
      gaps = .keep
      clearance = .latest
      // Boxes matter only for passwords here: old ones are no reason to hide a frame.
      staleAfterMs = 1e9
    }
  }

  /// The whole policy with all defaults in canonical form: sorted keys, no white space. Reading it gives an
  /// equal policy, and its digest identifies the policy.
  public var canonicalJSON: [UInt8] {
    func strings(_ values: [String]) -> JSON { .array(values.map(JSON.string)) }
    let rules = rules.map { rule in
      var members = [
        JSON.Member("decision", .string(rule.decision.rawValue)),
        JSON.Member("insideMasked", .bool(rule.insideMasked)),
      ]
      for (key, values) in [
        ("role", rule.roles.map(\.name)), ("type", rule.types.map(\.source)), ("id", rule.ids.map(\.source)),
        ("name", rule.names.map(\.source)), ("state", rule.states),
      ] where !values.isEmpty {
        members.append(JSON.Member(key, strings(values)))
      }
      // A default is not written, so that digests of policies from before this key stay valid.
      if rule.trust != .explained { members.append(JSON.Member("trust", .string(rule.trust.rawValue))) }
      return JSON.object(members)
    }
    let fill = MaskKind.allCases.map {
      let digits = String(fills[$0], radix: 16)
      return JSON.Member(
        $0.rawValue, .string("#" + String(repeating: "0", count: 6 - digits.count) + digits))
    }
    // Keys of later versions are written only if they are used, so that the digest of an older policy
    // stays.
    var later: [JSON.Member] = []
    if network != NetworkAllowList() {
      later.append(
        JSON.Member(
          "network",
          .object([
            JSON.Member("allow", strings(network.allow.map(\.source))),
            JSON.Member("deny", strings(network.deny.map(\.source))),
            JSON.Member("headers", strings(network.headers)),
          ])))
    }
    if keepNames != .none { later.append(JSON.Member("keepNames", .string(keepNames.rawValue))) }
    if !scrub.isEmpty { later.append(JSON.Member("scrub", strings(scrub.map(\.source)))) }
    return JSON.object(
      [
        JSON.Member("maskAllText", .bool(maskAllText)), JSON.Member("maskAllImages", .bool(maskAllImages)),
        JSON.Member("maskAllInputs", .bool(maskAllInputs)), JSON.Member("unknown", .string(unknown.rawValue)),
        JSON.Member("uncovered", .string(uncovered.rawValue)),
        JSON.Member("titleBars", .string(titleBars.rawValue)),
        JSON.Member("treelessWindows", .string(treelessWindows.rawValue)),
        JSON.Member("gaps", .string(gaps.rawValue)), JSON.Member("padding", .number(Double(padding))),
        JSON.Member("fill", .object(fill)), JSON.Member("clearance", .string(clearance.rawValue)),
        JSON.Member("staleAfter_ms", .number(staleAfterMs)),
        JSON.Member("hideInteraction", strings(hideInteraction.map(\.name))),
        JSON.Member("events", strings(events)), JSON.Member("rules", .array(rules)),
      ] + later
    ).canonicalBytes
  }
}
