public import ScrimImage
public import ScrimRedact

/// One step of the way from a masked frame to the next.
public enum DeltaOperation: Hashable, Sendable {
  /// Every pixel of the rectangle becomes one colour.
  case fill(Rect, Pixel)
  /// The rectangle's pixels follow as they are. `colours` tells what kind they are.
  case pixels(Rect, colours: ColourCount)
  /// The rectangle's pixels follow as a JPEG picture: photographic, and free of masks.
  case jpeg(Rect)
}

/// How many colours a rectangle has, as far as it matters to its coding.
public enum ColourCount: Hashable, Sendable {
  /// At most 256.
  case few
  /// More.
  case many
}

/// Turns a masked frame into the list of operations that makes it from the one before.
///
/// A keyframe is the same list on an empty picture.
public struct DeltaFinder: ~Copyable {
  private var diff: TileDiff
  private var census = ColourCensus()
  private var changed: [Rect] = []
  private let allowsJPEG: Bool

  /// - Parameter allowsJPEG: whether photographic content may be told lossily, outside of masks.
  public init(width: Int, height: Int, allowsJPEG: Bool) {
    diff = TileDiff(width: width, height: height)
    self.allowsJPEG = allowsJPEG
  }

  /// The operations for the next frame, in the order in which a decoder applies them.
  public mutating func operations(
    for frame: borrowing MaskedFrame, keyframe: Bool, into operations: inout [DeltaOperation]
  ) {
    operations.removeAll(keepingCapacity: true)
    if keyframe { diff.reset() }
    diff.changes(in: frame, everywhere: keyframe, into: &changed)
    for rect in changed { append(classified(rect, in: frame), to: &operations) }
    if allowsJPEG { DeltaFinder.growPhotographs(&operations) }
  }

  private mutating func classified(_ rect: Rect, in frame: borrowing MaskedFrame) -> DeltaOperation {
    switch census.count(rect, of: frame.pixels, stride: frame.width) {
    case .one(let colour): .fill(rect, colour)
    case .few: .pixels(rect, colours: .few)
    case .many:
      allowsJPEG && frame.isFreeOfMasks(rect) && rect.width >= 16 && rect.height >= 16
        ? .jpeg(rect) : .pixels(rect, colours: .many)
    }
  }

  /// Appends an operation, or widens the last one where both are one rectangle of one kind.
  private func append(_ operation: DeltaOperation, to operations: inout [DeltaOperation]) {
    switch (operations.last, operation) {
    case (.fill(let a, let colour)?, .fill(let b, let other)) where colour == other && a.isBeside(b):
      operations[operations.count - 1] = .fill(a.joined(b), colour)
    case (.pixels(let a, let colours)?, .pixels(let b, let other)) where colours == other && a.isBeside(b):
      operations[operations.count - 1] = .pixels(a.joined(b), colours: colours)
    case (.jpeg(let a)?, .jpeg(let b)) where a.isBeside(b):
      operations[operations.count - 1] = .jpeg(a.joined(b))
    default: operations.append(operation)
    }
  }

  /// JPEG costs a header a picture and is slow on small ones: strips that stand on each other become one, and what stays
  /// small is told exactly.
  private static func growPhotographs(_ operations: inout [DeltaOperation]) {
    var result: [DeltaOperation] = []
    var photographs: [Rect] = []
    for operation in operations {
      guard case .jpeg(let rect) = operation else {
        result.append(operation)
        continue
      }
      if let above = photographs.firstIndex(where: {
        $0.x == rect.x && $0.width == rect.width && $0.maxY == rect.y
      }) {
        photographs[above].height += rect.height
      } else {
        photographs.append(rect)
      }
    }
    for rect in photographs {
      result.append(rect.area >= 64 * 64 ? .jpeg(rect) : .pixels(rect, colours: .many))
    }
    operations = result
  }
}

extension Rect {
  /// Whether `other` continues this rectangle to the right.
  fileprivate func isBeside(_ other: Rect) -> Bool {
    y == other.y && height == other.height && maxX == other.x
  }

  fileprivate func joined(_ other: Rect) -> Rect {
    Rect(minX: x, minY: y, maxX: other.maxX, maxY: maxY)
  }
}
