import ScrimFormat
import ScrimSystem

/// A moment on the two clocks that a session's clock is held against.
public struct SessionMoment: Hashable, Sendable {
  /// Nanoseconds of CLOCK_BOOTTIME, which goes on while the machine sleeps.
  public var boot: Int64
  /// Nanoseconds since 1970.
  public var wall: Int64

  public init(boot: Int64, wall: Int64) {
    self.boot = boot
    self.wall = wall
  }

  public static var now: SessionMoment { SessionMoment(boot: BootClock.now, wall: WallClock.now) }
}

/// Finds gaps and steps of the wall clock between what a source gives. A live source gives something every few seconds.
struct ClockWatch: Sendable {
  private var last: (time: Int64, moment: SessionMoment)?

  /// Nanoseconds above which a gap and a step are noted.
  static let gap: Int64 = 5_000_000_000
  static let step: Int64 = 1_000_000_000

  /// - Parameters:
  ///   - time: on the session's clock.
  ///   - isEvent: an event comes some time after it took place, which says nothing of the clocks.
  mutating func notes(at time: Int64, _ moment: SessionMoment, isEvent: Bool = false) -> [NoteRecord] {
    let away = moment.boot - (last?.moment.boot ?? moment.boot)
    let advance = isEvent ? away : time - (last?.time ?? time)
    defer { last = ((last?.time ?? time) + advance, moment) }
    guard let last else { return [] }
    var notes: [NoteRecord] = []
    if away > ClockWatch.gap { notes.append(NoteRecord(time: time, kind: .gap, offset: away)) }
    let step = (moment.wall - last.moment.wall) - advance
    // While nothing steps, times are those of when a frame was drawn, which may be a while ago.
    if step.magnitude > ClockWatch.step.magnitude {
      notes.append(NoteRecord(time: time, kind: .clockStep, offset: step))
    }
    return notes
  }
}
