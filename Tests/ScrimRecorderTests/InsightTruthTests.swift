import Foundation
import ScrimImage
import ScrimPlayer
import ScrimRedact
import ScrimTestSupport
import Testing

/// Precision and recall of the insight on made sequences, of which it is known what the application did and what the user
/// meant. They contain what the definitions get wrong on purpose: answers that come late, clocks that tick beside a dead
/// button, quick presses without anger. Insight.md has the numbers, which the tests compare.
@Suite struct InsightTruthTests {
  private static let second = 1e9
  private static let rounds = 1000

  /// A sequence of frames and events that is built from the times of things.
  private struct Story {
    var moments: [Insight.Moment] = []
    var events: [Event] = []

    /// Frames ten times a second, none of which changes anything.
    init(seconds: Double, hides: Bool = false) {
      moments = (0...Int(seconds * 10)).map {
        Insight.Moment(time: Int64(Double($0) / 10 * second), hidesAnswers: hides)
      }
    }

    mutating func change(at seconds: Double, _ rect: Rect) {
      moments[Int((seconds * 10).rounded(.up))].change = rect
    }

    mutating func add(_ type: String, at seconds: Double, x: Double, y: Double, role: String?) {
      let place = type == "key" ? "" : #""x":\#(x),"y":\#(y),"#
      let role = role.map { #","role":"\#($0)""# } ?? ""
      let json = Array(#"{\#(place)"type":"\#(type)"\#(role)}"#.utf8)
      guard let event = try? Event(recorded: json, time: Int64(seconds * second)) else { return }
      events.append(event)
    }

    var insight: Insight { Insight(moments: moments, events: events) }
  }

  /// What was found, and what was true.
  private struct Score {
    var found = 0
    var actual = 0
    var both = 0
    var cases: [String: (found: Int, all: Int)] = [:]

    mutating func note(_ name: String, isFound: Bool, isTrue: Bool) {
      found += isFound ? 1 : 0
      actual += isTrue ? 1 : 0
      both += isFound && isTrue ? 1 : 0
      let old = cases[name] ?? (0, 0)
      cases[name] = (old.found + (isFound ? 1 : 0), old.all + 1)
    }

    /// In the words of Insight.md.
    func row(_ name: String) -> String {
      func share(_ part: Int, _ all: Int) -> String {
        String(format: "%.2f", Double(part) / Double(max(all, 1)))
      }
      return "| \(name) | \(actual) | \(found) | \(share(both, found)) | \(share(both, actual)) |"
    }
  }

  /// The table of the document has this row.
  private func expect(_ row: String) throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/ScrimPlayer/Insight.md").standardized
    let document = String(decoding: try Data(contentsOf: url), as: UTF8.self)
    #expect(document.contains("\n\(row)\n"), "\(row)")
  }

  /// One press of an application that does something or nothing.
  @Test func deadPresses() throws {
    var random = SeededGenerator(seed: 1)
    var scores: [Insight.Verdict: Score] = [:]
    let cases: [(name: String, truth: Insight.Verdict)] = [
      ("nothing happens", .dead), ("its own look alone", .dead), ("a caret blinks", .dead),
      ("a clock ticks elsewhere", .dead), ("an answer elsewhere", .responded), ("a check box", .responded),
      ("a window comes", .responded), ("a request", .responded),
      ("an answer after three seconds", .responded),
      ("an answer under a mask", .unobservable), ("nothing under a mask", .unobservable),
      ("the end comes first", .unobservable), ("another press comes first", .unobservable),
    ]
    for round in 0..<Self.rounds {
      let (name, truth) = cases[round % cases.count]
      let x = Double.random(in: 150...1100, using: &random)
      let y = Double.random(in: 100...700, using: &random)
      let at = Double.random(in: 1...2, using: &random)
      let delay = Double.random(in: 0.05...2.2, using: &random)
      let role = name == "a check box" ? "check box" : "push button"
      let isMasked = name.hasSuffix("under a mask")
      var made = Story(
        seconds: name == "the end comes first" ? at + 1.5 : 8, hides: isMasked)
      made.add("button-down", at: at, x: x, y: y, role: isMasked ? nil : role)
      let look = Rect(x: Int(x) - 40, y: Int(y) - 14, width: 80, height: 28)
      let elsewhere = Rect(x: Int(x) + (x < 600 ? 150 : -400), y: Int(y) - 50, width: 200, height: 90)
      switch name {
      case "its own look alone": made.change(at: at + 0.1, look)
      case "a caret blinks":
        for tick in 0..<10 {
          made.change(at: 0.5 + Double(tick) * 0.6, Rect(x: 20, y: 20, width: 2, height: 18))
        }
      case "a clock ticks elsewhere":
        for tick in 1..<8 { made.change(at: Double(tick), Rect(x: 1220, y: 780, width: 30, height: 12)) }
      case "an answer elsewhere":
        made.change(at: at + 0.1, look)
        made.change(at: at + 0.1 + delay, elsewhere)
      case "a check box":
        made.change(at: at + delay, Rect(x: Int(x) - 6, y: Int(y) - 6, width: 12, height: 12))
      case "a window comes": made.moments[Int((at + delay) * 10) + 1].masksChanged = true
      case "a request": made.add("network", at: at + delay, x: x, y: y, role: nil)
      case "an answer after three seconds": made.change(at: at + 3, elsewhere)
      case "another press comes first":
        made.add("button-down", at: at + 1, x: x < 600 ? x + 200 : x - 200, y: y, role: role)
      default: break
      }
      let press = try #require(made.insight.presses.first)
      for verdict in Insight.Verdict.allCases {
        scores[verdict, default: Score()].note(
          name, isFound: press.verdict == verdict, isTrue: truth == verdict)
      }
    }
    for verdict in Insight.Verdict.allCases {
      try expect(try #require(scores[verdict]).row(verdict.rawValue))
    }
    // What is wrong is what the definitions say: late answers count as dead, and a clock as an answer.
    let dead = try #require(scores[.dead]).cases
    for (name, truth) in cases {
      let all = dead[name]?.all ?? 0
      let expected =
        truth == .dead && name != "a clock ticks elsewhere" || name == "an answer after three seconds"
      #expect(dead[name]?.found == (expected ? all : 0), "\(name)")
    }
  }

  @Test func rages() throws {
    var random = SeededGenerator(seed: 2)
    var score = Score()
    let cases: [(name: String, role: String?, isTrue: Bool)] = [
      ("an angry user", "push button", true), ("an angry user", "menu item", true),
      ("an angry user who is slow", "push button", true), ("an angry user at a masked control", nil, true),
      ("a double click", "push button", false), ("a step of a number", "spin button", false),
      ("a selected paragraph", "text", false), ("pages turned", "page tab", false),
      ("a list that is ticked off", "check box", false), ("a button that counts", "push button", false),
      ("presses a second apart", "push button", false),
    ]
    for round in 0..<Self.rounds {
      let (name, role, isTrue) = cases[round % cases.count]
      var made = Story(seconds: 10)
      var at = Double.random(in: 1...2, using: &random)
      let x = Double.random(in: 100...1000, using: &random)
      var y = Double.random(in: 100...600, using: &random)
      let count = name == "a double click" ? 2 : Int.random(in: 4...7, using: &random)
      for _ in 0..<count {
        made.add("button-down", at: at, x: x + Double.random(in: -6...6, using: &random), y: y, role: role)
        switch name {
        case "presses a second apart": at += Double.random(in: 0.8...1.2, using: &random)
        case "an angry user who is slow": at += Double.random(in: 0.2...0.45, using: &random)
        case "a list that is ticked off":
          (at, y) = (at + Double.random(in: 0.15...0.24, using: &random), y + 24)
        default: at += Double.random(in: 0.1...0.24, using: &random)
        }
      }
      score.note(name, isFound: !made.insight.rages.isEmpty, isTrue: isTrue)
    }
    try expect(score.row("rage"))
    for (name, _, isTrue) in cases {
      let (found, all) = try #require(score.cases[name])
      switch name {
      // Between the two rates, and what no role is known of.
      case "an angry user who is slow": #expect(found > 0 && found < all)
      case "an angry user at a masked control": #expect(found == 0)
      // An application that is made for it looks the same.
      case "a button that counts": #expect(found == all)
      default: #expect(found == (isTrue ? all : 0), "\(name)")
      }
    }
  }

  @Test func frozenScreens() throws {
    var random = SeededGenerator(seed: 3)
    var score = Score()
    let cases: [(name: String, isTrue: Bool)] = [
      ("a hanging application", true), ("one that hangs for a second and a half", true),
      ("one that hangs while a clock ticks", true), ("one that hangs under masks", true),
      ("typing", false), ("scrolling", false), ("keys without an effect", false), ("one press", false),
    ]
    for round in 0..<Self.rounds {
      let (name, isTrue) = cases[round % cases.count]
      var made = Story(seconds: 12, hides: name.hasSuffix("under masks"))
      let start = Double.random(in: 1...2, using: &random)
      let length = name.hasSuffix("second and a half") ? 1.5 : Double.random(in: 2.6...6, using: &random)
      var at = start
      var line = 100
      repeat {
        made.add(
          name == "one press" || round % 3 == 0 ? "button-down" : "key", at: at, x: 300, y: 300,
          role: "push button")
        switch name {
        case "typing": made.change(at: at + 0.1, Rect(x: 200 + line % 300, y: 200, width: 9, height: 17))
        case "scrolling": made.change(at: at + 0.1, Rect(x: 0, y: 60, width: 1200, height: 700))
        default: break
        }
        line += 9
        at += Double.random(in: 0.25...0.5, using: &random)
      } while at < start + length && name != "one press"
      if name.hasSuffix("clock ticks") {
        for tick in 1..<11 { made.change(at: Double(tick), Rect(x: 1220, y: 780, width: 30, height: 12)) }
      }
      // Everything comes at once where it hangs no more.
      if isTrue { made.change(at: start + length + 0.5, Rect(x: 0, y: 0, width: 1280, height: 800)) }
      score.note(name, isFound: !made.insight.frozen.isEmpty, isTrue: isTrue)
    }
    try expect(score.row("frozen"))
    for (name, _) in cases {
      let (found, all) = try #require(score.cases[name])
      let expected = name == "a hanging application" || name == "keys without an effect"
      #expect(found == (expected ? all : 0), "\(name)")
    }
  }
}
