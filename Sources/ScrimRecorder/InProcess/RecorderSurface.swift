public import ScrimImage
public import ScrimRedact

/// The shape of a framebuffer that an application draws, and which state of its widgets it shows.
public struct Surface: Hashable, Sendable {
  /// Pixels.
  public var width: Int
  public var height: Int
  /// Bytes from row to row.
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
    // What overflows here is no row of a framebuffer; `capture` says so.
    self.stride = stride ?? width.multipliedReportingOverflow(by: format.bytesPerPixel).partialValue
    self.format = format
    self.generation = generation
    self.time = time
  }
}

/// Where an application's widgets are.
public struct Boxes: Hashable, Sendable {
  public var widgets: [Widget]
  /// Windows on the surface, bottom to top, in pixels; none where the surface is one window.
  public var windows: [Window]
  /// Pixels of the surface per unit of a widget's box.
  public var scale: Double
  /// Counts the states of the widgets: another number for every change of layout or content.
  public var generation: UInt64
  /// False where widgets may be missing from the list.
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
