import ScrimImage

/// How a stored picture must be rotated or mirrored for display, as Exif numbers.
struct Orientation: Hashable {
  /// 1 to 8.
  let number: Int

  static let upright = Orientation(number: 1)

  /// Whether rows become columns.
  var swapsSides: Bool { number >= 5 }

  func displayed(_ stored: PixelSize) -> PixelSize { swapsSides ? stored.turned : stored }

  /// Whether the displayed x (or y) runs against its stored coordinate.
  private var flipsX: Bool { [2, 3, 6, 7].contains(number) }
  private var flipsY: Bool { [3, 4, 7, 8].contains(number) }

  /// Displayed rectangle of the stored rectangle `rect`, in a picture of that stored size.
  func displayed(_ rect: Rect, of stored: PixelSize) -> Rect {
    let size = displayed(stored)
    let turned =
      swapsSides ? Rect(x: rect.y, y: rect.x, width: rect.height, height: rect.width) : rect
    return flipped(turned, in: size)
  }

  /// Stored rectangle of the displayed rectangle `rect`.
  func stored(_ rect: Rect, of stored: PixelSize) -> Rect {
    let upright = flipped(rect, in: displayed(stored))
    guard swapsSides else { return upright }
    return Rect(x: upright.y, y: upright.x, width: upright.height, height: upright.width)
  }

  private func flipped(_ rect: Rect, in size: PixelSize) -> Rect {
    Rect(
      x: flipsX ? size.width - rect.maxX : rect.x, y: flipsY ? size.height - rect.maxY : rect.y,
      width: rect.width, height: rect.height)
  }

  /// The picture as displayed.
  func displayed(_ pixels: [UInt32], of stored: PixelSize) -> [UInt32] {
    guard number != 1 else { return pixels }
    precondition(pixels.count == stored.width * stored.height, "a picture needs width × height pixels")
    let size = displayed(stored)
    return [UInt32](capacity: pixels.count) { target in
      for y in 0..<size.height {
        let alongY = flipsY ? size.height - 1 - y : y
        for x in 0..<size.width {
          let alongX = flipsX ? size.width - 1 - x : x
          target.append(pixels[swapsSides ? alongX * stored.width + alongY : alongY * stored.width + alongX])
        }
      }
    }
  }
}

extension Region {
  func mapped(_ change: (Rect) -> Rect) -> Region { Region(union: rects.map(change)) }

  /// All blocks of a grid that the set touches, clipped to the picture.
  func grown(toBlocksOf block: PixelSize, in picture: PixelSize) -> Region {
    guard block.width > 1 || block.height > 1 else { return self }
    let bounds = Rect(x: 0, y: 0, width: picture.width, height: picture.height)
    return mapped { rect in
      Rect(
        minX: rect.x / block.width * block.width, minY: rect.y / block.height * block.height,
        maxX: (rect.maxX + block.width - 1) / block.width * block.width,
        maxY: (rect.maxY + block.height - 1) / block.height * block.height
      ).intersection(bounds)
    }
  }
}
