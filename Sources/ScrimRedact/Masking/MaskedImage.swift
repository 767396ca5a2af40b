public import ScrimImage

/// A single opaque-masked picture: every masked pixel is the constant fill. Only this may be encoded from a
/// screenshot.
///
/// As with ``MaskedFrame``, masking is the only way to make one. Outside masks its pixels are those of the
/// source, except for the invisible colour under an alpha of zero, which becomes black.
package struct MaskedImage: ~Copyable {
  /// Pixels.
  package let width: Int
  package let height: Int
  /// Whether all pixels are opaque; their high bytes then have no meaning.
  package let isOpaque: Bool
  private var storage: [UInt32]

  /// Paints the masks over a picture. Pixels under masks are written, never read.
  ///
  /// - Parameters:
  ///   - pixels: `width × height` pixels `0xAARRGGBB`, of the size of `regions`.
  ///   - isOpaque: whether all are opaque, regardless of their high bytes.
  ///   - regions: without guarded pixels; ``MaskRegions/judged(_:isOpaque:isLossy:growing:)`` decides about those.
  package init(
    masking pixels: consuming [UInt32], isOpaque: Bool, masked regions: MaskRegions, fills: MaskFills
  ) {
    precondition(pixels.count == regions.width * regions.height, "a picture and masks of one size")
    precondition(regions.guarded.isEmpty, "the gap guard must decide before pixels are shown")
    width = regions.width
    height = regions.height
    self.isOpaque = isOpaque
    var target = pixels.mutableSpan
    for layer in regions.painted(with: fills) {
      for band in layer.region.bands {
        for y in band.minY..<band.maxY {
          for xs in layer.region.spans[band.firstSpan..<band.endSpan] {
            let start = y * regions.width
            PixelRow.fill(
              &target, start + xs.lowerBound..<start + xs.upperBound, with: layer.colour | 0xFF00_0000)
          }
        }
      }
    }
    if !isOpaque {
      for i in 0..<target.count { target[i] = target[i] >> 24 == 0 ? 0 : target[i] }
    }
    storage = pixels
  }

  /// `width × height` pixels `0xAARRGGBB`, row by row; `0x??RRGGBB` if all are opaque.
  package var pixels: Span<UInt32> {
    @_lifetime(borrow self)
    borrowing get { storage.span }
  }

  /// The picture composed on a background: `width × height` pixels `0x??RRGGBB`.
  package func flattened(on background: Pixel) -> [Pixel] {
    isOpaque ? storage : storage.map { $0.over(background) }
  }
}

extension MaskRegions {
  /// The regions after the gap guard has judged a picture's guarded pixels: suspect ones are masked, and
  /// none is guarded any more.
  ///
  /// - Parameters:
  ///   - pixels: `width × height` pixels `0xAARRGGBB`; only guarded ones are read.
  ///   - isOpaque: whether all pixels are opaque. Otherwise the picture is judged on black and on white;
  ///     all of its content is visible on at least one of them.
  ///   - isLossy: whether the picture comes from a JPEG file.
  ///   - grow: changes the suspect pixels before they are masked.
  /// - Returns: also the number of suspect rectangles.
  package func judged(
    _ pixels: [UInt32], isOpaque: Bool, isLossy: Bool = false, growing grow: (Region) -> Region = { $0 }
  ) -> (regions: MaskRegions, suspects: Int) {
    guard !guarded.isEmpty else { return (self, 0) }
    precondition(pixels.count == width * height, "a picture and masks of one size")
    var gapGuard = GapGuard(isLossy: isLossy)
    let suspects: Region
    if isOpaque {
      suspects = gapGuard.suspects(
        in: pixels.span, width: width, height: height, guarded: guarded, boxes: boxes)
    } else {
      let onBlack = flattened(pixels, on: 0)
      let onWhite = flattened(pixels, on: 0x00FF_FFFF)
      suspects = gapGuard.suspects(
        in: onBlack.span, onWhite.span, width: width, height: height, guarded: guarded, boxes: boxes)
    }
    guard !suspects.isEmpty else { return (withoutGuard, 0) }
    var byKind = byKind
    byKind[MaskKind.gap.order] = byKind[MaskKind.gap.order].union(grow(suspects))
    let regions = MaskRegions(
      width: width, height: height, byKind: byKind, guarded: Region(), boxes: GapBoxes())
    return (regions, suspects.rects.count)
  }

  private var withoutGuard: MaskRegions {
    MaskRegions(width: width, height: height, byKind: byKind, guarded: Region(), boxes: GapBoxes())
  }

  /// The guarded pixels composed on a background.
  private func flattened(_ pixels: [UInt32], on background: Pixel) -> [Pixel] {
    var result = [Pixel](repeating: 0, count: pixels.count)
    for band in guarded.bands {
      for y in band.minY..<band.maxY {
        for xs in guarded.spans[band.firstSpan..<band.endSpan] {
          for index in y * width + xs.lowerBound..<y * width + xs.upperBound {
            let pixel = pixels[index]
            let alpha = pixel >> 24
            result[index] =
              alpha == 0xFF ? pixel & 0x00FF_FFFF : alpha == 0 ? background : pixel.over(background)
          }
        }
      }
    }
    return result
  }

  /// The same sets of pixels transformed to another picture, or changed otherwise. Pixels that are then
  /// masked are no longer guarded.
  package func mapped(
    width: Int, height: Int, masks: (Region) -> Region, guarded change: (Region) -> Region = { $0 },
    boxes move: (Rect) -> Rect = { $0 }
  ) -> MaskRegions {
    MaskRegions(
      width: width, height: height, byKind: byKind.map(masks), guarded: change(guarded),
      boxes: boxes.map(move))
  }

  /// The colour of every masked pixel, as disjoint sets.
  public func fills(_ fills: MaskFills) -> [(region: Region, colour: Pixel)] { painted(with: fills) }
}

extension UInt32 {
  /// A pixel `0xAARRGGBB` composed on a background, rounded to the nearest: `0x00RRGGBB`.
  package func over(_ background: Pixel) -> Pixel {
    let alpha = self >> 24
    if alpha == 0xFF { return self & 0x00FF_FFFF }
    var result: UInt32 = 0
    for shift: UInt32 in [0, 8, 16] {
      let sum = (self >> shift & 0xFF) * alpha + (background >> shift & 0xFF) * (255 - alpha)
      result |= ((sum + 127) / 255) << shift
    }
    return result
  }
}
