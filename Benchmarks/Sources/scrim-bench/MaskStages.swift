import CMeasure
import ScrimDelta
import ScrimImage
import ScrimRedact

/// Masking, comparing and the search for copies.
enum MaskStages {
  static var all: [Stage] {
    [
      unchanged("mask + diff, unchanged", tiles: 0), unchanged("mask + diff, 1 % of tiles changed", tiles: 5),
      threeQuarters, fifty, copies,
    ]
  }

  /// Compares frames that are in no cache with the reference picture.
  private static func unchanged(_ name: String, tiles: Int) -> Stage {
    Stage(name, reference: "memcmp of both pictures") {
      let regions = Recording.open(width: Screen.width, height: Screen.height)
      let masker = Held(Masker(width: Screen.width, height: Screen.height, fills: MaskFills()))
      let frames = (0..<Reference.ring).map { index in
        var canvas = Canvas(width: Screen.width, height: Screen.height)
        for tile in 0..<tiles {
          canvas.fill(Rect(x: 300 + tile * 128, y: 400, width: 40, height: 20), Pixel(index * 1000 + tile))
        }
        return canvas.frame
      }
      let work: (Int) -> Sample = { round in
        sample { masker.value.show(frames[round % frames.count], masked: regions) }
      }
      return (work, against: Reference.compare())
    }
  }

  /// A frame with three quarters masked, compared with the same frame unmasked.
  private static var threeQuarters: Stage {
    Stage("mask + diff, three quarters masked", reference: "the same unmasked") {
      let (width, height) = (Screen.width, Screen.height)
      let mask = MaskPlan.Mask(
        rect: Rect(x: 0, y: 0, width: width, height: height * 3 / 4), kind: .text, reason: .nature)
      let closed = MaskPlan(width: width, height: height, masks: [mask], guarded: Region()).regions
      let open = Recording.open(width: width, height: height)
      let one = Held(Masker(width: width, height: height, fills: MaskFills()))
      let other = Held(Masker(width: width, height: height, fills: MaskFills()))
      let frames = (0..<Reference.ring).map { _ in Canvas(width: width, height: height).frame }
      return (
        { round in sample { one.value.show(frames[round % frames.count], masked: closed) } },
        against: { round in sample { other.value.show(frames[(round + 6) % frames.count], masked: open) } }
      )
    }
  }

  /// New masks over an unchanged picture.
  private static var fifty: Stage {
    Stage("mask, 50 of 240x32", pixels: 50 * 240 * 32, reference: "memcpy of a picture") {
      let (width, height) = (Screen.width, Screen.height)
      let plans = (0..<2).map { shift in
        MaskPlan(
          width: width, height: height,
          masks: (0..<50).map { index in
            MaskPlan.Mask(
              rect: Rect(x: 40 + index % 6 * 300 + shift, y: 20 + index / 6 * 110, width: 240, height: 32),
              kind: .text, reason: .nature)
          }, guarded: Region()
        ).regions
      }
      let masker = Held(Masker(width: width, height: height, fills: MaskFills()))
      masker.value.show(
        Canvas(width: width, height: height).frame, masked: Recording.open(width: width, height: height))
      return (
        { round in sample { masker.value.mask(plans[round % 2]) } }, against: Reference.copy()
      )
    }
  }

  /// Finds the moved content of a scrolled page, and the remaining changes.
  private static var copies: Stage {
    Stage("copy search, scrolled page", share: 0.5, reference: "memcmp of both pictures") {
      let frames = Scene.scrolling.frames(Reference.ring)
      let regions = Recording.open(width: Screen.width, height: Screen.height)
      let masker = Held(Masker(width: Screen.width, height: Screen.height, fills: MaskFills()))
      let finder = Held(DeltaFinder(width: Screen.width, height: Screen.height, allowsJPEG: false))
      var operations: [DeltaOperation] = []
      let work: (Int) -> Sample = { round in
        let index = 1 + round % (frames.count - 1)
        if index == 1 {
          masker.value.show(frames[0], masked: regions)
          finder.value.operations(for: masker.value.frame, keyframe: true, into: &operations)
        }
        masker.value.show(frames[index], masked: regions)
        return sample {
          finder.value.operations(for: masker.value.frame, keyframe: false, into: &operations)
        }
      }
      return (work, against: Reference.compare())
    }
  }
}
