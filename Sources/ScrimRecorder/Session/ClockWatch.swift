import ScrimFormat
import ScrimSystem

/// A moment on the two clocks with which a session's clock is compared.
public struct SessionMoment: Hashable, Sendable {
  /// Nanoseconds of CLOCK_BOOTTIME, which continues while the machine sleeps.
  public var boot: Int64
  /// Nanoseconds since 1970.
  public var wall: Int64

  public init(boot: Int64, wall: Int64) {
    self.boot = boot
    self.wall = wall
  }

  public static var now: SessionMoment { SessionMoment(boot: BootClock.now, wall: WallClock.now) }
}

/// Detects gaps between the items of a source, and steps of the wall clock. A live source delivers an item every
/// few seconds.
struct ClockWatch: Sendable {
  private var last: (time: Int64, moment: SessionMoment)?

  /// The time of the session's clock at the last item: of an event that of its arrival, not its own, which may be seconds
  /// before; nil before the first item.
  var time: Int64? { last?.time }

  /// Nanoseconds above which a gap or a step is noted.
  static let gap: Int64 = 5_000_000_000
  static let step: Int64 = 1_000_000_000

  /// - Parameters:
  /// - time: on the session's clock.
  /// - isEvent: whether the item is an event: it arrives some time after it happened, which says nothing about the
  ///   clocks.
  mutating func notes(at time: Int64, _ moment: SessionMoment, isEvent: Bool = false) -> [NoteRecord] {
    let away = moment.boot - (last?.moment.boot ?? moment.boot)
    let advance = isEvent ? away : time - (last?.time ?? time)
    defer { last = ((last?.time ?? time) + advance, moment) }
    guard let last else { return [] }
    var notes: [NoteRecord] = []
    if away > ClockWatch.gap { notes.append(NoteRecord(time: time, kind: .gap, offset: away)) }
    let step = (moment.wall - last.moment.wall) - advance
    // A frame's time is that of its drawing, a while before its arrival: small differences are no step.
    if step.magnitude > ClockWatch.step.magnitude {
      notes.append(NoteRecord(time: time, kind: .clockStep, offset: step))
    }
    return notes
  }
}
