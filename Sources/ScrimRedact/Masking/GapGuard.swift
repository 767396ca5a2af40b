public import ScrimImage

/// Finds what must be masked among pixels that only containers claim, although no widget is there.
///
/// Real boxes are missing or shifted, so what lies between widgets is believed only on the evidence of its pixels. Only
/// surfaces pass: grounds of one colour or a gradient, blocks that fill a container or a large part of the picture, and thin
/// lines that stand alone. Everything else may be content, and is masked by rectangles that don't show its outline. Masking.md
/// has the rules in full.
///
/// Only guarded pixels are read, a pair of neighbours only if both are guarded, and what is found depends on nothing else but the
/// boxes of containers. Frame by frame only rows that changed are compared; what is found is the same as of the whole picture.
///
/// Cost is linear in the pixels compared, and in the rows of the picture that differ from the row above.
public struct GapGuard: Sendable {
  /// Pixels along a side of the tiles that texture is found in.
  static let tileSide = 8

  private var planes = StepPlanes(width: 0, height: 0)
  private var texture = TextureMap(width: 0, height: 0)
  private var map = SurfaceMap()
  private var boxes = GapBoxes()
  private var found = Region()
  private var isNew = true

  /// - Parameter isLossy: whether pictures come from JPEG files. Then colours that differ by at most 6 are one, and faint
  ///   blocks pass; elsewhere they are masked.
  public init(isLossy: Bool = false) { map.isLossy = isLossy }

  /// The guarded pixels that must be masked.
  ///
  /// - Parameters:
  ///   - pixels: a canonical picture, `width × height`, row by row without slack; of it only `guarded` is read.
  ///   - guarded: pixels to judge, inside the picture.
  ///   - boxes: of the containers and decorations that claim them.
  ///   - changed: the rows that may have changed since the last call for a picture of this size; nil for all.
  public mutating func suspects(
    in pixels: Span<Pixel>, width: Int, height: Int, guarded: Region, boxes: GapBoxes,
    changed: [Range<Int>]? = nil
  ) -> Region {
    suspects(in: pixels, nil, width: width, height: height, guarded: guarded, boxes: boxes, changed: changed)
  }

  /// The guarded pixels that must be masked in either of two pictures that differ in what shines through: judged as one.
  package mutating func suspects(
    in pixels: Span<Pixel>, _ second: Span<Pixel>?, width: Int, height: Int, guarded: Region,
    boxes: GapBoxes, changed: [Range<Int>]? = nil
  ) -> Region {
    precondition(pixels.count == width * height, "the picture must hold width × height pixels")
    if let second { precondition(second.count == pixels.count, "two pictures of one size") }
    if planes.width != width || planes.height != height {
      planes = StepPlanes(width: width, height: height)
      texture = TextureMap(width: width, height: height)
      isNew = true
    }
    let rows = isNew ? [0..<height] : (changed ?? [0..<height]).map { $0.clamped(to: 0..<height) }
    let affected = planes.update(pixels, second, guarded, changed: rows)
    if affected.isEmpty, !isNew, boxes == self.boxes { return found }
    isNew = false
    self.boxes = boxes
    texture.update(planes, affected: affected)
    found = Region(union: rectangles(pixels, second)).intersection(guarded)
    return found
  }

  /// Forgets the picture: no row of it is known any more.
  public mutating func reset() { self = GapGuard(isLossy: map.isLossy) }

  private var picture: Rect { Rect(x: 0, y: 0, width: planes.width, height: planes.height) }

  /// The rectangles around what is suspect in either picture, cut to the picture.
  private mutating func rectangles(_ pixels: Span<Pixel>, _ second: Span<Pixel>?) -> [Rect] {
    let textures = SuspectGroups.textures(texture, grid: grid)
    var bundles: [Rect] = []
    var shapes: [Rect] = []
    func judge(_ pixels: Span<Pixel>) {
      map.build(pixels, planes, texture)
      let judge = ShapeJudge(map: map, planes: planes, boxes: boxes, picture: picture)
      shapes += judge.blocks(pixels) + judge.frames(at: textures) + judge.lines(endingAt: textures)
      bundles += judge.bundles(pixels)
    }
    judge(pixels)
    // A black bar on nothing shows on white alone.
    if let second { judge(second) }
    let hulls =
      (textures + bundles).map(SuspectGroups.hull(ofTexture:))
      + SuspectGroups.joined(shapes).map(SuspectGroups.hull(ofShape:))
    return SuspectGroups.merged(hulls).map { $0.intersection(picture) }
  }

  private var grid: TileGrid {
    TileGrid(width: planes.width, height: planes.height, side: GapGuard.tileSide)
  }
}
