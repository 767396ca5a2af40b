/// Statistics of a policy over a run: rules that never decided anything, and unknown roles.
///
/// Contains names of roles, never names or texts of widgets.
public struct PolicyUsage: Hashable, Sendable {
  /// Number of plans counted.
  public internal(set) var plans = 0
  /// Number of widgets that each rule decided, by the rule's index.
  public private(set) var ruleDecisions: [Int]
  /// Role names that the table doesn't have, with their number of widgets. Only the first
  /// ``unknownRoleLimit`` names are listed separately.
  public private(set) var unknownRoles: [String: Int] = [:]
  /// Number of masks by the name of their reason.
  public private(set) var masksByReason: [String: Int] = [:]

  public static let unknownRoleLimit = 100

  public init(policy: MaskPolicy) {
    ruleDecisions = [Int](repeating: 0, count: policy.rules.count)
  }

  /// Indices of the rules that decided nothing: a rule that silently stops matching is how real products
  /// leaked.
  public var neverMatchedRules: [Int] { ruleDecisions.indices.filter { ruleDecisions[$0] == 0 } }

  /// Adds the counts of another part of the run under the same policy.
  public mutating func merge(_ other: PolicyUsage) {
    precondition(ruleDecisions.count == other.ruleDecisions.count, "usages of one policy can be merged")
    plans += other.plans
    for index in ruleDecisions.indices { ruleDecisions[index] += other.ruleDecisions[index] }
    masksByReason.merge(other.masksByReason, uniquingKeysWith: +)
    for (name, count) in other.unknownRoles.sorted(by: { $0.key < $1.key }) { note(unknownRole: name, count) }
  }

  mutating func note(rule: Int) { ruleDecisions[rule] += 1 }

  mutating func note(unknownRole name: String, _ count: Int = 1) {
    let name = WidgetError.printable(name)
    guard unknownRoles[name] != nil || unknownRoles.count < PolicyUsage.unknownRoleLimit else { return }
    unknownRoles[name, default: 0] += count
  }

  mutating func note(_ reason: MaskReason, _ count: Int = 1) {
    masksByReason[reason.name, default: 0] += count
  }
}

extension MaskReason {
  /// The reason as reports write it.
  public var name: String {
    switch self {
    case .mark: "mark"
    case .callback: "callback"
    case .unreadable: "unreadable"
    case .rule: "rule"
    case .nature: "nature"
    case .childless: "childless"
    case .unknownRole: "unknown role"
    case .inside: "inside"
    case .titleBar: "title bar"
    case .treelessWindow: "treeless window"
    case .gap: "gap"
    case .uncovered: "uncovered"
    case .failedClosed: "failed closed"
    }
  }
}
