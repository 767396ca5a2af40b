import ScrimImage
import ScrimTestSupport
import Testing

@testable import ScrimRedact

/// Properties of every tree and policy, tested on random ones.
struct MaskPlannerPropertyTests {
  static func randomWidgets(using generator: inout SeededGenerator) -> [Widget] {
    let roles =
      Role.all.map(\.name) + ["sparkle", "push button", "panel", "panel", "label", "frame", "list item"]
    let count = Int.random(in: 0...40, using: &generator)
    return (0..<count).map { index in
      let says = Int.random(in: 0..<4, using: &generator) == 0
      let parent = index > 0 && Int.random(in: 0..<4, using: &generator) > 0
      return Widget(
        id: "w\(index)", role: roles.randomElement(using: &generator) ?? "label", name: says ? "says" : "",
        x: Double.random(in: -20...110, using: &generator), y: Double.random(in: -20...80, using: &generator),
        width: Double.random(in: 0...60, using: &generator).rounded(),
        height: Double.random(in: 0...40, using: &generator).rounded(),
        parent: parent ? .index(Int.random(in: 0..<index, using: &generator)) : nil,
        states: ["editable", "focused", "protected", "checked"].filter { _ in
          Int.random(in: 0..<8, using: &generator) == 0
        },
        text: says ? ["t", "text", "a long text"].randomElement(using: &generator) : nil,
        mark: [nil, nil, nil, nil, .masked, .shown][Int.random(in: 0..<6, using: &generator)])
    }
  }

  static func randomPolicy(using generator: inout SeededGenerator) -> MaskPolicy {
    var policy = MaskPolicy(preset: MaskPolicy.Preset.allCases.randomElement(using: &generator) ?? .default)
    policy.maskAllText = Bool.random(using: &generator)
    policy.maskAllImages = Bool.random(using: &generator)
    policy.maskAllInputs = Bool.random(using: &generator)
    policy.unknown = Bool.random(using: &generator) ? .mask : .keep
    policy.uncovered = MaskPolicy.Uncovered.allCases.randomElement(using: &generator) ?? .auto
    policy.gaps = MaskPolicy.Gaps.allCases.randomElement(using: &generator) ?? .guard
    policy.padding = Int.random(in: 0...3, using: &generator)
    for _ in 0..<Int.random(in: 0...3, using: &generator) {
      let shows = Bool.random(using: &generator)
      policy.rules.append(
        MaskPolicy.Rule(
          roles: (0..<3).compactMap { _ in Role.all.randomElement(using: &generator) },
          states: Bool.random(using: &generator) ? ["focused", "checked"] : [],
          decision: shows ? .unmask : .mask, insideMasked: shows && Bool.random(using: &generator)))
    }
    return policy
  }

  static func plan(_ widgets: [Widget], _ policy: MaskPolicy) throws -> MaskPlan {
    let extents = Window.Extents(left: 2, right: 2, top: 9, bottom: 2)
    let windows = [
      Window(x: 10, y: 15, width: 50, height: 40, frameExtents: extents),
      Window(x: 30, y: 30, width: 60, height: 60),
    ]
    return MaskPlanner(policy: policy)
      .plan(
        for: try WidgetTree(widgets: widgets, windows: windows), width: 100, height: 80,
        describesWholeWindows: true)
  }

  /// Names and texts have no effect except through name patterns and the presence of text.
  @Test func namesAndTextsHaveNoEffect() throws {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<600 {
      let widgets = Self.randomWidgets(using: &generator)
      let policy = Self.randomPolicy(using: &generator)
      let others = widgets.map { widget in
        Widget(
          id: widget.id, role: widget.type, name: "name \(UInt.random(in: 0...999, using: &generator))",
          x: widget.x, y: widget.y, width: widget.width, height: widget.height, parent: widget.parent,
          states: widget.states,
          text: widget.name == "says"
            ? "other \(UInt.random(in: 0...999, using: &generator))"
            : [" \n", "\u{FFFC}", ""].randomElement(using: &generator),
          mark: widget.mark)
      }
      let (one, other) = (try Self.plan(widgets, policy), try Self.plan(others, policy))
      #expect(one.masks == other.masks && one.regions == other.regions)
      // Claims contain names and texts of shown widgets only.
      #expect(one.claims.list.count == other.claims.list.count)
      for (claim, other) in zip(one.claims.list, other.claims.list) {
        var claim = claim
        if claim.treatment == .shown { claim.look = other.look }
        #expect(claim == other)
      }
    }
  }

  /// Of the order of a list only that of siblings has an effect on pixels: the order in which they are painted.
  @Test func onlyTheOrderOfSiblingsHasAnEffect() throws {
    var generator = SeededGenerator(seed: 8)
    for _ in 0..<500 {
      var widgets = Self.randomWidgets(using: &generator)
      for index in widgets.indices {
        if case .index(let parent)? = widgets[index].parent { widgets[index].parent = .id("w\(parent)") }
      }
      let policy = Self.randomPolicy(using: &generator)
      let plan = try Self.plan(widgets, policy)
      var shuffled = widgets.shuffled(using: &generator)
      for siblings in Dictionary(grouping: shuffled.indices, by: { shuffled[$0].parent }).values {
        let ids = Set(siblings.map { shuffled[$0].id })
        for (place, widget) in zip(siblings, widgets.filter { ids.contains($0.id) }) {
          shuffled[place] = widget
        }
      }
      let other = try Self.plan(shuffled, policy)
      #expect(plan.masked == other.masked && plan.guarded == other.guarded)
    }
  }

  /// Passwords, marks and their subtrees are masked whatever the policy; nothing masked is guarded; strict guards nothing.
  @Test func noPolicyShowsPasswordsOrMaskMarks() throws {
    var generator = SeededGenerator(seed: 9)
    for _ in 0..<600 {
      let widgets = Self.randomWidgets(using: &generator)
      let policy = Self.randomPolicy(using: &generator)
      let plan = try Self.plan(widgets, policy)
      let tree = try WidgetTree(widgets: widgets)
      let picture = Rect(x: 0, y: 0, width: 100, height: 80)
      for index in widgets.indices {
        var above: Int? = index
        while let ancestor = above {
          if widgets[ancestor].nature == .password || widgets[ancestor].mark?.masks == true {
            let box = Region(tree.rects[index].intersection(picture))
            #expect(box.subtracting(plan.masked).isEmpty)
          }
          above = tree.parent(of: ancestor)
        }
      }
      #expect(plan.guarded.intersection(plan.masked).isEmpty)
      for mask in plan.masks { #expect(!mask.rect.isEmpty && mask.rect.intersection(picture) == mask.rect) }
      if policy.gaps != .guard { #expect(plan.guarded.isEmpty) }
      if policy.gaps == .mask, policy.uncovered != .keep {
        // Only pixels that something shows are left.
        let shown = Region(
          union: widgets.indices.filter { index in !plan.masks.contains { $0.widget == index } }
            .map { tree.rects[$0].intersection(picture) })
        #expect(plan.masked.complement(in: picture).subtracting(shown).isEmpty)
      }
    }
  }
}

extension MaskPlannerPropertyTests {
  /// No list of widgets may block a recorder for long: time and size of a plan stay bounded.
  @Test func hostileTreesArePlanned() throws {
    var generator = SeededGenerator(seed: 10)
    let rule = MaskPolicy.Rule(
      roles: [try #require(Role(named: "link"))], decision: .unmask, insideMasked: true)
    var policy = MaskPolicy()
    policy.rules = [rule]
    let roles = ["label", "panel", "link", "list item", "slider"]
    let shapes: [(Int) -> Widget.Parent?] = [
      { _ in nil }, { $0 > 0 ? .index($0 - 1) : nil }, { $0 > 0 ? .index(0) : nil },
    ]
    for shape in shapes {
      let widgets = (0..<20_000).map { index in
        Widget(
          role: roles[index % 5], x: Double.random(in: 0...1000, using: &generator),
          y: Double.random(in: 0...700, using: &generator),
          width: Double.random(in: 0...300, using: &generator),
          height: Double.random(in: 0...300, using: &generator), parent: shape(index))
      }
      let tree = try WidgetTree(widgets: widgets)
      let time = ContinuousClock().measure {
        let plan = MaskPlanner(policy: policy).plan(
          for: tree, width: 1280, height: 800, describesWholeWindows: true)
        #expect(plan.masks.count < 200_000)
      }
      print("20000 widgets planned in \(time)")
    }
  }
}
