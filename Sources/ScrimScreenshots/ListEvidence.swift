import ScrimJSON

/// What speaks against a list being of the pictures of its folder. Names alone prove nothing: most tools
/// number their pictures, so that a list that was moved finds pictures of all its names. One contradiction
/// is enough to use no entry of a list.
struct ListEvidence {
  /// For messages.
  var file: String
  var list: AnnotatedPictures
  var assignment: PictureAssignment

  /// A picture that is not of the size that the list gives.
  ///
  /// Reads the beginning of every listed picture. What can't be read contradicts nothing, and is refused by
  /// itself.
  ///
  /// - Parameter isScaleGiven: whether the user confirmed files of another size in bytes.
  func otherSize(among pictures: PictureIndex, isScaleGiven: Bool) -> SidecarIssue? {
    var heads = pictures.heads()
    for (entry, path) in assignment.matches {
      let listed = list.pictures[entry]
      guard listed.size != nil || !isScaleGiven, let head = heads.head(of: path),
        let contradiction = listed.contradiction(to: head)
      else { continue }
      let remedy =
        listed.size == nil
        ? "annotate these files, or confirm the list with --box-scale 1"
        : "put it beside the pictures that it is of, or annotate or remove the one that was changed"
      return SidecarIssue(
        "\(file) may be a list of other pictures with these names: for \(printable(path.joined(separator: "/"))) it has \(contradiction); \(remedy)"
      )
    }
    return nil
  }

  /// An entry without a picture in a folder that has pictures in no list: two sets that share some names.
  /// Either alone is a part of a set, or pictures that are not annotated yet.
  ///
  /// - Parameter listed: the pictures that the lists of one place list together.
  func otherSet(than listed: Set<Int>) -> SidecarIssue? {
    guard let (missing, unlisted) = assignment.difference(outside: listed) else { return nil }
    return SidecarIssue(
      "\(file) may be a list of other pictures with these names: it lists \(printable(list.pictures[missing].path)), which is missing, but not \(printable(unlisted.joined(separator: "/"))); if it is of these pictures, name it with --widgets, or remove the entries that have no picture"
    )
  }
}

extension AnnotatedPictures.Picture {
  /// What an entry and its picture say of the picture's size; nil if they agree.
  fileprivate func contradiction(to head: PictureHead) -> String? {
    let sides = [head.displayed, head.stored]
    if let size {
      let isScaled = { isScalable && PointSize(size).scale(to: $0) != nil }
      if sides.contains(where: { $0 == size || isScaled($0) }) { return nil }
      return "the size \(size), not \(head.displayed)"
    }
    if let byteCount, byteCount != head.byteCount {
      return "\(byteCount) bytes, not \(head.byteCount)"
    }
    let (width, height) = (sides.map(\.width).max() ?? 0, sides.map(\.height).max() ?? 0)
    let isOutside = regions.contains { region in
      region.extent.hasArea
        && (region.extent.minX >= Double(width) || region.extent.minY >= Double(height)
          || region.extent.maxX <= 0 || region.extent.maxY <= 0)
    }
    return isOutside ? "a region outside of the \(head.displayed) pixels" : nil
  }

  /// Whether two entries, of whatever files and names, list the same.
  func hasSameContent(as other: Self) -> Bool {
    guard size == other.size, byteCount == other.byteCount, isScalable == other.isScalable,
      problem == other.problem, regions.count == other.regions.count
    else { return false }
    var counts: [AnnotatedPictures.Region.Content: Int] = [:]
    for region in regions { counts[region.content, default: 0] += 1 }
    for region in other.regions {
      guard let count = counts[region.content], count > 0 else { return false }
      counts[region.content] = count - 1
    }
    return true
  }
}

extension AnnotatedPictures.Region {
  fileprivate struct Content: Hashable {
    var extent: Extent
    var label: JSONKey
  }

  fileprivate var content: Content {
    Content(extent: extent, label: JSONKey(label))
  }
}
