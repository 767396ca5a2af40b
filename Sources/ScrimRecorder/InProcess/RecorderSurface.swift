public import ScrimImage
public import ScrimRedact

/// Layout of a framebuffer that an application draws, and the generation of the widgets that it shows.
public struct Surface: Hashable, Sendable {
  /// Pixels.
  public var width: Int
  public var height: Int
  /// Bytes from one row to the next.
  public var stride: Int
  public var format: PixelFormat
  /// The generation of the boxes that the pixels were drawn with.
  public var generation: UInt64
  /// When it was drawn, in nanoseconds of the recorder's clock; nil for now.
  public var time: Int64?

  /// - Parameter stride: nil for rows without slack.
  public init(
    width: Int, height: Int, stride: Int? = nil, format: PixelFormat, generation: UInt64 = 0,
    time: Int64? = nil
  ) {
    self.width = width
    self.height = height
    // An overflow here can't be a framebuffer's row; `capture` reports it.
    self.stride = stride ?? width.multipliedReportingOverflow(by: format.bytesPerPixel).partialValue
    self.format = format
    self.generation = generation
    self.time = time
  }
}

/// The boxes of an application's widgets.
public struct Boxes: Hashable, Sendable {
  public var widgets: [Widget]
  /// Windows on the surface, bottom to top, in pixels; empty if the surface is one window.
  public var windows: [Window]
  /// Pixels of the surface per unit of a widget's box.
  public var scale: Double
  /// Number of the widgets' state: it must change with every change of layout or content.
  public var generation: UInt64
  /// False if widgets may be missing from the list.
  public var isComplete: Bool

  public init(
    _ widgets: [Widget], windows: [Window] = [], scale: Double = 1, generation: UInt64 = 0,
    isComplete: Bool = true
  ) {
    self.widgets = widgets
    self.windows = windows
    self.scale = scale
    self.generation = generation
    self.isComplete = isComplete
  }

  func isSameState(as other: Boxes) -> Bool {
    widgets == other.widgets && windows == other.windows && scale == other.scale
      && isComplete == other.isComplete
  }
}
