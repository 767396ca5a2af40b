import CScrimKernels
import ScrimImage

/// Finds pieces of rows, of ``length`` pixels, in other rows by a hash that is computed for every position
/// of a row at once.
enum PieceSearch {
  /// Pixels of a piece.
  static let length = Int(SCRIM_PIECE)

  /// The hash of a row of ``length`` pixels.
  static func hash(_ piece: Span<Pixel>) -> UInt32 {
    precondition(piece.count == length, "a piece has \(length) pixels")
    // The row holds a piece.
    return unsafe piece.withUnsafeBufferPointer { unsafe scrim_hash_piece($0.baseAddress) }
  }

  /// A row of `rect` whose piece at the rectangle's left edge differs from `old` and has more than one
  /// colour; nil if there is none.
  ///
  /// - Parameter first: the row at which the search begins, relative to the rectangle's top.
  static func distinctiveRow(
    in rect: Rect, of new: Span<Pixel>, _ old: Span<Pixel>, width: Int, startingAt first: Int
  ) -> Int? {
    if rect.isEmpty { return nil }
    let start = rect.y * width + rect.x
    let end = start + (rect.height - 1) * width + length
    precondition(rect.x >= 0 && rect.y >= 0 && end <= new.count && end <= old.count && first >= 0)
    let row = unsafe new.withUnsafeBufferPointer { new in
      unsafe old.withUnsafeBufferPointer { old in
        // The last piece ends at `end`, which both pictures hold.
        unsafe scrim_find_piece(
          new.baseAddress! + start, old.baseAddress! + start, width, rect.height, first)
      }
    }
    return row < 0 ? nil : rect.y + row
  }

  /// Bloom filter of the hashes to look for, one bit each.
  struct Filter {
    private var words = [UInt32](repeating: 0, count: 1 << 11)
    private var places: [UInt32] = []
    private var hashes: [UInt32] = []

    mutating func removeAll() {
      for word in words.indices { words[word] = 0 }
    }

    mutating func insert(_ hash: UInt32) { words[Int(hash >> 21)] |= 1 << (hash >> 16 & 31) }

    /// Finds the pieces of a row whose hashes may have been inserted; returns their number.
    mutating func find(in row: Span<Pixel>) -> Int {
      if places.count < row.count {
        places = [UInt32](repeating: 0, count: row.count)
        hashes = places
      }
      return unsafe row.withUnsafeBufferPointer { row in
        unsafe words.withUnsafeBufferPointer { words in
          unsafe places.withUnsafeMutableBufferPointer { places in
            unsafe hashes.withUnsafeMutableBufferPointer { hashes in
              // The filter has its 2048 words, and the other two buffers have room for as many as the row
              // has (made above).
              unsafe scrim_find_hashes(
                row.baseAddress, row.count, words.baseAddress, places.baseAddress, hashes.baseAddress)
            }
          }
        }
      }
    }

    /// A piece of the last row, from left to right: its hash, and where in the row it begins.
    subscript(found: Int) -> (hash: UInt32, x: Int) { (hashes[found], Int(places[found])) }
  }
}
