import ScrimImage

/// The kinds of measured sessions.
enum Scene: String, CaseIterable {
  case typing, scrolling, windows, dashboard, photo

  /// The first frames of the session.
  func frames(_ count: Int) -> [Frame] { (0..<count).map { frame($0) } }

  func frame(_ index: Int) -> Frame { canvas(index).frame }

  /// Frame `index` of the session, at ten frames a second.
  func canvas(_ index: Int) -> Canvas {
    let (width, height) = (Screen.width, Screen.height)
    var canvas = Canvas(width: width, height: height)
    switch self {
    case .typing:
      canvas.window(Rect(x: 80, y: 40, width: width - 400, height: height - 120), title: 65)
      for line in 0..<24 { canvas.text(Scene.words(line, 70), x: 100, y: 90 + line * 18, colour: 0x202020) }
      canvas.text(Array(Scene.words(99, 160).prefix(index)), x: 100, y: 560, colour: 0x202020)
      if index % 10 < 5 { canvas.fill(Rect(x: 100 + index * 8, y: 558, width: 1, height: 16), 0) }
    case .scrolling:
      canvas.window(Rect(x: 20, y: 20, width: width - 40, height: height - 40), title: 66)
      let top = index * 53
      for line in top / 20...(top + height) / 20 {
        let y = 60 + line * 20 - top
        if y > 56, y < height - 60 {
          canvas.text(
            Scene.words(line, 40 + line * 7 % 90), x: 60, y: y, colour: line % 9 == 0 ? 0x1A4FA0 : 0x303030)
        }
      }
    case .windows:
      let order = [0, 1, 2].sorted { ($0 + index / 8) % 3 < ($1 + index / 8) % 3 }
      for window in order {
        let x = 100 + window * 320 + (window == index / 8 % 3 ? index % 8 * 12 : 0)
        canvas.window(Rect(x: x, y: 80 + window * 140, width: 820, height: 560), title: 67 + window)
        for line in 0..<26 {
          canvas.text(
            Scene.words(line + window * 100, 60), x: x + 20, y: 124 + window * 140 + line * 19,
            colour: 0x333333)
        }
      }
    case .dashboard:
      canvas.window(Rect(x: 0, y: 0, width: width, height: height), title: 70)
      for card in 0..<8 {
        let x = 40 + card % 4 * 460
        let y = 80 + card / 4 * 480
        canvas.fill(Rect(x: x, y: y, width: 420, height: 440), 0xF4F6F8)
        canvas.text(Scene.words(card, 14), x: x + 16, y: y + 16, colour: 0x445566)
        let value = (index / 20 * 31 + card * 17) % 97
        canvas.text("\(value * 1213)".utf8.map { Int($0) }, x: x + 16, y: y + 48, colour: 0x112233)
        for bar in 0..<20 {
          let tall = (bar * 37 + card * 11 + (bar == 19 ? value : 0)) % 240
          canvas.fill(Rect(x: x + 20 + bar * 19, y: y + 420 - tall, width: 14, height: tall), 0x3584E4)
        }
      }
    case .photo:
      canvas.window(Rect(x: 0, y: 0, width: width, height: height), title: 71)
      for photo in 0..<6 {
        canvas.photograph(
          Rect(x: 40 + photo % 3 * 620, y: 60 + photo / 3 * 500, width: 600, height: 470), seed: photo * 91,
          offset: index / 2 * 60)
      }
    }
    return canvas
  }

  /// Letters and spaces of a line, always the same.
  static func words(_ line: Int, _ count: Int) -> [Int] {
    var state = UInt32(truncatingIfNeeded: line &* 2_654_435_761 &+ 12345)
    return (0..<count).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      let letter = Int(state >> 24) % 32
      return letter < 26 ? 97 + letter : 32
    }
  }
}
