import ScrimPlayer
import ScrimStore

/// Dead presses, rage, and frozen screens.
struct InsightReport: Encodable {
  struct Press: Encodable {
    var tMs: Double
    var x: Double
    var y: Double
    var role: String?
    var verdict: String
    var firstChangeMs: Double?
  }

  struct Rage: Encodable {
    var tMs: Double
    var presses: Int
    var x: Double
    var y: Double
    var role: String
  }

  struct Frozen: Encodable {
    var fromMs: Double
    var untilMs: Double
    var inputs: Int
  }

  var presses: [Press]
  var rages: [Rage]
  var frozen: [Frozen]

  init(_ reader: SessionReader) throws {
    let insight: Insight
    do { insight = try Insight(reader) } catch { throw Failure(.input, "\(error)") }
    presses = insight.presses.map {
      Press(
        tMs: Double($0.time) / 1e6, x: $0.x, y: $0.y, role: $0.role, verdict: $0.verdict.rawValue,
        firstChangeMs: $0.firstChange.map { Double($0) / 1e6 })
    }
    rages = insight.rages.map {
      Rage(tMs: Double($0.time) / 1e6, presses: $0.presses, x: $0.x, y: $0.y, role: $0.role)
    }
    frozen = insight.frozen.map {
      Frozen(
        fromMs: Double($0.time.lowerBound) / 1e6, untilMs: Double($0.time.upperBound) / 1e6, inputs: $0.inputs
      )
    }
  }

  func print(_ output: OutputOptions) throws {
    if output.json { return try output.print(json: self) }
    func clock(_ milliseconds: Double) -> String { TimelineReport.clock(Int64(milliseconds * 1e6)) }
    for press in presses {
      let on = press.role.map { " on \($0)" } ?? ""
      let change = press.firstChangeMs.map { ", first change after \(Int($0.rounded())) ms" } ?? ""
      Swift.print("\(clock(press.tMs)) press\(on): \(press.verdict)\(change)")
    }
    for rage in rages { Swift.print("\(clock(rage.tMs)) rage: \(rage.presses) presses on \(rage.role)") }
    for frozen in frozen {
      Swift.print("\(clock(frozen.fromMs)) frozen until \(clock(frozen.untilMs)): \(frozen.inputs) inputs")
    }
    if presses.isEmpty, frozen.isEmpty { Swift.print("no press is known of this session") }
  }
}
