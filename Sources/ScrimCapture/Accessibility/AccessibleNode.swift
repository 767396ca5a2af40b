/// One visible object of an application's tree, as the application reports it.
struct AccessibleNode: Sendable {
  /// The box of a widget in the toolkit's own units.
  struct Box: Hashable, Sendable {
    var x: Int
    var y: Int
    var width: Int
    var height: Int
  }

  var object: BusObject
  var role: String
  var name: String
  var states: AccessibleStates
  /// Nil if it has none, or one of no size.
  var box: Box?
  /// Whether it has text that its role doesn't imply.
  var hasText: Bool
  /// Value of a progress bar, scroll bar or slider; nil for other roles.
  var value: Double?
  /// The index of its nearest ancestor in the same list, which precedes it; nil for a child of the
  /// application.
  var parent: Int?
  /// Whether something below it could not be read, so that the content of its box is unknown.
  var isTorn: Bool
  /// The index in the same list of the input to which this list belongs, wherever the toolkit lists it; a
  /// combo box's list has a window of its own.
  var listOf: Int?
}
