import ScrimImage
import ScrimRedact

/// The gap guard with the whole screen guarded, which is the worst case, and rules with names.
enum GuardStages {
  static var all: [Stage] {
    [
      scrolled, spots, names("rules, 1000 new names", isNew: true),
      names("rules, names seen before", isNew: false),
    ]
  }

  /// A page that scrolled: every row is different.
  private static var scrolled: Stage {
    Stage("guard, scrolled page", share: 0.5, reference: "memcmp of both pictures") {
      let (width, height) = (Screen.width, Screen.height)
      let pages = (0..<Reference.ring).map { Scene.scrolling.canvas($0).pixels }
      let guarded = Region(Rect(x: 0, y: 0, width: width, height: height))
      let gapGuard = Held(GapGuard())
      let work: (Int) -> Sample = { round in
        let page = pages[round % pages.count]
        return sample {
          _ = gapGuard.value.suspects(
            in: page.span, width: width, height: height, guarded: guarded,
            boxes: GapBoxes())
        }
      }
      return (work, against: Reference.compare())
    }
  }

  /// Two small changes far apart, against one.
  private static var spots: Stage {
    Stage("guard, two changes far apart", share: 0.5, reference: "one change") {
      let (width, height) = (Screen.width, Screen.height)
      let page = Scene.scrolling.canvas(0)
      let all = Rect(x: 0, y: 0, width: width, height: height)
      let regions = MaskPlan(width: width, height: height, masks: [], guarded: Region(all)).regions
      func frames(_ places: [(Int, Int)]) -> [Frame] {
        (0..<2).map { index in
          var canvas = page
          for (x, y) in places {
            canvas.fill(Rect(x: x, y: y, width: 8, height: 16), Pixel(index) * 0xFFFFFF)
          }
          return canvas.frame
        }
      }
      let one = frames([(width - 30, 10)])
      let two = frames([(width - 30, 10), (20, height - 30)])
      let first = Held(Masker(width: width, height: height, fills: MaskFills()))
      let second = Held(Masker(width: width, height: height, fills: MaskFills()))
      return (
        { round in sample { second.value.show(two[round % 2], masked: regions) } },
        against: { round in sample { first.value.show(one[round % 2], masked: regions) } }
      )
    }
  }

  /// Ten rules `/…/i` over a tree of 1000 widgets, compared with reading each byte of the names once per
  /// rule.
  private static func names(_ name: String, isNew: Bool) -> Stage {
    Stage(name, pixels: 300_000, share: 0.3, reference: "reading each byte, ten times") {
      var policy = MaskPolicy()
      let rules = try (0..<10).map { number in
        MaskPolicy.Rule(names: [try NamePattern("/card\(number)|iban\(number)/i")], decision: .mask)
      }
      let empty = MaskPlanner(policy: policy)
      policy.rules = rules
      let planner = MaskPlanner(policy: policy)
      var random = SystemRandomNumberGenerator()
      func tree() throws -> WidgetTree {
        let letters = Array("abcdefghijklmnopqrstuvwxyz ")
        return try WidgetTree(
          widgets: (0..<1000).map { index in
            let name = String((0..<30).map { _ in letters.randomElement(using: &random) ?? " " })
            return Widget(
              role: "label", name: name, x: Double(index % 40 * 40), y: Double(index / 40 * 30), width: 30,
              height: 20)
          })
      }
      let trees = try (0..<40).map { _ in try tree() }
      func plan(_ planner: MaskPlanner, _ tree: WidgetTree) {
        _ = planner.plan(for: tree, width: 1920, height: 1080, describesWholeWindows: false)
      }
      // The cost of the plan without rules is subtracted.
      let work: (Int) -> Sample = { round in
        let tree = trees[isNew ? round % trees.count : 0]
        let rest = sample { plan(empty, tree) }
        if !isNew { plan(planner, tree) }
        var result = sample { plan(planner, tree) }
        result.time = max(result.time - rest.time, 1e-4)
        return result
      }
      let against: (Int) -> Sample = { round in
        let tree = trees[round % trees.count]
        return sample {
          var sum: UInt64 = 0
          for _ in 0..<10 {
            for widget in tree.widgets { for byte in widget.name.utf8 { sum = sum &* 31 &+ UInt64(byte) } }
          }
          keep(sum)
        }
      }
      return (work, against: against)
    }
  }
}

@inline(never) private func keep(_ value: UInt64) {}
