import ScrimRedact
import ScrimTestSupport
import Testing

@testable import ScrimCapture

@Suite struct WaylandWireTests {
  /// wl_registry.bind of wl_shm, as `WAYLAND_DEBUG` and strace show libwayland sending it.
  @Test func aRequestAsLibwaylandSendsIt() {
    let words = WaylandMessage.words(
      to: 2, 0, [.number(1), .text("wl_shm"), .number(1), .number(4)])
    #expect(words == [2, 32 << 16, 1, 7, 0x735F_6C77, 0x0000_6D68, 1, 4])
  }

  @Test(arguments: ["", "a", "abc", "abcd", "wl_output", "Bücher"])
  func textsArePaddedToWords(text: String) throws {
    let words = WaylandMessage.words(to: 7, 3, [.text(text), .number(9)])
    let (message, count) = try #require(try WaylandMessage.first(of: words[...]))
    #expect(count == words.count && message.object == 7 && message.opcode == 3)
    #expect(message.text(at: 0) == text && message.arguments.last == 9)
  }

  @Test func incompleteMessagesAreWaitedFor() throws {
    let words = WaylandMessage.words(to: 7, 3, [.number(1), .number(2)])
    for count in 0..<words.count { #expect(try WaylandMessage.first(of: words[..<count]) == nil) }
    #expect(try WaylandMessage.first(of: (words + [1, 2, 3])[...])?.1 == 4)
  }

  @Test(arguments: [0, 4, 7, 9] as [UInt32])
  func impossibleLengthsAreRefused(bytes: UInt32) {
    #expect(throws: WaylandWireError.self) { try WaylandMessage.first(of: [1, bytes << 16, 0, 0]) }
  }

  @Test func anythingMayArrive() {
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<2000 {
      let words = (0..<Int.random(in: 0..<12, using: &generator)).map { _ in
        UInt32.random(in: 0...0x0040_FFFF, using: &generator)
      }
      guard let (message, count) = try? WaylandMessage.first(of: words[...]) else { continue }
      #expect(count <= words.count)
      for index in -0...12 { _ = (message[index], message.text(at: index)) }
    }
  }

  @Test func aMissingCompositorIsReported() {
    #expect { try LiveSource(wayland: "/no/such/socket") } throws: { error in
      guard case CaptureError.unavailable(let fault) = error else { return false }
      return fault.message.contains("no compositor answers")
    }
  }
}
