extension Widget {
  /// The nature of a widget: its role's, unless a state or its text says more. States in the form of ``RoleTable``.
  static func nature(of role: Role, states: [String], hasText: Bool) -> Nature {
    if role.nature == .password || states.contains("password") || states.contains("protected") {
      return .password
    }
    var nature = role.nature
    if hasText, nature != .input { nature = .text }
    if nature == .text, states.contains("editable") { nature = .input }
    return nature
  }
}
