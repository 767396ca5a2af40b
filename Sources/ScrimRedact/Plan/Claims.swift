import ScrimImage

/// Which widget claims which pixels, and how it looks: what two readings of a tree are compared by, to find out which changes of
/// pixels the tree explains.
///
/// It lives in memory only and is never written. Of masked widgets it holds the box and the role alone: their names, texts and states
/// must explain nothing. Those of shown widgets are digests of 64 bits; two that are equal by accident explain less, not more.
public struct Claims: Hashable, Sendable {
  enum Treatment: UInt8, Sendable {
    case masked
    /// A container or a decoration, which is believed for its pixels only.
    case gap
    case shown
    /// Shown by a rule that says `"trust":"always"`.
    case trusted
  }

  struct Claim: Hashable, Sendable {
    /// Cut to the picture, never empty.
    var rect: Rect
    var role: Role
    var treatment: Treatment
    /// A digest of states, and of a shown widget's name and text; 0 of a masked one.
    var look: UInt64 = 0
    /// A digest of the widget's id, by which it is known again where it moved; 0 without one.
    var id: UInt64 = 0
    /// The nearest claim above it in the tree, an index into ``Claims/list``; -1 for none.
    var parent = -1
    /// The window that it is in, an index into ``Claims/windows``; -1 where none is known.
    var window = -1
  }

  /// A window with its frame and the padding of masks around it.
  struct Outline: Hashable, Sendable {
    var xid: Int?
    var rect: Rect
    /// Whether a tree describes it.
    var isDescribed: Bool
  }

  /// Parents first.
  var list: [Claim] = []
  /// Bottom to top.
  var windows: [Outline] = []
  /// Pixels by which masks are larger than their boxes.
  var padding = 0

  /// Nothing claims anything.
  public init() {}

  /// What a plan makes of a tree.
  ///
  /// - Parameter treatment: of the widget of an index.
  init(
    _ tree: WidgetTree, picture: Rect, windows: [Outline], padding: Int, treatment: (Int) -> Treatment
  ) {
    self.windows = windows
    self.padding = padding
    // The claim of each widget, or of the nearest one above that has pixels in the picture.
    var slots = [Int](repeating: -1, count: tree.widgets.count)
    for index in tree.order {
      let parent = tree.parent(of: index).map { slots[$0] } ?? -1
      slots[index] = parent
      let rect = tree.rects[index].intersection(picture)
      guard !rect.isEmpty else { continue }
      let widget = tree.widgets[index]
      let treatment = treatment(index)
      var claim = Claim(rect: rect, role: widget.role, treatment: treatment, parent: parent)
      switch treatment {
      case .masked: break
      case .gap: claim.look = widget.containerLook
      case .shown, .trusted: claim.look = widget.look
      }
      claim.id = widget.id.map { Digest64(of: $0).value } ?? 0
      claim.window = parent < 0 ? window(of: tree.rects[index]) : list[parent].window
      slots[index] = list.count
      list.append(claim)
    }
  }

  /// The window that a top-level widget describes: the topmost one that it agrees with to at least half; -1 for none.
  func window(of top: Rect) -> Int {
    windows.indices.last { index in
      let shared = windows[index].rect.intersection(top).area
      return 2 * shared > top.area + windows[index].rect.area - shared
    } ?? -1
  }

  /// What of each window no higher one covers.
  func visibleParts() -> [Region] {
    var above = Region()
    var parts = [Region](repeating: Region(), count: windows.count)
    for index in windows.indices.reversed() {
      let own = Region(windows[index].rect)
      parts[index] = own.subtracting(above)
      above = above.union(own)
    }
    return parts
  }

  /// The pixels of shown widgets, each within what is to be seen of its window; `isTrusted` asks for those of rules that trust always.
  func shown(_ visible: [Region], isTrusted: Bool = false) -> Region {
    let wanted = list.lazy.filter { $0.treatment == .trusted || !isTrusted && $0.treatment == .shown }
    return Claims.region(wanted.map { ($0.rect, $0.window) }, visible)
  }

  /// The union of rectangles, each within what is to be seen of its window.
  static func region(_ rects: some Sequence<(rect: Rect, window: Int)>, _ visible: [Region]) -> Region {
    var byWindow: [Int: [Rect]] = [:]
    for (rect, window) in rects { byWindow[window, default: []].append(rect) }
    return byWindow.reduce(Region()) { sum, part in
      let union = Region(union: part.value)
      return sum.union(part.key < 0 ? union : union.intersection(visible[part.key]))
    }
  }
}

/// A digest of 64 bits (FNV-1a), of what is only ever compared in memory.
struct Digest64: Hashable, Sendable {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  init() {}

  init(of text: String) { add(text) }

  mutating func add(_ text: String) {
    for byte in text.utf8 { add(byte) }
    // No byte of UTF-8: "ab", "c" is not "a", "bc".
    add(0xFF)
  }

  mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }

  mutating func add(_ number: Int) {
    for shift in stride(from: 0, to: 64, by: 8) { add(UInt8(truncatingIfNeeded: number >> shift)) }
  }
}

extension Widget {
  /// How a shown widget looks, as far as its tree says.
  fileprivate var look: UInt64 {
    var digest = Digest64()
    for state in states { digest.add(state) }
    digest.add(name)
    digest.add(Int(truncatingIfNeeded: textDigest))
    return digest.value
  }

  /// How a container or a decoration looks, of which no name and no text is shown.
  fileprivate var containerLook: UInt64 {
    var digest = Digest64()
    for state in states where ChangeEvidence.containerStates.contains(state) { digest.add(state) }
    if nature == .decoration, let value { digest.add(Int(truncatingIfNeeded: value.bitPattern)) }
    return digest.value
  }
}
