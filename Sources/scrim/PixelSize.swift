import ArgumentParser
import ScrimFormat

/// A size as `WIDTHxHEIGHT`.
struct PixelSize: ExpressibleByArgument {
  var width: Int
  var height: Int

  init?(argument: String) {
    let parts = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let width = parts[0], let height = parts[1],
      (1...FormatLimits.side).contains(width), (1...FormatLimits.side).contains(height)
    else { return nil }
    self.width = width
    self.height = height
  }
}
