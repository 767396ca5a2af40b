import ScrimImage
import ScrimTestSupport
import Testing

@testable import ScrimRedact

/// The list of masks in a recording follows from visible facts, never from hidden ones.
@Suite struct ListedMasksTests {
  private func listed(_ widgets: [Widget], policy: String = "{}") throws -> [ListedMask] {
    let tree = try WidgetTree(widgets: widgets)
    let planner = MaskPlanner(policy: try MaskPolicy(json: Array(policy.utf8)))
    var usage = PolicyUsage(policy: planner.policy)
    return planner.planOfWindows(for: tree, width: 200, height: 100, usage: &usage).listed.filter {
      $0.reason != .uncovered
    }
  }

  private func widget(
    _ id: String, _ role: String, _ x: Double, _ y: Double, _ width: Double, _ height: Double,
    in parent: String? = nil, name: String = "", mark: Mark? = nil
  ) -> Widget {
    Widget(
      id: id, role: role, name: name, x: x, y: y, width: width, height: height,
      parent: parent.map { .id($0) },
      mark: mark)
  }

  @Test func aMaskIsListedWithKindReasonAndRole() throws {
    let listed = try listed([
      widget("w", "frame", 0, 0, 200, 100), widget("l", "label", 10, 10, 20, 10, in: "w"),
      widget("p", "password text", 50, 10, 20, 10, in: "w"), widget("x", "blob", 90, 10, 20, 10, in: "w"),
      widget("b", "panel", 10, 50, 20, 10, in: "w"),
      widget("m", "panel", 50, 50, 20, 10, in: "w", mark: .masked),
    ])
    #expect(
      listed == [
        ListedMask(
          rect: Rect(x: 8, y: 8, width: 24, height: 14), kind: .text, reason: .default, role: "label"),
        ListedMask(
          rect: Rect(x: 48, y: 8, width: 24, height: 14), kind: .password, reason: .default,
          role: "password text"),
        ListedMask(
          rect: Rect(x: 88, y: 8, width: 24, height: 14), kind: .other, reason: .unknownRole, role: "unknown"),
        ListedMask(
          rect: Rect(x: 8, y: 48, width: 24, height: 14), kind: .other, reason: .childless, role: "panel"),
        // The mark is not needed: the panel has no children.
        ListedMask(
          rect: Rect(x: 48, y: 48, width: 24, height: 14), kind: .other, reason: .childless, role: "panel"),
      ])
  }

  /// Parts of descendants outside a masked widget belong to it, and nothing reveals its inner structure.
  @Test func nothingIsListedBelowAMaskedWidget() throws {
    let outer = widget("e", "entry", 10, 10, 40, 20)
    let plain = try listed([outer])
    #expect(plain.map(\.role) == ["entry"])
    #expect(
      try listed([
        outer, widget("l", "label", 15, 12, 10, 10, in: "e"), widget("i", "icon", 30, 12, 8, 8, in: "e"),
      ])
        == plain)
    let out = try listed([outer, widget("l", "label", 40, 10, 30, 20, in: "e")])
    #expect(out.allSatisfy { $0.role == "entry" && $0.kind == .input })
    #expect(Region(union: out.map(\.rect)) == Region(Rect(x: 8, y: 8, width: 64, height: 24)))
  }

  @Test func nothingIsListedBelowAMaskThatHidesInteraction() throws {
    let keypad = [
      widget("k", "panel", 0, 0, 100, 100), widget("1", "push button", 10, 10, 10, 10, in: "k"),
      widget("2", "push button", 30, 10, 10, 10, in: "k"),
    ]
    #expect(try listed(keypad).count == 2)
    #expect(try listed(keypad, policy: #"{"hideInteraction":["panel"]}"#).isEmpty)
  }

  /// Neither a name nor a callback appears in a reason if the widget is masked anyway.
  @Test func aReasonRevealsNothingAboutAHiddenName() throws {
    let policy = #"{"rules":[{"name":"/card/","decision":"mask"},{"name":"ok","decision":"unmask"}]}"#
    func one(_ role: String, _ name: String) throws -> ListedMask {
      try #require(
        try listed(
          [widget("w", "frame", 0, 0, 200, 100), widget("l", role, 10, 10, 20, 10, in: "w", name: name)],
          policy: policy
        ).first)
    }
    #expect(try one("label", "card 1234") == one("label", "something else"))
    #expect(try one("label", "card 1234").reason == .default)
    // Only the rule masks it, which its fill shows already.
    #expect(try one("separator", "card").reason == .rule)
  }

  @Test(arguments: 0..<40) func listsFollowFromBoxesAndRolesAlone(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let roles = ["label", "panel", "entry", "password text", "push button", "icon", "separator", "blob"]
    let policy =
      #"{"hideInteraction":["icon"],"rules":[{"name":"/a/","decision":"mask"},{"role":"push button","decision":"unmask","insideMasked":true}]}"#
    let widgets = (0..<12).map { index in
      widget(
        "w\(index)", roles.randomElement(using: &generator)!,
        Double(Int.random(in: -10...190, using: &generator)),
        Double(Int.random(in: -10...90, using: &generator)),
        Double(Int.random(in: 0...80, using: &generator)),
        Double(Int.random(in: 0...40, using: &generator)),
        in: index > 0 && Bool.random(using: &generator)
          ? "w\(Int.random(in: 0..<index, using: &generator))" : nil)
    }
    // Names differ only where the widget is masked with either name.
    let planner = MaskPlanner(policy: try MaskPolicy(json: Array(policy.utf8)))
    func plan(_ widgets: [Widget]) throws -> MaskPlan {
      var usage = PolicyUsage(policy: planner.policy)
      return planner.planOfWindows(
        for: try WidgetTree(widgets: widgets), width: 200, height: 100, usage: &usage)
    }
    var named = widgets
    for index in named.indices where Bool.random(using: &generator) { named[index].name = "a" }
    let (one, two) = (try plan(widgets), try plan(named))
    guard one.regions == two.regions, one.masks.map(\.widget) == two.masks.map(\.widget) else { return }
    #expect(Set(one.listed) == Set(two.listed))
    // Listed masks are painted.
    #expect(Region(union: one.listed.map(\.rect)).subtracting(one.masked).isEmpty)
    #expect(Set(one.listed).count == one.listed.count)
  }
}
