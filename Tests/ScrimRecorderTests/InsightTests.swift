import ScrimImage
import ScrimPlayer
import ScrimRedact
import ScrimTestSupport
import Testing

/// Made sequences of which the truth is known.
@Suite struct InsightTests {
  private typealias Moment = Insight.Moment
  private static let second: Int64 = 1_000_000_000

  private func event(
    _ type: String, _ seconds: Double, x: Double = 100, y: Double = 100, role: String? = "push button"
  ) throws -> Event {
    let place = type == "key" ? "" : #""x":\#(x),"y":\#(y),"#
    let role = role.map { #","role":"\#($0)""# } ?? ""
    let json = #"{\#(place)"type":"\#(type)"\#(role)}"#
    return try Event(recorded: Array(json.utf8), time: Int64(seconds * 1e9))
  }

  /// A frame each half second, of which `change` says more.
  private func moments(
    _ seconds: Double = 10, hides: Bool = false, _ change: (Double) -> Moment? = { _ in nil }
  )
    -> [Moment]
  {
    (0...Int(seconds * 2)).map { number in
      let at = Double(number) / 2
      return change(at) ?? Moment(time: Int64(at * 1e9), hidesAnswers: hides)
    }
  }

  private func change(_ seconds: Double, x: Int, y: Int, width: Int = 20, height: Int = 20) -> Moment {
    Moment(
      time: Int64(seconds * 1e9), change: Rect(x: x, y: y, width: width, height: height))
  }

  private func verdict(_ moments: [Moment], _ more: [Event] = [], role: String? = "push button") throws
    -> Insight.Press
  {
    let insight = Insight(moments: moments, events: [try event("button-down", 2.1, role: role)] + more)
    return try #require(insight.presses.first)
  }

  @Test func verdictsOfAPress() throws {
    #expect(try verdict(moments()).verdict == .dead)
    // An answer elsewhere, and how long it took.
    let far = try verdict(moments { $0 == 3 ? change(3, x: 400, y: 300) : nil })
    #expect(far.verdict == .responded && far.firstChange == 900_000_000)
    // The control's own look is none, unless it is one that answers so.
    let near = moments { $0 == 2.5 ? change(2.5, x: 60, y: 90, width: 80) : nil }
    #expect(try verdict(near).verdict == .dead)
    #expect(try verdict(near, role: "check box").verdict == .responded)
    // A caret is none.
    #expect(
      try verdict(moments { $0 == 3 ? change(3, x: 400, y: 300, width: 2, height: 18) : nil }).verdict
        == .dead)
    // Too late.
    #expect(try verdict(moments { $0 == 5 ? change(5, x: 400, y: 300) : nil }).verdict == .dead)
    // A window that came, though all of it is masked.
    let masks = moments {
      $0 == 3 ? Moment(time: 3 * Self.second, masksChanged: true, hidesAnswers: true) : nil
    }
    #expect(try verdict(masks).verdict == .responded)
    for type in ["navigation", "network", "error"] {
      #expect(try verdict(moments(), [try event(type, 3)]).verdict == .responded)
    }
  }

  @Test func whatCouldNotBeSeenIsNotDead() throws {
    #expect(try verdict(moments(hides: true)).verdict == .unobservable)
    let late = moments { $0 == 4 ? Moment(time: 4 * Self.second, hidesAnswers: true) : nil }
    #expect(try verdict(late).verdict == .unobservable)
    // The session ends, or another control is pressed, before the time is over.
    #expect(try verdict(moments(4)).verdict == .unobservable)
    #expect(try verdict(moments(), [try event("button-down", 3, x: 300)]).verdict == .unobservable)
    #expect(try verdict(moments(), [try event("button-down", 3, x: 110)]).verdict == .dead)
  }

  @Test func ragesAreFourPressesOfOneControl() throws {
    func rages(_ times: [Double], role: String? = "push button", step: Double = 5) throws -> [Insight.Rage] {
      let presses = try times.enumerated().map {
        try event("button-down", $1, x: 100 + step * Double($0), role: role)
      }
      return Insight(moments: moments(), events: presses).rages
    }
    let quick = [2, 2.2, 2.4, 2.6]
    #expect(try rages(quick).map(\.presses) == [4])
    #expect(try rages(quick + [2.8, 3.0]).map(\.presses) == [6])
    #expect(try rages([2, 2.2, 2.4]).isEmpty)
    #expect(try rages([2, 2.3, 2.6, 2.9]).isEmpty)
    #expect(try rages(quick, step: 11).isEmpty)
    for role in ["entry", "text", "spin button", "slider", "scroll bar", "page tab", "page indicator"] {
      #expect(try rages(quick, role: role).isEmpty)
    }
    #expect(try rages(quick, role: nil).isEmpty)
  }

  @Test func aScreenThatStandsStillIsFrozen() throws {
    func frozen(_ times: [Double], _ moments: [Moment]) throws -> [ClosedRange<Int64>] {
      Insight(moments: moments, events: try times.map { try event("key", $0, role: nil) }).frozen.map(\.time)
    }
    let times = [1.1, 2.1, 3.1, 3.6]
    #expect(try frozen(times, moments()) == [1_100_000_000...3_600_000_000])
    #expect(try frozen([1.1, 3.6], moments()).isEmpty)
    #expect(try frozen([1.1, 1.5, 2.9], moments()).isEmpty)
    #expect(try frozen(times, moments(hides: true)).isEmpty)
    #expect(try frozen(times, moments { $0 == 2.5 ? change(2.5, x: 0, y: 0) : nil }).isEmpty)
    // What changes behind the last input doesn't matter.
    #expect(try frozen(times, moments { $0 == 4 ? change(4, x: 0, y: 0) : nil }).count == 1)
  }
}
