/// By how much an accessibility tree may be ahead of the pixels or behind them, where clearance is `settled`.
package enum SettleDelay {
  /// Nanoseconds: more than was measured of any toolkit, which announce a page up to 400 ms before they draw it.
  package static let standard: Int64 = 500_000_000
}
