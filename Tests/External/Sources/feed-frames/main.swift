// Records five frames of a small window and plays them back: feed-frames SESSION
import Scrim

guard CommandLine.arguments.count == 2 else { fatalError("usage: feed-frames SESSION") }
let folder = SessionFolder(path: CommandLine.arguments[1])

// A button, which the policy shows, and a text field, which it masks.
let policy = MaskPolicy(preset: .controls)
let widgets = [
  Widget(id: "window", role: "frame", x: 0, y: 0, width: 64, height: 48),
  Widget(id: "ok", role: "push button", x: 4, y: 4, width: 24, height: 12, parent: .id("window")),
  Widget(id: "name", role: "entry", x: 4, y: 24, width: 56, height: 16, parent: .id("window")),
]

let recorder = Recorder(RecorderConfiguration(folder: folder, options: RecorderOptions(policy: policy)))
try recorder.start()
for number in 0..<5 {
  // Each frame has one colour. A pixel has four bytes, blue first.
  let pixels = [UInt8](repeating: UInt8(40 * number + 40), count: 64 * 48 * 4)
  let surface = Surface(width: 64, height: 48, format: .bgrx)
  // `snapshot` records every frame; `capture` merges frames that come faster than the recorder's rate.
  try recorder.snapshot(pixels.span, of: surface, boxes: Boxes(widgets))
}
let summary = try recorder.stop()
print("\(summary.frames) frames recorded")

var player = SessionPlayer(try folder.read())
while let frame = try player.next() {
  guard let picture = player.picture else { continue }
  print("frame \(frame.number): the button is \(picture[10, 10]), the field \(picture[30, 30])")
}
