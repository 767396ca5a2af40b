import Hummingbird
import NIOPosix
import Testing

@testable import ScrimServer

@Suite struct AnswerBodyTests {
  @Test func largeBodiesAreCountedUntilTheyAreSent() throws {
    let bodies = AnswerBodies(disk: .singleton, budget: BodyBudget(300_000))
    let large = [UInt8](repeating: 1, count: 200_000)
    let first = try bodies.body(large[...])
    #expect(first.contentLength == 200_000)
    #expect(throws: Refusal.self) { try bodies.body(large[...]) }
    #expect(try bodies.body(large[..<1000]).contentLength == 1000)
    withExtendedLifetime(first) {}
    do {
      let other = AnswerBodies(disk: .singleton, budget: BodyBudget(300_000))
      for _ in 0..<3 { #expect(try other.body(large[...]).contentLength == 200_000) }
    }
  }
}
