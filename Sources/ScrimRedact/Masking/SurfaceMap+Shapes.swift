import ScrimImage

/// Questions of the guard about the shape of a surface.
extension SurfaceMap {
  /// Measures the length along which each surface borders on thick surfaces.
  mutating func measureBorders(_ pixels: Span<Pixel>, width: Int) {
    for band in bands {
      var last = -1  // the previous thick run, if only thin runs follow it
      var end = -1
      for index in band.runs {
        if runs[index].columns.lowerBound != end { last = -1 }
        end = runs[index].columns.upperBound
        guard surfaces[runs[index].surface].isThick else { continue }
        if last >= 0, runs[last].surface != runs[index].surface {
          noteVertical(pixels, band.rows.lowerBound * width, runs[last], runs[index], band.rows.count)
        }
        last = index
      }
    }
    for lower in bands.indices {
      var upper = lower - 1
      while upper >= 0, bands[upper].rows.upperBound >= bands[lower].rows.lowerBound - SurfaceMap.thickness {
        noteHorizontals(pixels, width, bands[upper], bands[lower])
        upper -= 1
      }
    }
  }

  /// The largest distance, in pixels, between a border and the side of the bounds that it counts for.
  private static let slack = 2

  private mutating func noteVertical(
    _ pixels: Span<Pixel>, _ row: Int, _ left: Run, _ right: Run, _ count: Int
  ) {
    let (a, b) = (left.surface, right.surface)
    surfaces[isSmaller(a, b) ? a : b].border += count
    if surfaces[a].bounds.maxX - left.columns.upperBound <= SurfaceMap.slack {
      surfaces[a].right.vote(pixels[row + right.columns.lowerBound], count)
    }
    if right.columns.lowerBound - surfaces[b].bounds.x <= SurfaceMap.slack {
      surfaces[b].left.vote(pixels[row + left.columns.upperBound - 1], count)
    }
  }

  private mutating func noteHorizontals(_ pixels: Span<Pixel>, _ width: Int, _ upper: Band, _ lower: Band) {
    forEachPair(upper.runs, lower.runs) { map, i, j, shared in
      let (a, b) = (map.runs[i].surface, map.runs[j].surface)
      guard a != b, map.surfaces[a].isThick, map.surfaces[b].isThick else { return }
      map.surfaces[map.isSmaller(a, b) ? a : b].border += shared.count
      let x = shared.lowerBound
      if map.surfaces[a].bounds.maxY - upper.rows.upperBound <= SurfaceMap.slack {
        map.surfaces[a].bottom.vote(pixels[lower.rows.lowerBound * width + x], shared.count)
      }
      if lower.rows.lowerBound - map.surfaces[b].bounds.y <= SurfaceMap.slack {
        map.surfaces[b].top.vote(pixels[(upper.rows.upperBound - 1) * width + x], shared.count)
      }
    }
  }

  private func isSmaller(_ a: Int, _ b: Int) -> Bool {
    (surfaces[a].bounds.area, a) < (surfaces[b].bounds.area, b)
  }

  /// Pixels of larger thick surfaces within a surface's bounds.
  func intrusion(into surface: Int) -> Int {
    let bounds = surfaces[surface].bounds
    var sum = 0
    for band in bands(in: bounds.y..<bounds.maxY) {
      let height = band.rows.clamped(to: bounds.y..<bounds.maxY).count
      for run in runs(of: band, in: bounds.x..<bounds.maxX)
      where surfaces[run.surface].isThick && isSmaller(surface, run.surface) {
        sum += run.columns.clamped(to: bounds.x..<bounds.maxX).count * height
      }
    }
    return sum
  }

  /// Whether all thick surfaces that a part of a row crosses have the given colour there.
  func isAlone(_ surface: Int, _ pixels: Span<Pixel>, width: Int, inRow y: Int, _ columns: Range<Int>) -> Bool
  {
    guard let band = bands(in: y..<y + 1).first else { return false }
    let crossed = runs(of: band, in: columns).filter { surfaces[$0.surface].isThick }
    guard let own = crossed.first(where: { $0.surface == surface }) else { return false }
    func colour(_ run: Run) -> Pixel { pixels[y * width + max(run.columns.lowerBound, columns.lowerBound)] }
    let expected = colour(own)
    return crossed.allSatisfy { $0.surface == surface || isSame(colour($0), expected) }
  }

  /// Whether all thick surfaces that a part of a column crosses have the given colour there.
  func isAlone(_ surface: Int, _ pixels: Span<Pixel>, width: Int, inColumn x: Int, _ rows: Range<Int>) -> Bool
  {
    var own: Pixel?
    var others: [Pixel] = []
    for band in bands(in: rows) {
      guard let run = runs(of: band, in: x..<x + 1).first, surfaces[run.surface].isThick else { continue }
      let pixel = pixels[max(band.rows.lowerBound, rows.lowerBound) * width + x]
      if run.surface == surface {
        own = own ?? pixel
      } else if others.last != pixel {
        others.append(pixel)
      }
    }
    guard let own else { return false }
    return others.allSatisfy { isSame($0, own) }
  }

  /// Selects the thin surfaces that are neither a frame nor a grid: those with a part that neither lies along a
  /// side of their bounds nor spans the bounds, or with a part along a side that covers less than 70 % of it.
  func bent(among candidates: [Int]) -> Set<Int> {
    var bent: Set<Int> = []
    var inner: [[Int]: Int] = [:]  // rows of vertical parts, by surface and column
    var sides: [[Int]: Int] = [:]  // pixels along each side, by surface and side
    let wanted = Set(candidates)
    let edge = SurfaceMap.thickness
    for band in bands {
      var lying: [[Int]: Int] = [:]  // a side is up to three rows thick
      for run in runs[band.runs] where wanted.contains(run.surface) {
        let bounds = surfaces[run.surface].bounds
        if run.columns.count > edge {
          let isTop = band.rows.lowerBound - bounds.y <= edge
          if isTop || bounds.maxY - band.rows.upperBound <= edge {
            lying[[run.surface, isTop ? 0 : 1], default: 0] += run.columns.count
          } else if run.columns.count * 10 < bounds.width * 9 {
            bent.insert(run.surface)
          }
        } else if run.columns.lowerBound - bounds.x <= edge {
          sides[[run.surface, 2], default: 0] += band.rows.count
        } else if bounds.maxX - run.columns.upperBound <= edge {
          sides[[run.surface, 3], default: 0] += band.rows.count
        } else {
          inner[[run.surface, run.columns.lowerBound], default: 0] += band.rows.count
        }
      }
      sides.merge(lying) { max($0, $1) }
    }
    for (place, rows) in inner where rows * 10 < surfaces[place[0]].bounds.height * 9 {
      bent.insert(place[0])
    }
    for (place, length) in sides {
      let bounds = surfaces[place[0]].bounds
      if length * 10 < (place[1] < 2 ? bounds.width : bounds.height) * 7 { bent.insert(place[0]) }
    }
    return bent
  }

  /// The surface that contains a pixel; nil for a pixel near texture.
  func surface(atX x: Int, y: Int) -> Int? {
    guard let band = bands(in: y..<y + 1).first else { return nil }
    return runs(of: band, in: x..<x + 1).first?.surface
  }

  /// The bands that contain any of the given rows.
  func bands(in rows: Range<Int>) -> ArraySlice<Band> {
    var low = 0
    var high = bands.count
    while low < high {
      let middle = (low + high) / 2
      if bands[middle].rows.upperBound <= rows.lowerBound { low = middle + 1 } else { high = middle }
    }
    var end = low
    while end < bands.count, bands[end].rows.lowerBound < rows.upperBound { end += 1 }
    return bands[low..<end]
  }

  /// The runs of a band that contain any of the given columns.
  func runs(of band: Band, in columns: Range<Int>) -> ArraySlice<Run> {
    var low = band.runs.lowerBound
    var high = band.runs.upperBound
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].columns.upperBound <= columns.lowerBound { low = middle + 1 } else { high = middle }
    }
    var end = low
    while end < band.runs.upperBound, runs[end].columns.lowerBound < columns.upperBound { end += 1 }
    return runs[low..<end]
  }
}
