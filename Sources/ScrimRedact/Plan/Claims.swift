import ScrimImage

/// Records which widget claims which pixels, and a digest of its look. Two of these are compared to find
/// out which pixel changes a tree explains.
///
/// Kept in memory only, never written. For masked widgets it contains the box and the role alone: their
/// names, texts and states must explain nothing. The looks of shown widgets are 64-bit digests; two that
/// are equal by accident explain less, not more.
public struct Claims: Hashable, Sendable {
  enum Treatment: UInt8, Sendable {
    case masked
    /// A container or a decoration, which is trusted only if its pixels are.
    case gap
    case shown
    /// Shown by a rule that says `"trust":"always"`.
    case trusted
  }

  struct Claim: Hashable, Sendable {
    /// Clipped to the picture, never empty.
    var rect: Rect
    var role: Role
    var treatment: Treatment
    /// A digest of states, and of a shown widget's name and text; 0 for a masked one.
    var look: UInt64 = 0
    /// A digest of the widget's id, which identifies it after a move; 0 without one.
    var id: UInt64 = 0
    /// The nearest claim above it in the tree, an index into ``Claims/list``; -1 for none.
    var parent = -1
    /// The window that contains it, an index into ``Claims/windows``; -1 if unknown.
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

  /// Without any claim.
  public init() {}

  /// The claims of a tree's widgets.
  ///
  /// - Parameter treatment: of the widget with that index.
  init(
    _ tree: WidgetTree, picture: Rect, windows: [Outline], padding: Int, treatment: (Int) -> Treatment
  ) {
    self.windows = windows
    self.padding = padding
    // The claim of each widget, or of its nearest ancestor with pixels in the picture.
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

  /// The window that a top-level widget describes: the topmost one with an agreement of at least half; -1
  /// for none.
  func window(of top: Rect) -> Int {
    windows.indices.last { index in
      let shared = windows[index].rect.intersection(top).area
      return 2 * shared > top.area + windows[index].rect.area - shared
    } ?? -1
  }

  /// The part of each window that no higher window covers.
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

  /// The pixels of shown widgets, each clipped to the visible part of its window; `isTrusted` selects those
  /// of rules that always trust.
  func shown(_ visible: [Region], isTrusted: Bool = false) -> Region {
    let wanted = list.lazy.filter { $0.treatment == .trusted || !isTrusted && $0.treatment == .shown }
    return Claims.region(wanted.map { ($0.rect, $0.window) }, visible)
  }

  /// The union of rectangles, each clipped to the visible part of its window.
  static func region(_ rects: some Sequence<(rect: Rect, window: Int)>, _ visible: [Region]) -> Region {
    var byWindow: [Int: [Rect]] = [:]
    for (rect, window) in rects { byWindow[window, default: []].append(rect) }
    return byWindow.reduce(Region()) { sum, part in
      let union = Region(union: part.value)
      return sum.union(part.key < 0 ? union : union.intersection(visible[part.key]))
    }
  }
}

/// A 64-bit digest (FNV-1a), for comparisons in memory only.
struct Digest64: Hashable, Sendable {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  init() {}

  init(of text: String) { add(text) }

  mutating func add(_ text: String) {
    for byte in text.utf8 { add(byte) }
    // A byte that UTF-8 doesn't use: "ab", "c" must differ from "a", "bc".
    add(0xFF)
  }

  mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }

  mutating func add(_ number: Int) {
    for shift in stride(from: 0, to: 64, by: 8) { add(UInt8(truncatingIfNeeded: number >> shift)) }
  }
}

extension Widget {
  /// The look of a shown widget, as far as its tree describes it.
  fileprivate var look: UInt64 {
    var digest = Digest64()
    for state in states { digest.add(state) }
    digest.add(name)
    digest.add(Int(truncatingIfNeeded: textDigest))
    return digest.value
  }

  /// The look of a container or decoration, without its name and text.
  fileprivate var containerLook: UInt64 {
    var digest = Digest64()
    for state in states where ChangeEvidence.containerStates.contains(state) { digest.add(state) }
    if nature == .decoration, let value { digest.add(Int(truncatingIfNeeded: value.bitPattern)) }
    return digest.value
  }
}
