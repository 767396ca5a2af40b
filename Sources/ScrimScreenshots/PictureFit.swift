/// How well an entry of a list fits a picture.
struct PictureFit: Sendable {
  enum Way {
    /// `part` is a folder that names the same part of a data set as the list, in other words.
    case exact, subset, part, images, anySubset, parent, name

    var rank: Int {
      switch self {
      case .exact: 0
      case .subset: 1
      case .part, .images: 2
      case .anySubset: 3
      case .parent: 4
      case .name: 5
      }
    }
  }

  /// 0 for the listed name, 1 without an upload's prefix, 2 also as an upload converts it, 3 in another case
  /// or Unicode form.
  var spelling: Int
  var way: Way
  /// The number of equal folders before the name, if the name alone decides.
  var folders = 0

  static let respelled = 3

  private var rank: (Int, Int, Int) { (spelling, way.rank, -folders) }

  func isBetter(than other: Self) -> Bool { rank < other.rank }
  func isAsGood(as other: Self) -> Bool { rank == other.rank }

  /// The better spelling and the better way of both.
  func least(_ other: Self) -> Self {
    var best = (way.rank, -folders) <= (other.way.rank, -other.folders) ? self : other
    best.spelling = min(spelling, other.spelling)
    return best
  }
}

/// The claims on a picture, of which one is used only if it is better than all others in every respect.
struct PictureClaims: Sendable {
  struct Claim {
    var entry: Int
    /// Another picture that the entry fits as well.
    var rival: Int?
    var fit: PictureFit
  }

  private let first: Claim
  private var second: Claim?
  private var winner: Claim?
  private var equal: Claim?
  private var least: PictureFit

  init(_ claim: Claim) {
    first = claim
    winner = claim
    least = claim.fit
  }

  mutating func add(_ claim: Claim) {
    if second == nil { second = claim }
    least = least.least(claim.fit)
    if let winner, !winner.fit.isAsGood(as: least) { (self.winner, equal) = (nil, nil) }
    guard claim.fit.isAsGood(as: least) else { return }
    if winner == nil { winner = claim } else { equal = claim }
  }

  var match: (Claim, other: Claim?) {
    if let winner { return (winner, equal) }
    return (first, second)
  }
}
