/// The picture in whose coordinates boxes are given.
public enum BoxSpace: String, CaseIterable, Sendable {
  /// The picture as displayed, rotated according to its Exif orientation.
  case displayed
  /// The picture as stored in its file.
  case stored
  /// One of the two, unknown which: both places are masked.
  case either
}
