import ScrimImage

/// Turns pictures into changes of one canvas at whole ticks of a clock, as animated images need them.
///
/// Each time is rounded by itself and durations are differences of these, so errors don't add up. Pictures that
/// follow each other within fewer than `least` ticks are merged into the last of them.
struct DeltaSequence {
  /// A picture and its changed area.
  struct Delta: Hashable {
    /// The bounds of the pixels that differ from the previous picture; the whole canvas for the first.
    var rect: Rect
    /// The duration for which it is shown, in ticks.
    var ticks: Int
    var isFirst: Bool
  }

  let width: Int
  let height: Int
  private let tick: Int64
  private let least: Int64
  /// The canvas as returned last; it has no meaning before the first delta.
  private(set) var shown: [Pixel]
  /// The canvas as it will be returned next.
  private(set) var held: [Pixel]
  private var heldSince: Int64?
  private var isFirst = true

  /// - Parameters:
  /// - tick: its length in nanoseconds.
  /// - least: the minimum number of ticks for which a picture is shown.
  init(width: Int, height: Int, tick: Int64, least: Int64) {
    self.width = width
    self.height = height
    self.tick = tick
    self.least = least
    shown = [Pixel](repeating: 0, count: width * height)
    held = shown
  }

  /// Takes the picture that is shown from `time` on. A smaller picture is placed in the canvas's top left corner on
  /// black.
  ///
  /// - Returns: the previous picture, if it is finished: `held` is its canvas until ``advance(to:)``, which must
  ///   follow.
  mutating func finished(by picture: borrowing Picture, at time: Int64) -> Delta? {
    let now = rounded(time)
    guard let since = heldSince else {
      heldSince = now
      hold(picture)
      return nil
    }
    guard differs(picture) else { return nil }
    guard now - since >= least else {
      hold(picture)
      return nil
    }
    return delta(until: now, since)
  }

  /// Begins the picture whose arrival finished the last one.
  mutating func advance(to picture: borrowing Picture, at time: Int64) {
    swap(&shown, &held)
    held = shown
    isFirst = false
    heldSince = rounded(time)
    hold(picture)
  }

  /// The last picture; nil if there was none.
  func last(until end: Int64) -> Delta? {
    heldSince.map { delta(until: max(rounded(end), $0 + least), $0) }
  }

  private func rounded(_ time: Int64) -> Int64 {
    Int64((Double(time) / Double(tick)).rounded())
  }

  private func delta(until now: Int64, _ since: Int64) -> Delta {
    let all = Rect(x: 0, y: 0, width: width, height: height)
    // A picture that is equal to the previous one is written as one pixel, since its duration is needed.
    let rect = isFirst ? all : changedRect() ?? Rect(x: 0, y: 0, width: 1, height: 1)
    return Delta(rect: rect, ticks: Int(now - since), isFirst: isFirst)
  }

  private mutating func hold(_ picture: borrowing Picture) {
    precondition(picture.width <= width && picture.height <= height, "the canvas holds every picture")
    let (width, height) = (width, height)
    var target = held.mutableSpan
    let source = picture.pixels.span
    for y in 0..<height {
      guard y < picture.height else {
        PixelRow.fill(&target, y * width..<(y + 1) * width, with: 0)
        continue
      }
      PixelRow.copy(
        source.extracting(y * picture.width..<(y + 1) * picture.width), to: &target, at: y * width)
      if picture.width < width {
        PixelRow.fill(&target, y * width + picture.width..<(y + 1) * width, with: 0)
      }
    }
  }

  private func differs(_ picture: borrowing Picture) -> Bool {
    guard picture.width == width, picture.height == height else { return true }
    return PixelRow.differs(picture.pixels.span, held.span)
  }

  /// The smallest rectangle around all pixels in which `held` differs from `shown`.
  private func changedRect() -> Rect? {
    let (before, now) = (shown.span, held.span)
    func row(_ y: Int) -> Range<Int> { y * width..<(y + 1) * width }
    func differs(_ y: Int) -> Bool { PixelRow.differs(before.extracting(row(y)), now.extracting(row(y))) }
    guard let top = (0..<height).first(where: differs),
      let bottom = (top..<height).last(where: differs)
    else { return nil }
    var (left, right) = (width, 0)
    for y in top...bottom {
      let start = y * width
      var x = 0
      while x < left {
        if before[start + x] != now[start + x] { left = x }
        x += 1
      }
      x = width - 1
      while x >= right {
        if before[start + x] != now[start + x] { right = x + 1 }
        x -= 1
      }
    }
    return Rect(minX: left, minY: top, maxX: right, maxY: bottom + 1)
  }
}
