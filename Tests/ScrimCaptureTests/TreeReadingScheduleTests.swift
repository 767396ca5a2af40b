import Testing

@testable import ScrimCapture

@Suite struct TreeReadingScheduleTests {
  private let ms: Int64 = 1_000_000

  private func pace(readAt time: Int64 = 0, work: Int64 = 0) -> TreeReadingSchedule {
    var pace = TreeReadingSchedule(settleDelay: 500 * ms, interval: 1000 * ms)
    pace.noteReading(begin: time, end: time + 10 * ms, work: work, isNews: false, isToRepeat: false)
    return pace
  }

  @Test func readsAtOnceAtFirstAndThenOnlyChanges() {
    #expect(TreeReadingSchedule(settleDelay: 1, interval: 1).due == .min)
    #expect(pace().due == nil)
  }

  @Test func readsWhenTheScreenHasNotChanged() {
    var pace = pace()
    pace.noteChange(at: 5000 * ms)
    #expect(pace.due == 5500 * ms)
    pace.noteChange(at: 5100 * ms)
    #expect(pace.due == 5600 * ms)
    pace.noteReading(begin: 5600 * ms, end: 5650 * ms, work: 0, isNews: false, isToRepeat: false)
    #expect(pace.due == nil)
  }

  @Test func readsNowAndThenWhileChangesGoOn() {
    var pace = pace()
    for time in stride(from: Int64(5000), through: 5900, by: 100) { pace.noteChange(at: time * ms) }
    #expect(pace.due == 6000 * ms)
    pace.noteReading(begin: 6000 * ms, end: 6050 * ms, work: 0, isNews: false, isToRepeat: false)
    // Tiles that moved in the last half second were not cleared.
    #expect(pace.due == 6400 * ms)
    for time in stride(from: Int64(6000), through: 6900, by: 100) { pace.noteChange(at: time * ms) }
    #expect(pace.due == 7000 * ms)
  }

  @Test func pausesInProportionToItsWork() {
    var pace = pace(work: 30 * ms)
    pace.noteChange(at: 20 * ms)
    #expect(pace.due == 610 * ms)
    pace = self.pace(work: 1000 * ms)
    pace.noteChange(at: 20 * ms)
    #expect(pace.due == 2010 * ms)
  }

  @Test func readsANewTreeTwice() {
    var pace = pace()
    pace.noteChange(at: 5000 * ms)
    pace.noteReading(begin: 5500 * ms, end: 5510 * ms, work: 0, isNews: true, isToRepeat: false)
    #expect(pace.due == 6260 * ms)
    pace.noteReading(begin: 6260 * ms, end: 6270 * ms, work: 0, isNews: false, isToRepeat: false)
    #expect(pace.due == nil)
    // While changes go on, the next snapshot comes in any case.
    pace.noteChange(at: 7000 * ms)
    pace.noteReading(begin: 7100 * ms, end: 7110 * ms, work: 0, isNews: true, isToRepeat: false)
    #expect(pace.due == 7500 * ms)
  }

  /// A tree that was new while things moved is united with the previous one, until a second snapshot of an
  /// unchanged screen follows.
  @Test func readsTwiceATreeThatWasNewWhileThingsMoved() {
    var pace = pace()
    pace.noteChange(at: 5000 * ms)
    pace.noteReading(begin: 5100 * ms, end: 5110 * ms, work: 0, isNews: true, isToRepeat: false)
    pace.noteReading(begin: 5500 * ms, end: 5510 * ms, work: 0, isNews: false, isToRepeat: false)
    #expect(pace.due == 6260 * ms)
    pace.noteReading(begin: 6260 * ms, end: 6270 * ms, work: 0, isNews: false, isToRepeat: false)
    #expect(pace.due == nil)
  }

  @Test func readsAnIncompleteTreeAgain() {
    var pace = TreeReadingSchedule(settleDelay: 500 * ms, interval: 1000 * ms)
    pace.noteReading(begin: 0, end: 100 * ms, work: 0, isNews: false, isToRepeat: true)
    #expect(pace.due == 600 * ms)
  }
}
