import ScrimImage
import ScrimRedact

/// Renders the picture for an export format from a player's picture: scaled, with masks and pointer drawn.
struct PictureRenderer {
  private let options: PictureOptions
  private let pointer: PointerTrack?
  private var scaled: Picture?
  private var masks: [ListedMask]?

  /// - Parameter pointer: the track to be drawn.
  init(_ options: PictureOptions, pointer: PointerTrack?) {
    self.options = options
    self.pointer = pointer
  }

  /// The times between two frames at which a format needs a further picture.
  func moments(after start: Int64, before end: Int64) -> ArraySlice<Int64> {
    pointer?.moments(after: start, before: end) ?? []
  }

  /// - Parameters:
  /// - frame: `isChanged` becomes true if the result may differ from the previous picture.
  /// - masks: nil if the session has no record of them.
  mutating func render(_ picture: borrowing Picture, _ masks: [ListedMask]?, _ frame: inout ShownFrame)
    -> Picture
  {
    if options.isPlain { return copy picture }
    if options.style != .fill, masks != self.masks {
      self.masks = masks
      frame.isChanged = true
    }
    if frame.isChanged || scaled == nil {
      scaled = picture.resized(width: options.scaled(picture.width), height: options.scaled(picture.height))
    }
    guard let scaled else { return copy picture }
    var canvas = PictureCanvas(scaled)
    MaskSketch.draw(masks ?? [], on: &canvas, options.style, scale: options.scale)
    if let pointer {
      pointer.draw(on: &canvas, at: frame.time, scale: options.scale)
      frame.isChanged = true
    }
    return canvas.picture
  }
}
