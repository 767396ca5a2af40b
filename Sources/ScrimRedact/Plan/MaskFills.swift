public import ScrimImage

/// The constant colour of each kind of mask.
public struct MaskFills: Hashable, Sendable {
  private var colours: [Pixel]

  public init(_ colour: Pixel = 0) {
    colours = [Pixel](repeating: colour, count: MaskKind.allCases.count)
  }

  public subscript(kind: MaskKind) -> Pixel {
    get { colours[kind.order] }
    set { colours[kind.order] = newValue & 0x00FF_FFFF }
  }
}
