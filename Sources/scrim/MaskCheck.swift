import ScrimCapture
import ScrimFormat
import ScrimImage
import ScrimPlayer
import ScrimRedact
import ScrimStore

/// Computes from a capture which pixels of each frame must be fill, and checks them.
///
/// It shares the plan with the recorder, and no later stage: rectangles are painted one by one, pixel by
/// pixel.
struct MaskCheck {
  private var source: CaptureFolder
  private let policy: MaskPolicy
  private let planner: MaskPlanner
  private var plan: (version: Int, expected: [Pixel?], listed: [ListedMask: Int])?
  private(set) var pixels = 0
  private var last: SourceFrame?

  init(capture: String, policy: MaskPolicy, manifest: SessionManifest) throws {
    do { source = try CaptureFolder(capture) } catch { throw Failure(error) }
    guard manifest.policy == SHA256.digest(policy.canonicalJSON.span) else {
      throw Failure(
        .input, "the session was recorded with another policy than the given one (their digests differ)")
    }
    guard manifest.width == source.width, manifest.height == source.height else {
      throw Failure(.input, "the session's pictures have another size than the capture's")
    }
    self.policy = policy
    planner = MaskPlanner(policy: policy)
  }

  /// - Parameter listed: the masks that the session lists as in force; nil if it lists none.
  mutating func check(
    _ played: SessionPlayer.PlayedFrame, _ picture: Picture, listed: [ListedMask]?
  ) throws {
    let frame = try frame(played.number)
    let expected: [Pixel?]
    let masks: [ListedMask: Int]
    switch frame.tree {
    case .success(let tree) where !played.status.contains(.failedClosed):
      (expected, masks) = self.expected(tree, version: frame.treeVersion)
    default:
      expected = [Pixel?](repeating: policy.fills[.other], count: picture.pixels.count)
      masks = MaskPlan.failedClosed(width: picture.width, height: picture.height).listed.counted
    }
    for index in expected.indices {
      guard let fill = expected[index] else { continue }
      guard picture.pixels[index] == fill else {
        throw Failure(
          .input,
          "frame \(played.number): the masked pixel \(index % picture.width),\(index / picture.width) is not the fill; do not pass this session on"
        )
      }
      pixels += 1
    }
    if let listed, listed.counted != masks {
      throw Failure(
        .input,
        "frame \(played.number): the masks that the session lists are not those of the capture's boxes; record it again"
      )
    }
  }

  private mutating func frame(_ number: Int) throws -> SourceFrame {
    // A segment may begin with the last frame of the one before.
    if let last, last.number == number { return last }
    do {
      while let item = try source.next() {
        if case .frame(let frame) = item, frame.number == number {
          last = frame
          return frame
        }
      }
    } catch { throw Failure(error) }
    throw Failure(.input, "the capture has no frame \(number), the session has one")
  }

  private mutating func expected(_ tree: WidgetTree, version: Int) -> ([Pixel?], [ListedMask: Int]) {
    if let plan, plan.version == version { return (plan.expected, plan.listed) }
    var expected = [Pixel?](repeating: nil, count: source.width * source.height)
    var usage = PolicyUsage(policy: policy)
    let made = planner.planOfWindows(for: tree, width: source.width, height: source.height, usage: &usage)
    for mask in made.masks.sorted(by: { $0.kind < $1.kind }) {
      for y in mask.rect.y..<mask.rect.maxY {
        for x in mask.rect.x..<mask.rect.maxX { expected[y * source.width + x] = policy.fills[mask.kind] }
      }
    }
    let listed = made.listed.counted
    plan = (version, expected, listed)
    return (expected, listed)
  }
}

extension [ListedMask] {
  /// Number of occurrences of each mask: their order has no meaning.
  fileprivate var counted: [ListedMask: Int] { reduce(into: [:]) { $0[$1, default: 0] += 1 } }
}
