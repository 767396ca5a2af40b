import ScrimRedact

/// An annotation tool's entries for one or many pictures: regions drawn by a person, and their labels.
///
/// A label is not a role: every region is masked, whatever its label, unless a rule unmasks it by `type`.
struct AnnotatedPictures: Sendable {
  struct Region: Sendable {
    var label: String
    var extent: Extent
    /// For messages.
    var place: String
  }

  struct Picture: Sendable {
    /// As the file writes it: a name, a path of any system, or a URL.
    var path: String
    /// Size in pixels; nil if the format doesn't contain it.
    var size: PixelSize?
    /// Bytes of the picture's file, if the format contains them.
    var byteCount: Int?
    /// Whether regions are fractions of the picture's sides, so that they fit at every scale.
    var isScalable = false
    var place: String
    var regions: [Region] = []
    /// Why the entry can't be used, although the picture is listed.
    var problem: BoxesError.Fault?
  }

  var format: BoxFormat
  var pictures: [Picture] = []
}

extension AnnotatedPictures.Picture {
  /// Everything on which the boxes depend, to detect changes.
  var identity: [UInt8] {
    let regions = regions.map {
      "\($0.extent.minX) \($0.extent.minY) \($0.extent.width) \($0.extent.height) \($0.label)\n"
    }
    return Array(
      "\(size.map { "\($0)" } ?? "") \(byteCount ?? -1) \(isScalable) \(problem == nil)\n\(regions.joined())"
        .utf8)
  }

  /// The boxes for a picture that is known to be this one, if the sizes agree.
  func sidecar(_ format: BoxFormat, for request: SidecarRequest) throws(BoxesError) -> Sidecar {
    if let problem { throw BoxesError(format, place, problem) }
    let (space, scale) = try fit(format, request)
    try checkPlaces(format, request, scale)
    var list = WidgetList(format)
    for region in regions {
      guard !region.extent.isEmpty else { continue }
      _ = try list.append(
        Widget(
          label: region.label, x: region.extent.minX, y: region.extent.minY,
          width: region.extent.reachX, height: region.extent.reachY), from: region.place)
    }
    var sidecar = Sidecar(
      tree: try list.tree(scale: scale), size: nil, space: space, describesWholeWindows: false,
      format: format.rawValue)
    if space == .either { sidecar.notes.append(Sidecar.eitherNote) }
    if scale != 1 { sidecar.notes.append(Sidecar.scaleNote(scale)) }
    return sidecar
  }

  /// The space of the regions, and their scale.
  private func fit(
    _ format: BoxFormat, _ request: SidecarRequest
  ) throws(BoxesError) -> (BoxSpace, Double) {
    guard let size else {
      guard
        byteCount == nil || request.byteCount == nil || byteCount == request.byteCount
          || request.boxScale != nil
      else {
        throw BoxesError(
          format, place,
          .unsupported(
            "boxes of a file of \(byteCount ?? 0) bytes, this one has \(request.byteCount ?? 0); annotate this file, or confirm its size with --box-scale 1"
          ))
      }
      return (request.space(of: nil) ?? .displayed, request.boxScale ?? 1)
    }
    if let space = request.space(of: size) { return (space, 1) }
    if isScalable, let scale = PointSize(size).scale(to: request.displayed), !request.isTurned {
      return (.displayed, scale)
    }
    throw BoxesError(format, place, .otherSize(claimed: "\(size)", picture: request.displayed))
  }

  /// Refuses boxes that can't fit: fractions of a side that were meant as pixels, and regions outside the
  /// picture.
  private func checkPlaces(
    _ format: BoxFormat, _ request: SidecarRequest, _ scale: Double
  ) throws(BoxesError) {
    let drawn = regions.filter { $0.extent.hasArea }
    guard let first = drawn.first else { return }
    let sides = [request.displayed, request.stored]
    let (width, height) = (Double(sides.map(\.width).max() ?? 0), Double(sides.map(\.height).max() ?? 0))
    if !isScalable, width > 8, height > 8 {
      let small = drawn.filter { Fractions.isWithin($0.extent) }
      if let first = small.first(where: { Fractions.isBroken($0.extent) }) ?? small.first,
        Fractions.isBroken(first.extent) || small.count == drawn.count
      {
        throw BoxesError(format, first.place, Fractions.fault)
      }
    }
    let isBeside = { (region: AnnotatedPictures.Region) in
      region.extent.minX * scale >= width || region.extent.minY * scale >= height
        || region.extent.maxX <= 0 || region.extent.maxY <= 0
    }
    guard !drawn.allSatisfy(isBeside), size != nil || !drawn.contains(where: isBeside) else {
      throw BoxesError(
        format, (drawn.first(where: isBeside) ?? first).place,
        .unsupported("a region outside the picture; give the annotations of this picture"))
    }
  }
}
