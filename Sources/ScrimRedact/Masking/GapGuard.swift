public import ScrimImage

/// Finds the content that must be masked in gaps: pixels that only containers claim and no widget describes.
///
/// Real boxes are missing or shifted, so a gap is trusted only on the evidence of its pixels. Only surfaces pass:
/// grounds of one colour or a gradient, blocks that fill a container or a large part of the picture, and isolated
/// thin lines. Everything else may be content, and is masked by rectangles that don't show its outline. Masking.md,
/// section 6a, has the rules in full.
///
/// Only guarded pixels are read, a pair of neighbours only if both are guarded; besides them the result depends
/// only on the boxes of containers. In a new frame only rows that changed are compared; the result equals that for
/// the whole picture.
///
/// Cost is linear in the pixels compared, and in the rows of the picture that differ from the row above.
public struct GapGuard: Sendable {
  /// The side of a texture tile, in pixels.
  static let tileSide = 8

  private var planes = StepPlanes(width: 0, height: 0)
  private var texture = TextureMap(width: 0, height: 0)
  private var map = SurfaceMap()
  private var boxes = GapBoxes()
  private var found = Region()
  private var isNew = true

  /// - Parameter isLossy: whether pictures come from JPEG files. Then colours that differ by at most 6 count as
  ///   one, and faint blocks pass; in other pictures they are masked.
  public init(isLossy: Bool = false) { map.isLossy = isLossy }

  /// The guarded pixels that must be masked.
  ///
  /// - Parameters:
  /// - pixels: a canonical picture, `width × height`, row by row without padding; only `guarded` is read.
  /// - guarded: the pixels to judge, inside the picture.
  /// - boxes: the containers and decorations that claim them.
  /// - changed: the rows that may have changed since the last call for a picture of this size; nil for all.
  public mutating func suspects(
    in pixels: Span<Pixel>, width: Int, height: Int, guarded: Region, boxes: GapBoxes,
    changed: [Range<Int>]? = nil
  ) -> Region {
    suspects(in: pixels, nil, width: width, height: height, guarded: guarded, boxes: boxes, changed: changed)
  }

  /// The guarded pixels that must be masked in a transparent picture, judged on two backgrounds at once: a step on
  /// either counts.
  package mutating func suspects(
    in pixels: Span<Pixel>, _ second: Span<Pixel>?, width: Int, height: Int, guarded: Region,
    boxes: GapBoxes, changed: [Range<Int>]? = nil
  ) -> Region {
    precondition(pixels.count == width * height, "the picture must hold width × height pixels")
    if let second { precondition(second.count == pixels.count, "two pictures of one size") }
    if planes.width != width || planes.height != height {
      planes = StepPlanes(width: width, height: height)
      texture = TextureMap(width: width, height: height, isLossy: map.isLossy)
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

  /// Discards the state of the last picture: all rows are compared again.
  public mutating func reset() { self = GapGuard(isLossy: map.isLossy) }

  private var picture: Rect { Rect(x: 0, y: 0, width: planes.width, height: planes.height) }

  /// The rectangles around suspect pixels of either picture, clipped to the picture.
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
    // A black bar on a transparent ground shows on white alone.
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
