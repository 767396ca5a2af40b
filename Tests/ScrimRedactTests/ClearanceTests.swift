import ScrimImage
import ScrimTestSupport
import Testing

@testable import ScrimRedact

/// Compares settled clearance with a naive version that keeps everything and compares pixel by pixel.
@Suite struct ClearanceTests {
  static let width = 50
  static let height = 36

  /// A frame of a source with the masks for its boxes.
  struct CapturedFrame {
    var source: SourceFrame
    var regions: MaskRegions
    var claims: Claims

    var pixels: Frame

    var time: Int64 { source.time }
    func judged(by clearance: inout SettledClearance) -> ClearanceVerdict {
      clearance.judge(source, pixels: pixels, regions: regions, claims: claims)
    }

    var isTreeComplete: Bool { source.isTreeComplete }
    var damage: Region? { source.damage }
    var snapshotSpan: ClosedRange<Int64>? {
      get { source.snapshotSpan }
      set { source.snapshotSpan = newValue }
    }
  }

  static func regions(_ rects: [Rect]) -> MaskRegions {
    MaskPlan(
      width: width, height: height, masks: rects.map { .init(rect: $0, kind: .text, reason: .nature) },
      guarded: Region()
    ).regions
  }

  /// Everything except masks is shown by a rule that always trusts it: unchanged tiles are cleared,
  /// whatever they show.
  static func claims(_ masks: [Rect]) -> Claims {
    var claims = Claims()
    let all = Rect(x: 0, y: 0, width: width, height: height)
    claims.list = [Claims.Claim(rect: all, role: .unknown, treatment: .trusted)]
    claims.list += masks.map { Claims.Claim(rect: $0, role: .unknown, treatment: .masked) }
    return claims
  }

  static func frame(
    _ time: Int64, _ pixels: [Pixel], _ masks: [Rect] = [], snapshotSpan: ClosedRange<Int64>?,
    complete: Bool = true,
    damage: [Rect]? = nil
  ) -> CapturedFrame {
    let pixels = Frame(width: width, height: height, pixels: pixels)
    return CapturedFrame(
      source: SourceFrame(
        number: 0, time: time, pixels: .success(pixels),
        tree: .success(.empty), treeVersion: 0, snapshotSpan: snapshotSpan, isTreeComplete: complete,
        damage: damage.map { Region(union: $0) }),
      regions: regions(masks), claims: claims(masks), pixels: pixels)
  }

  static func flat(_ colour: Pixel = 1) -> [Pixel] { [Pixel](repeating: colour, count: width * height) }

  static func changed(_ pixels: [Pixel], at x: Int, _ y: Int, to colour: Pixel = 9) -> [Pixel] {
    var pixels = pixels
    pixels[y * width + x] = colour
    return pixels
  }

  /// A verdict in comparable form.
  struct Outcome: Equatable {
    var masked: MaskRegions
    /// Nil if nothing new is shown.
    var cleared: Set<Int>?
    var withheld: Set<Int>
  }

  static func members(_ tiles: TileSet) -> Set<Int> {
    Set(tiles.flags.indices.filter { tiles.flags[$0] == 1 })
  }

  static func judge(_ frames: [CapturedFrame], lag: Int64 = 0) -> [Outcome] {
    var clearance = SettledClearance(width: width, height: height, settleDelay: lag)
    return frames.map { frame in
      switch frame.judged(by: &clearance) {
      case .keep(let masked):
        return Outcome(masked: masked, cleared: nil, withheld: members(clearance.withheld))
      case .show(let masked, let cleared):
        return Outcome(
          masked: masked, cleared: cleared.map(members) ?? all, withheld: members(clearance.withheld))
      }
    }
  }

  static var grid: TileGrid { TileGrid(width: width, height: height, side: MaskedFrame.clearanceSide) }
  static var all: Set<Int> { Set(0..<grid.count) }

  /// Tiles in which two frames differ at a pixel outside all of these masks.
  static func differing(_ a: CapturedFrame, _ b: CapturedFrame, outside masks: MaskRegions) -> Set<Int> {
    var tiles: Set<Int> = []
    for y in 0..<height {
      let (rowA, rowB) = (row(y, of: a), row(y, of: b))
      for x in 0..<width where !masks.masked.contains(x: x, y: y) && rowA[x] != rowB[x] {
        tiles.insert(y / 16 * grid.columns + x / 16)
      }
    }
    return tiles
  }

  /// Pixels in which consecutive snapshots differ.
  static func disputed(_ readings: ArraySlice<CapturedFrame>) -> Region {
    var region = Region()
    for (a, b) in zip(readings, readings.dropFirst()) {
      var (left, right) = (a.claims.list.map(\.rect), b.claims.list.map(\.rect))
      for rect in left {
        guard let same = right.firstIndex(of: rect) else { continue }
        right.remove(at: same)
        left.remove(at: left.firstIndex(of: rect)!)
      }
      region = region.union(Region(union: left + right))
    }
    return region
  }

  /// Tiles with damage outside these masks.
  static func drawnOn(
    _ frame: CapturedFrame, outside masks: MaskRegions, in disputed: Region?
  ) -> Set<Int> {
    guard let damage = frame.damage else { return [] }
    var tiles: Set<Int> = []
    for y in 0..<height {
      for x in 0..<width where damage.contains(x: x, y: y) && !masks.masked.contains(x: x, y: y) {
        guard disputed?.contains(x: x, y: y) ?? true else { continue }
        tiles.insert(y / 16 * grid.columns + x / 16)
      }
    }
    return tiles
  }

  static func row(_ y: Int, of frame: CapturedFrame) -> [Pixel] {
    var row = [Pixel](repeating: 0, count: width)
    var span = row.mutableSpan
    frame.pixels.readRow(y, 0..<width, into: &span)
    return row
  }

  /// The result of the rules, computed from the whole past at every frame.
  static func naive(_ frames: [CapturedFrame], lag: Int64) -> [Outcome] {
    struct Snapshot {
      var span: ClosedRange<Int64>
      var regions: MaskRegions
      /// Pixels in which damage counts: nil for everywhere.
      var disputed: Region?
    }
    var readings: [CapturedFrame] = []
    var withheld = all
    var snapshots: [Snapshot] = []
    var lastBegin = Int64.min
    var lastMasks: MaskRegions?
    return frames.indices.map { now in
      let frame = frames[now]
      if now > 0 {
        let either = frames[now - 1].regions.union(frame.regions)
        withheld.formUnion(differing(frames[now - 1], frame, outside: either))
      }
      if let span = frame.snapshotSpan, now == 0 || frames[now - 1].snapshotSpan != span, frame.isTreeComplete
      {
        readings.append(frame)
        let old = readings.lastIndex { $0.snapshotSpan!.upperBound + lag <= span.lowerBound }
        snapshots.append(
          Snapshot(span: span, regions: frame.regions, disputed: old.map { disputed(readings[$0...]) }))
      }
      let landed = snapshots.filter {
        $0.span.upperBound + lag <= frame.time && $0.span.lowerBound > lastBegin
      }
      .max { $0.span.lowerBound < $1.span.lowerBound }
      guard let landed else { return Outcome(masked: frame.regions, cleared: nil, withheld: withheld) }
      lastBegin = landed.span.lowerBound
      var masked = lastMasks?.union(landed.regions) ?? landed.regions
      guard let before = frames[...now].lastIndex(where: { $0.time <= landed.span.lowerBound - lag }) else {
        lastMasks = masked
        return Outcome(masked: frame.regions, cleared: nil, withheld: withheld)
      }
      lastMasks = landed.regions
      for frame in frames[before...now] { masked = masked.union(frame.regions) }
      var moved: Set<Int> = []
      for other in frames[before...now] { moved.formUnion(differing(frames[before], other, outside: masked)) }
      for other in frames[before...now].dropFirst() {
        moved.formUnion(drawnOn(other, outside: masked, in: landed.disputed))
      }
      withheld = moved
      return Outcome(masked: masked, cleared: all.subtracting(moved), withheld: withheld)
    }
  }

  /// Frames at 100 ms with a few pixels changing; each snapshot is carried by the frames nearest to its
  /// beginning.
  static func timeline(_ random: inout SeededGenerator) -> [CapturedFrame] {
    var pixels = flat()
    var masks: [Rect] = []
    var span: ClosedRange<Int64> = 0...0
    var isComplete = true
    let tellsDamage = Bool.random(using: &random)
    return (0..<Int.random(in: 5...30, using: &random)).map { index in
      let time = Int64(index) * 100
      var damage: [Rect] = []
      for _ in 0..<Int.random(in: 0...2, using: &random) {
        let (x, y) = (Int.random(in: 0..<width, using: &random), Int.random(in: 0..<height, using: &random))
        pixels = changed(pixels, at: x, y, to: .random(in: 1...2, using: &random))
        damage.append(Rect(x: x, y: y, width: 1, height: 1))
      }
      if index == 0 || Int.random(in: 0..<3, using: &random) > 0 {
        let begin = max(span.lowerBound + 1, time + .random(in: -90...90, using: &random))
        span = begin...begin + .random(in: 0...350, using: &random)
        isComplete = Int.random(in: 0..<6, using: &random) > 0
        masks = (0..<Int.random(in: 0...2, using: &random)).map { _ in
          Rect(
            x: .random(in: 0..<30, using: &random), y: .random(in: 0..<20, using: &random),
            width: .random(in: 1...20, using: &random), height: .random(in: 1...16, using: &random))
        }
      }
      if Bool.random(using: &random) {
        damage.append(
          Rect(
            x: .random(in: -9..<40, using: &random), y: .random(in: -9..<30, using: &random),
            width: .random(in: 0...30, using: &random), height: .random(in: 0...30, using: &random)))
      }
      return frame(
        time, pixels, masks, snapshotSpan: span, complete: isComplete, damage: tellsDamage ? damage : nil)
    }
  }

  @Test func agreesWithANaiveOneOnRandomTimelines() {
    var random = SeededGenerator(seed: 31)
    var cleared = 0
    for round in 0..<200 {
      let frames = Self.timeline(&random)
      let lag = Int64(round % 4 * 130)
      let outcomes = Self.judge(frames, lag: lag)
      let expected = Self.naive(frames, lag: lag)
      for index in frames.indices {
        #expect(outcomes[index] == expected[index], "frame \(index) of timeline \(round)")
        cleared += outcomes[index].cleared?.count ?? 0
      }
    }
    #expect(cleared > 1000)
  }

  @Test func changesUnderMasksHaveNoEffect() {
    var random = SeededGenerator(seed: 32)
    for round in 0..<100 {
      let frames = Self.timeline(&random)
      let noisy = frames.map { frame in
        var frame = frame
        var pixels: [Pixel] = []
        for y in 0..<Self.height {
          let row = Self.row(y, of: frame)
          for x in 0..<Self.width {
            pixels.append(
              frame.regions.masked.contains(x: x, y: y) ? .random(in: 0...0xFF_FFFF, using: &random) : row[x]
            )
          }
        }
        frame.pixels = Frame(width: Self.width, height: Self.height, pixels: pixels)
        return frame
      }
      let lag = Int64(round % 4 * 130)
      #expect(Self.judge(frames, lag: lag) == Self.judge(noisy, lag: lag), "timeline \(round)")
    }
  }

  @Test func nothingIsClearedBeforeTheFirstCompleteSnapshot() {
    let flat = Self.flat()
    // The snapshot began before the first frame: the screen's content at that time is unknown.
    let early = Self.judge([
      Self.frame(100, flat, snapshotSpan: 90...95), Self.frame(200, flat, snapshotSpan: 90...95),
      Self.frame(300, flat, snapshotSpan: 90...95),
    ])
    #expect(early.allSatisfy { $0.cleared == nil && $0.withheld == Self.all })
    // It has not ended before the last frame.
    let late = Self.judge([
      Self.frame(100, flat, snapshotSpan: 110...310), Self.frame(200, flat, snapshotSpan: 110...310),
      Self.frame(300, flat, snapshotSpan: 110...310), Self.frame(400, flat, snapshotSpan: 110...310),
    ])
    #expect(late.map { $0.cleared == nil } == [true, true, true, false])
    #expect(late.last?.cleared == Self.all && late.last?.withheld == [])
  }

  @Test func aTileThatChangesDuringTheSnapshotIsNotCleared() {
    let flat = Self.flat()
    let moved = Self.changed(flat, at: 17, 3)
    let outcomes = Self.judge([
      Self.frame(0, flat, snapshotSpan: 10...150), Self.frame(100, flat, snapshotSpan: 10...150),
      Self.frame(200, moved, snapshotSpan: 10...150),
    ])
    #expect(outcomes[2].cleared == Self.all.subtracting([1]) && outcomes[2].withheld == [1])
  }

  /// The last frame equals the first, but in between something else was shown, which the snapshot may
  /// describe.
  @Test func aBlinkDuringTheSnapshotIsNotCleared() {
    let flat = Self.flat()
    let outcomes = Self.judge([
      Self.frame(0, flat, snapshotSpan: 10...250),
      Self.frame(100, Self.changed(flat, at: 49, 35), snapshotSpan: 10...250),
      Self.frame(200, flat, snapshotSpan: 10...250), Self.frame(300, flat, snapshotSpan: 10...250),
    ])
    #expect(outcomes[3].cleared == Self.all.subtracting([Self.grid.count - 1]))
  }

  @Test func damageCountsAsChangeThoughItLooksTheSame() {
    let flat = Self.flat()
    let mask = Rect(x: 0, y: 0, width: 20, height: 16)
    func frames(_ damage: [Rect]?) -> [CapturedFrame] {
      [
        Self.frame(
          0, flat, [mask], snapshotSpan: 50...60, damage: [Rect(x: 0, y: 0, width: 50, height: 36)]),
        Self.frame(600, flat, [mask], snapshotSpan: 550...650, damage: damage),
        Self.frame(1150, flat, [mask], snapshotSpan: 550...650, damage: []),
      ]
    }
    func cleared(_ damage: [Rect]?) -> Set<Int>? { Self.judge(frames(damage), lag: 500)[2].cleared }
    #expect(cleared([]) == Self.all)
    #expect(cleared(nil) == Self.all)
    #expect(cleared([Rect(x: 33, y: 17, width: 1, height: 1)]) == Self.all.subtracting([6]))
    // Under a mask nothing counts, beside it everything does.
    #expect(cleared([Rect(x: 2, y: 2, width: 18, height: 14)]) == Self.all)
    #expect(cleared([Rect(x: 2, y: 2, width: 19, height: 14)]) == Self.all.subtracting([1]))
  }

  @Test func anOldFrameRepresentsAllTheTimeWithoutDrawing() {
    let before = Self.flat()
    let after = Self.changed(before, at: 20, 20)
    // Nothing for ten seconds, a change, and a snapshot half a second after it; the last frame has the same
    // pixels again.
    let frames = [
      Self.frame(0, before, snapshotSpan: 5...6),
      Self.frame(10_000, after, snapshotSpan: 5...6, damage: [Rect(x: 20, y: 20, width: 1, height: 1)]),
      Self.frame(11_050, after, snapshotSpan: 10_500...10_550, damage: []),
    ]
    #expect(Self.judge(frames, lag: 500).last?.cleared == Self.all)
    // Slightly earlier it counts the content from before the change, and withholds it.
    var early = frames
    early[2].snapshotSpan = 10_499...10_550
    #expect(Self.judge(early, lag: 500).last?.cleared == Self.all.subtracting([5]))
  }

  @Test func anIncompleteTreeClearsNothing() {
    let flat = Self.flat()
    let outcomes = Self.judge([
      Self.frame(0, flat, snapshotSpan: 10...50, complete: false),
      Self.frame(100, flat, snapshotSpan: 10...50, complete: false),
      Self.frame(200, flat, snapshotSpan: 110...150, complete: false),
      Self.frame(300, flat, snapshotSpan: 210...250),
      Self.frame(400, flat, snapshotSpan: 310...390),
    ])
    #expect(outcomes.map { $0.cleared == nil } == [true, true, true, false, false])
  }

  @Test func masksOfThePreviousSnapshotAreUnited() {
    let flat = Self.flat()
    let (first, second) = (Rect(x: 0, y: 0, width: 9, height: 9), Rect(x: 20, y: 20, width: 9, height: 9))
    let outcomes = Self.judge([
      Self.frame(0, flat, [first], snapshotSpan: 0...50),
      Self.frame(100, flat, [second], snapshotSpan: 100...150),
      Self.frame(200, flat, [second], snapshotSpan: 100...150),
      Self.frame(300, flat, [second], snapshotSpan: 300...300),
    ])
    #expect(outcomes[1].masked == Self.regions([first, second]))
    #expect(outcomes[2].masked == Self.regions([first, second]) && outcomes[2].cleared == Self.all)
    #expect(outcomes[3].masked == Self.regions([second]))
  }

  /// The screen shows another page 300 ms before the tree reports it; each snapshot is over within a frame.
  @Test func aTreeThatLagsBehindThePixelsClearsNothingOfThem() {
    let outcomes = Self.judge(Self.switchOfPages(pixelsAt: 2000, treeAt: 2300), lag: 500)
    for (index, outcome) in outcomes.enumerated() where index >= 20 {
      let isMasked = outcome.masked.masked.contains(x: 20, y: 20)
      #expect(isMasked || outcome.cleared?.contains(Self.pageTile) != true, "frame \(index)")
    }
    #expect(outcomes[15].cleared == Self.all && !outcomes[15].masked.masked.contains(x: 20, y: 20))
  }

  /// The tree reports another page 300 ms before the screen shows it.
  @Test func aTreeThatIsAheadOfThePixelsUncoversNothing() {
    let outcomes = Self.judge(
      Self.switchOfPages(pixelsAt: 2300, treeAt: 2000, isMaskedAfter: false), lag: 500)
    for (index, outcome) in outcomes.enumerated() where index < 23 {
      #expect(outcome.masked.masked.contains(x: 20, y: 20) || outcome.cleared == nil, "frame \(index)")
    }
    #expect(outcomes.last?.cleared == Self.all)
    #expect(outcomes.last?.masked.masked.contains(x: 20, y: 20) == false)
  }

  /// No snapshot describes the second of three pages, and the snapshot of the third is over before that is
  /// drawn: neither its masks nor those of the first page cover the second.
  @Test func aTreeThatIsAheadOfThePixelsClearsNothingOfAPageThatNoSnapshotDescribes() {
    let pages = [Self.flat(), Self.changed(Self.flat(), at: 20, 20), Self.changed(Self.flat(), at: 40, 20)]
    for delay in Int64(0)...4 {
      let frames = (0..<40).map { index in
        let time = Int64(index) * 100
        let page = time < 1500 ? 0 : time < 2200 + delay * 100 ? 1 : 2
        let span: ClosedRange<Int64> = time < 2200 ? 1000...1030 : 2110...2140
        return Self.frame(time, pages[page], snapshotSpan: span)
      }
      for (frame, outcome) in zip(frames, Self.judge(frames, lag: 500))
      where (1500...2600).contains(frame.time) {
        #expect(
          outcome.cleared?.contains(Self.pageTile) != true, "\(frame.time) ms, drawn \(delay)00 ms late")
      }
    }
  }

  /// Content from before the first frame, or before a fault, is unknown: a snapshot needs a frame that is older
  /// by the settle delay.
  @Test func theFirstFramesAreNoExceptionToTheSettleDelay() {
    func frames(from first: Int64) -> [CapturedFrame] {
      (0..<30).map { Self.frame(first + $0 * 100, Self.flat(), snapshotSpan: 510...540) }
    }
    #expect(Self.judge(frames(from: 10), lag: 500).contains { $0.cleared != nil })
    #expect(!Self.judge(frames(from: 11), lag: 500).contains { $0.cleared != nil })
  }

  static let pageTile = 20 / 16 * grid.columns + 20 / 16

  /// Frames at 100 ms with a snapshot of 30 ms after each; the page after the switch, or before it, is
  /// masked.
  static func switchOfPages(pixelsAt: Int64, treeAt: Int64, isMaskedAfter: Bool = true) -> [CapturedFrame] {
    (0..<50).map { index in
      let time = Int64(index) * 100
      let pixels = time < pixelsAt ? flat() : changed(flat(), at: 20, 20)
      let isAfter = time + 10 >= treeAt
      let masks = isAfter == isMaskedAfter ? [Rect(x: 16, y: 16, width: 9, height: 9)] : []
      return frame(time, pixels, masks, snapshotSpan: time + 10...time + 40)
    }
  }

  /// A snapshot that takes longer than the kept frames clears nothing; the next one does.
  @Test func historyIsBounded() {
    let flat = Self.flat()
    func frames(_ count: Int) -> [CapturedFrame] {
      let span = 10...Int64(count - 1) * 100
      return (0..<count).map { Self.frame(Int64($0) * 100, flat, snapshotSpan: span) }
    }
    let most = SettledClearance.historyLimit
    #expect(Self.judge(frames(most)).last?.cleared == Self.all)
    let long = frames(most + 6)
    #expect(Self.judge(long).allSatisfy { $0.cleared == nil })
    let end = Int64(long.count) * 100
    let next = [
      Self.frame(end, flat, snapshotSpan: end + 1...end + 50),
      Self.frame(end + 100, flat, snapshotSpan: end + 1...end + 50),
    ]
    #expect(Self.judge(long + next).last?.cleared == Self.all)
  }

  @Test func nothingIsKnownAfterAFault() {
    let flat = Self.flat()
    let mask = Rect(x: 0, y: 0, width: 9, height: 9)
    var clearance = SettledClearance(width: Self.width, height: Self.height, settleDelay: 0)
    _ = Self.frame(0, flat, [mask], snapshotSpan: 0...50).judged(by: &clearance)
    guard case .show = Self.frame(100, flat, [mask], snapshotSpan: 10...60).judged(by: &clearance) else {
      Issue.record("an unchanged screen is cleared")
      return
    }
    #expect(clearance.withheld.isEmpty)
    clearance.reset()
    #expect(Self.members(clearance.withheld) == Self.all)
    guard case .keep = Self.frame(300, flat, snapshotSpan: 210...250).judged(by: &clearance) else {
      Issue.record("a snapshot that began before the fault ended clears nothing")
      return
    }
    // The masks of the snapshot before the fault are flat painted with the first one after it.
    guard case .keep = Self.frame(400, flat, snapshotSpan: 310...450).judged(by: &clearance),
      case .show(let masked, _) = Self.frame(500, flat, snapshotSpan: 310...450).judged(by: &clearance)
    else {
      Issue.record("an unchanged screen is cleared after a fault")
      return
    }
    #expect(masked == Self.regions([mask]))
  }
}
