/// One widget of an accessibility tree.
///
/// Its `text` is not kept, only whether it has any, and a digest that detects a change of a shown widget's
/// text: so neither a mask nor a message can depend on it.
public struct Widget: Hashable, Sendable {
  /// The state of a control whose label is its user's content, such as the name of a document on its tab or
  /// of a folder on a path bar's button. Rules by role alone do not show it (Masking.md, section 4).
  public static let contentState = "content"

  /// The widget's parent in its tree.
  public enum Parent: Hashable, Sendable {
    /// The widget with that id. An id that no widget has makes a top-level widget: the ancestor isn't
    /// visible.
    case id(String)
    /// The widget at that index in the same list.
    case index(Int)
  }

  /// Unique in its tree if present. Used in messages.
  public var id: String?
  /// The role as it was written.
  public let type: String
  /// The role that ``type`` means; ``Role/unknown`` if the table doesn't have it.
  public let role: Role
  /// Whether the table has ``type``.
  public let isRoleKnown: Bool
  /// The accessible name. Used only by name patterns of rules and by the library user's callback.
  public var name: String
  /// The box, in pixels of the image divided by the tree's box scale.
  public var x: Double
  public var y: Double
  public var width: Double
  public var height: Double
  public var parent: Parent?
  /// States in lower case, letters and digits only: `multi-line` is `multiline`.
  public let states: [String]
  /// Whether its `text` holds anything but white space and U+FFFC.
  public let hasText: Bool
  /// A digest of its `text`; 0 without one. Used only by ``Claims`` of shown widgets.
  let textDigest: UInt64
  /// Value of a progress bar, slider or scroll bar: explains a change of such a decoration's look, and
  /// nothing else.
  public var value: Double?
  /// The explicit decision about this widget.
  public var mark: Mark?
  /// Pixels per logical pixel of its toolkit, in addition to the tree's box scale: the expected size of a
  /// control depends on it.
  public var scale = 1.0
  /// The kind of content that it shows: its role's nature, corrected by its states and its text (Masking.md,
  /// section 2).
  public let nature: Nature

  /// - Parameters:
  ///   - role: an AT-SPI role name, or one of its aliases.
  ///   - states: AT-SPI state names; case and separators are ignored.
  public init(
    id: String? = nil, role type: String, name: String = "", x: Double, y: Double, width: Double,
    height: Double,
    parent: Parent? = nil, states: [String] = [], text: String? = nil, mark: Mark? = nil
  ) {
    self.id = id
    self.type = type
    let role = Role(named: type)
    self.role = role ?? .unknown
    isRoleKnown = role != nil
    self.name = name
    self.x = x
    self.y = y
    self.width = width
    self.height = height
    self.parent = parent
    self.states = states.compactMap(RoleTable.key)
    hasText = text.map(Widget.says) ?? false
    textDigest = text.map { Digest64(of: $0).value } ?? 0
    self.mark = mark
    nature = Widget.nature(of: self.role, states: self.states, hasText: hasText)
  }

  /// A region drawn and labelled by a person. The label is not a role, whatever its text: the region is
  /// masked as unknown, and rules find it by `type`. A password stays a password.
  ///
  /// - Parameter label: as it was written.
  public init(label: String, x: Double, y: Double, width: Double, height: Double) {
    type = label
    let isPassword = Role(named: label)?.nature == .password
    role = isPassword ? .passwordText : .unknown
    isRoleKnown = true
    name = ""
    self.x = x
    self.y = y
    self.width = width
    self.height = height
    states = []
    hasText = false
    textDigest = 0
    nature = isPassword ? .password : .unknown
  }

  private static func says(_ text: String) -> Bool {
    text.unicodeScalars.contains { $0 != "\u{FFFC}" && !$0.properties.isWhitespace }
  }
}

/// A window of the screen, in a list from bottom to top. Its title is not kept.
public struct Window: Hashable, Sendable {
  /// Widths of a window manager's frame around a client area, or of a shadow inside it, in pixels.
  public struct Extents: Hashable, Sendable {
    public var left: Int
    public var right: Int
    public var top: Int
    public var bottom: Int

    public init(left: Int, right: Int, top: Int, bottom: Int) {
      self.left = left
      self.right = right
      self.top = top
      self.bottom = bottom
    }
  }

  public var xid: Int?
  /// The client area in pixels of the image; the tree's box scale does not apply.
  public var x: Double
  public var y: Double
  public var width: Double
  public var height: Double
  /// The frame that the window manager draws outside the client area: the title bar.
  public var frameExtents: Extents?
  /// The invisible shadow inside the client area.
  public var shadowExtents: Extents?
  /// False for menus, tool tips and other windows that no window manager manages.
  public var isManaged: Bool

  public init(
    xid: Int? = nil, x: Double, y: Double, width: Double, height: Double, frameExtents: Extents? = nil,
    shadowExtents: Extents? = nil, isManaged: Bool = true
  ) {
    self.xid = xid
    self.x = x
    self.y = y
    self.width = width
    self.height = height
    self.frameExtents = frameExtents
    self.shadowExtents = shadowExtents
    self.isManaged = isManaged
  }
}
