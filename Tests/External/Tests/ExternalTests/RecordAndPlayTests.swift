import Foundation
import Scrim
import Testing

/// Recording and playback by a program that imports only Scrim.
@Suite struct RecordAndPlayTests {
  /// Five frames of one colour each, with a button, which the policy shows, and a text field, which it masks.
  @Test func fiveFramesAreRecordedMaskedAndPlayedBack() throws {
    let temporary = FileManager.default.temporaryDirectory.appending(path: "scrim-\(UUID())")
    defer { try? FileManager.default.removeItem(at: temporary) }
    let folder = SessionFolder(path: temporary.path)
    let widgets = [
      Widget(id: "window", role: "frame", x: 0, y: 0, width: 64, height: 48),
      Widget(id: "ok", role: "push button", x: 4, y: 4, width: 24, height: 12, parent: .id("window")),
      Widget(id: "name", role: "entry", x: 4, y: 24, width: 56, height: 16, parent: .id("window")),
    ]
    let options = RecorderOptions(policy: MaskPolicy(preset: .controls))
    let recorder = Recorder(RecorderConfiguration(folder: folder, options: options))
    try recorder.start()
    for number in 1...5 {
      let pixels = [UInt8](repeating: UInt8(40 * number), count: 64 * 48 * 4)
      try recorder.snapshot(
        pixels.span, of: Surface(width: 64, height: 48, format: .bgrx), boxes: Boxes(widgets))
    }
    #expect(try recorder.stop().frames == 5)

    var player = SessionPlayer(try folder.read())
    var shown: [UInt32] = []
    var masked: Set<UInt32> = []
    while try player.next() != nil {
      guard let picture = player.picture else { continue }
      shown.append(picture[10, 10])
      masked.insert(picture[30, 30])
    }
    let expected: [UInt32] = [0x282828, 0x505050, 0x787878, 0xA0A0A0, 0xC8C8C8]
    #expect(shown == expected)
    #expect(masked == [0])
  }
}
