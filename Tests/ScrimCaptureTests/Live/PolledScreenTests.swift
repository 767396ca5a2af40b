import ScrimImage
import ScrimRedact
import ScrimSystem
import Testing

@testable import ScrimCapture

/// Memory that changes while it is read, as often as a test requests.
private final class RestlessMemory: PicturedMemory {
  var name: String { "memory" }
  var bytes = [UInt8](repeating: 0, count: 8 * 4 * 4)
  /// Number of reads, from the next on, after which a byte changes.
  var drawnBehind = 0

  func withBytes<Result>(
    _ body: (PictureLayout, Span<UInt8>) throws(CaptureError) -> Result
  ) throws(CaptureError) -> Result {
    defer {
      if drawnBehind > 0 {
        bytes[7] &+= 1
        drawnBehind -= 1
      }
    }
    return try body(PictureLayout(width: 8, height: 4, stride: 32, format: .bgrx), bytes.span)
  }
}

@Suite struct PolledScreenTests {
  private func picture(_ capture: LiveCapture) throws -> LivePicture {
    guard case .picture(let picture) = capture else {
      throw CaptureIssue(place: "test", message: "no picture")
    }
    return picture
  }

  @Test func anUnchangedPictureIsDetected() throws {
    let memory = RestlessMemory()
    let screen = PolledScreen(memory, interval: 1_000_000)
    #expect(try !screen.isUnchanged(), "nothing was captured yet")
    let first = try picture(screen.capture(isThorough: false))
    #expect(first.damage == nil && screen.tornReads == 0)
    #expect(try screen.isUnchanged())
    memory.bytes[5] ^= 1
    #expect(try !screen.isUnchanged())
    #expect(try screen.waitForChange(until: MonotonicClock.now + 1_000_000_000))
    _ = try screen.capture(isThorough: false)
    #expect(try screen.isUnchanged())
  }

  /// A copy is one read, and the check whether it is still valid another.
  @Test(arguments: [(1, 1), (3, 2), (5, 3), (20, PolledScreen.attempts)])
  func aPictureDrawnOnIsReadAgain(drawn: Int, torn: Int) throws {
    let memory = RestlessMemory()
    let screen = PolledScreen(memory, interval: 1_000_000)
    memory.drawnBehind = drawn
    _ = try screen.capture(isThorough: false)
    #expect(screen.tornReads == torn)
    memory.drawnBehind = 0
    #expect(try screen.isUnchanged() == (torn < PolledScreen.attempts))
  }

  @Test func pollingSlowsDownWhileNothingChanges() throws {
    let memory = RestlessMemory()
    let screen = PolledScreen(memory, interval: 1_000_000)
    _ = try screen.capture(isThorough: false)
    func time(_ looks: Int) throws -> Int64 {
      let start = MonotonicClock.now
      for _ in 0..<looks { _ = try screen.waitForChange(until: start + 60_000_000_000) }
      return MonotonicClock.now - start
    }
    let early = try time(20)
    let late = try time(20)
    #expect(late >= 20 * 4_000_000 && early < late)
  }

  @Test func framesRecogniseTheirOwnBytes() throws {
    for stride in [12, 13, 16] {
      var bytes = [UInt8]((0..<UInt8(stride * 2 + 12)))
      let frame = try Frame(width: 3, height: 3, stride: stride, format: .bgrx, bytes: bytes.span)
      func isMade(of bytes: [UInt8]) -> Bool { frame.isMade(of: bytes.span) }
      #expect(isMade(of: bytes))
      #expect(!isMade(of: Array(bytes.dropLast())))
      for index in [0, 11, stride, bytes.count - 1] {
        bytes[index] ^= 0x80
        #expect(!isMade(of: bytes))
        bytes[index] ^= 0x80
      }
      #expect(isMade(of: bytes + [1, 2, 3]))
    }
  }
}
