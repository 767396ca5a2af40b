import Foundation
import ScrimRedact

@testable import ScrimCapture

/// Reads the input as what a Wayland compositor sends: messages of the wire protocol, and sway's list of windows. Whatever
/// it sends, the reader stays within the message, and a window has a position and a size.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // libFuzzer passes `count` bytes, or a null pointer and none.
  let input = unsafe Array(UnsafeBufferPointer(start: data, count: count))
  readWire(input)
  if let windows = try? SwayWindows.windows(inTree: Data(input)) {
    for window in windows {
      precondition(window.window.width.isFinite && window.window.x.isFinite, "a window has no place")
    }
  }
  return 0
}

private func readWire(_ input: [UInt8]) {
  let words = stride(from: 0, to: input.count - input.count % 4, by: 4).map { start in
    (0..<4).reduce(UInt32(0)) { $0 | UInt32(input[start + $1]) << (8 * UInt32($1)) }
  }
  var rest = words[...]
  while let (message, taken) = try? WaylandMessage.first(of: rest) {
    precondition((2...rest.count).contains(taken), "a message is longer than what was received")
    precondition(message.arguments.count == taken - 2, "arguments are lost or made up")
    for index in 0...message.arguments.count {
      precondition(
        message.text(at: index).utf8.count <= 4 * 3 * message.arguments.count,
        "a text from outside of the message")
    }
    rest = rest.dropFirst(taken)
  }
}
