/// One widget as an accessibility tree tells of it.
///
/// What its `text` says is not kept, only whether it says anything, and a digest by which a change of a shown widget's text is found: so
/// neither a mask nor a message can depend on it.
public struct Widget: Hashable, Sendable {
  /// The state of a control whose label is its user's content, as the name of a document on its tab or of a folder on a path bar's button.
  /// Rules by role alone do not show it (Masking.md, section 4).
  public static let contentState = "content"

  /// Where a widget hangs in its tree.
  public enum Parent: Hashable, Sendable {
    /// Under the widget of that id. An id that no widget has makes a top-level widget: the ancestor isn't showing.
    case id(String)
    /// Under the widget of that index in the same list.
    case index(Int)
  }

  /// Unique in its tree where present. Messages name it.
  public var id: String?
  /// The role as it was written.
  public let type: String
  /// What ``type`` means; ``Role/unknown`` where the table doesn't have it.
  public let role: Role
  /// Whether the table has ``type``.
  public let isRoleKnown: Bool
  /// The accessible name. Only name patterns of rules and the library user's callback see it.
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
  /// A digest of its `text`; 0 without one. Only ``Claims`` of shown widgets look at it.
  let textDigest: UInt64
  /// Where a progress bar, a slider or a scroll bar stands: it explains that such a decoration looks otherwise, and nothing else.
  public var value: Double?
  /// The explicit decision about this widget.
  public var mark: Mark?
  /// Pixels per logical pixel of its toolkit, beyond the tree's box scale: how large a control looks depends on it.
  public var scale = 1.0
  /// What it shows: its role's nature, corrected by its states and its text (Masking.md, section 2).
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

  /// A region that somebody drew and gave a label. The label is no role, whatever it is called: the region is masked as what nobody
  /// knows, and rules find it by `type`. A password stays one.
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

  private static func nature(of role: Role, states: [String], hasText: Bool) -> Nature {
    if role.nature == .password || states.contains("password") || states.contains("protected") {
      return .password
    }
    var nature = role.nature
    if hasText, nature != .input { nature = .text }
    if nature == .text, states.contains("editable") { nature = .input }
    return nature
  }
}

/// A window of the screen, bottom to top in a list of them. Its title is not kept.
public struct Window: Hashable, Sendable {
  /// What a window manager draws around a client area, or a client inside it, in pixels.
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
  /// False for menus, tool tips and other windows that no window manager looks after.
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
