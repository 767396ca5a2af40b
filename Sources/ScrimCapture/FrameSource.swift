public import ScrimImage
public import ScrimRedact
import ScrimSystem

/// Something that frames and their boxes come from, in the order of time.
public protocol FrameSource {
  /// Pixels of every frame.
  var width: Int { get }
  var height: Int { get }
  /// How many frames there will be, where that is known beforehand.
  var expectedFrames: Int? { get }
  /// The next thing the source has; nil at its end.
  ///
  /// - Throws: ``CaptureError`` where nothing more can be read.
  mutating func next() throws(CaptureError) -> SourceItem?
}

/// One step of a source.
public enum SourceItem: Sendable {
  case frame(SourceFrame)
  /// A frame that could not be read so far as to have a time: nothing can be shown for it.
  case lost(CaptureFault)
  /// Of a live source: there is no new frame up to a moment, in nanoseconds of its clock.
  case rest(Int64)
}

/// A frame as its source gave it, with the boxes that came with it.
public struct SourceFrame: Sendable {
  /// Counts the source's frames, lost ones included.
  public var number: Int
  /// Nanoseconds on the source's clock.
  public var time: Int64
  public var pixels: Result<Frame, CaptureFault>
  public var tree: Result<WidgetTree, CaptureFault>
  /// Equal numbers: the same tree as the frame before, so that its plan can be used again.
  public var treeVersion: Int
  /// When the reading of the boxes began and ended; nil where they belong to the frame exactly.
  public var snapshotSpan: ClosedRange<Int64>?
  /// Whether the tree was read in full.
  public var isTreeComplete: Bool
  /// The pixels that were drawn on since the source's frame before, though they may look the same again; empty where none were, nil where
  /// nobody knows. Pixels outside are not looked at, but for a stripe a frame that tells whether this can be believed.
  public var damage: Region?
  /// Whether the recorder leaves the frame out where it changes nothing that is shown. Sources that look only when something was drawn set
  /// it: else the frames themselves would tell when something changed under masks.
  public var mayBeLeftOut = false

  public init(
    number: Int, time: Int64, pixels: Result<Frame, CaptureFault>, tree: Result<WidgetTree, CaptureFault>,
    treeVersion: Int, snapshotSpan: ClosedRange<Int64>?, isTreeComplete: Bool, damage: Region? = nil
  ) {
    self.number = number
    self.time = time
    self.pixels = pixels
    self.tree = tree
    self.treeVersion = treeVersion
    self.snapshotSpan = snapshotSpan
    self.isTreeComplete = isTreeComplete
    self.damage = damage
  }

  /// Takes over the damage of the frame before, which is left out: for whoever drops frames.
  public mutating func addDamage(of dropped: SourceFrame) {
    guard let mine = damage, let earlier = dropped.damage else {
      damage = nil
      return
    }
    damage = earlier.isEmpty ? mine : mine.union(earlier)
  }
}

/// A fault of one frame: the run goes on, the frame fails closed.
public struct CaptureFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// Where: a file, and a line or a frame in it.
  public var place: String
  public var message: String

  public init(place: String, message: String) {
    self.place = place
    self.message = message
  }

  public var description: String { "\(place): \(message)" }
}

/// A fault that ends a source.
public enum CaptureError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The input is not what it should be.
  case badInput(CaptureFault)
  /// The system refused to open or read a file.
  case system(path: String, errno: Int32)
  /// What is read from is not there, or not any more: a display, a compositor, a library.
  case unavailable(CaptureFault)

  public var description: String {
    switch self {
    case .badInput(let fault), .unavailable(let fault): fault.description
    case .system(let path, let errno): "\(path): \(SystemCall.message(for: errno))"
    }
  }
}

/// Sizes of pictures that a session can hold, which Format.md limits.
enum SourceLimits {
  static let side = 1 << 15
  static let pixels = 1 << 26

  static func allow(width: Int, height: Int) -> Bool {
    (1...side).contains(width) && (1...side).contains(height) && width * height <= pixels
  }
}

/// Milliseconds, as files tell times, to nanoseconds; nil where the number is no time.
public func nanoseconds(fromMilliseconds milliseconds: Double) -> Int64? {
  let limit = 1e12  // over thirty years, far inside what 64 bits of nanoseconds hold
  guard milliseconds.isFinite, abs(milliseconds) <= limit else { return nil }
  return Int64((milliseconds * 1_000_000).rounded())
}
