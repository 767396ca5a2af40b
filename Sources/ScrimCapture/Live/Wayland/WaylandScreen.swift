import ScrimImage
public import ScrimRedact
import ScrimSystem

/// An output of a Wayland compositor, by wlr-screencopy (wlr-screencopy-unstable-v1, version 3).
///
/// A copy with damage is asked for and answered when something was drawn: until then the compositor has nothing to do for us.
final class WaylandScreen: LiveScreen {
  let name: String
  private let connection: WaylandConnection
  private let globals: WaylandGlobals
  private var buffer: WaylandBuffer?
  private var copy: Copy?
  private var hasPicture = false
  private var failures = 0

  var tornReads: Int { 0 }

  /// A copy that was asked for.
  private struct Copy {
    var object: UInt32
    var offer: WaylandBuffer.Offer?
    /// Whether all shapes were offered, of which the one for shared memory is kept.
    var isOffered = false
    /// When the copy itself was asked for, into a buffer of the offer's shape.
    var askedAt: Int64?
    var isFlipped = false
    var isReady = false
    /// When the picture was put on the output.
    var moment: Int64 = 0
    var hasFailed = false
    var damage: [Rect] = []
  }

  /// A compositor that doesn't answer for this long is stuck, in nanoseconds.
  private static let answerLimit: Int64 = 5_000_000_000
  /// Drawing is told of with the next picture that is put on the output, which takes up to three refreshes of 60 Hz.
  private static let tellingLimit: Int64 = 50_000_000
  /// Copies fail while an output changes its mode; not for long.
  private static let failureLimit = 50

  /// - Parameters:
  ///   - display: nil takes WAYLAND_DISPLAY.
  ///   - output: nil takes the only one.
  init(display: String?, output: String?) throws(CaptureError) {
    connection = try WaylandConnection(display: display)
    name = connection.name
    globals = try WaylandGlobals(connection, output: output)
  }

  func waitForChange(until moment: Int64) throws(CaptureError) -> Bool {
    try ask(withDamage: true)
    try take(until: moment) { $0.isReady }
    return copy?.isReady ?? true
  }

  func isStill() throws(CaptureError) -> Bool {
    try ask(withDamage: true)
    guard let asked = copy?.askedAt else { return false }
    try take(until: max(asked + WaylandScreen.tellingLimit, MonotonicClock.now)) { $0.isReady }
    guard let copy, !copy.isReady else { return false }
    // What the compositor current before it answers this has arrived with the answer.
    try globals.sync(connection) { message throws(CaptureError) in try self.note(message) }
    return !(self.copy?.isReady ?? true)
  }

  /// The compositor copies all of its picture, and tells of the damage that it drew itself.
  func capture(isThorough: Bool) throws(CaptureError) -> LiveCapture {
    while true {
      try ask(withDamage: hasPicture)
      let limit = MonotonicClock.now + WaylandScreen.answerLimit
      while let copy, !copy.isReady, !copy.hasFailed, MonotonicClock.now < limit {
        try take(until: limit) { $0.isReady }
      }
      guard let copy, copy.isReady, let buffer else {
        try forgive()
        continue
      }
      try drop(copy)
      hasPicture = true
      failures = 0
      return .picture(try picture(copy, buffer))
    }
  }

  private func picture(_ copy: Copy, _ buffer: WaylandBuffer) throws(CaptureError) -> LivePicture {
    guard let format = buffer.offer.pixels else {
      throw .badInput(
        CaptureFault(
          place: name,
          message: "pixels of the format 0x\(String(buffer.offer.format, radix: 16)) can't be read"))
    }
    do {
      let frame = try buffer.frame(format, isFlipped: copy.isFlipped)
      let bounds = Rect(x: 0, y: 0, width: frame.width, height: frame.height)
      // A first picture, or one of another shape, comes without damage: all of it is new.
      let damage = copy.damage.isEmpty ? [bounds] : copy.damage.map { $0.intersection(bounds) }
      return LivePicture(frame: frame, damage: Region(union: damage), moment: copy.moment)
    } catch { throw .badInput(CaptureFault(place: name, message: "\(error)")) }
  }

  /// Asks for a copy, unless one is on its way.
  private func ask(withDamage: Bool) throws(CaptureError) {
    if let copy, copy.hasFailed { try forgive() }
    guard copy == nil else { return }
    let object = connection.newID()
    copy = Copy(object: object)
    // capture_output: without the pointer, which would lie over masks.
    try connection.send(to: globals.manager, 0, [.number(object), .number(0), .number(globals.output)])
    try take(until: MonotonicClock.now + WaylandScreen.answerLimit) { $0.isOffered }
    guard let offer = copy?.offer, copy?.isOffered ?? false else { return }
    if buffer?.offer != offer {
      guard SourceLimits.allow(width: offer.width, height: offer.height), offer.stride >= offer.width,
        offer.bytes <= Int(Int32.max)
      else {
        throw .badInput(
          CaptureFault(
            place: name, message: "a picture of \(offer.width)x\(offer.height) is empty or too large"))
      }
      // wl_buffer.destroy
      if let buffer { try connection.send(to: buffer.id, 0) }
      buffer = try WaylandBuffer(offer, connection, shm: globals.shm)
      hasPicture = false
    }
    guard let buffer else { return }
    // copy_with_damage, or copy.
    try connection.send(to: object, withDamage && hasPicture ? 2 : 0, [.number(buffer.id)])
    copy?.askedAt = MonotonicClock.now
  }

  /// Takes in events until a moment, or until what is waited for has come.
  private func take(until moment: Int64, _ isEnough: (Copy) -> Bool) throws(CaptureError) {
    while let copy, !isEnough(copy), !copy.hasFailed {
      guard let message = try connection.nextEvent(until: moment) else { return }
      try note(message)
    }
  }

  private func note(_ message: WaylandMessage) throws(CaptureError) {
    if globals.note(message) {
      throw .unavailable(CaptureFault(place: name, message: "the output was taken away"))
    }
    guard message.object == copy?.object else { return }
    switch message.opcode {
    case 0:
      copy?.offer = WaylandBuffer.Offer(
        format: message[0], width: Int(message[1]), height: Int(message[2]), stride: Int(message[3]))
    case 1: copy?.isFlipped = message[0] & 1 != 0
    case 2:
      // Worked out first: it looks at the copy itself.
      let moment = moment(ofReady: message)
      copy?.isReady = true
      copy?.moment = moment
    case 3: copy?.hasFailed = true
    case 4:
      copy?.damage.append(
        Rect(x: Int(message[0]), y: Int(message[1]), width: Int(message[2]), height: Int(message[3])))
    case 6: copy?.isOffered = true
    default: break
    }
  }

  /// The time that the compositor gives a picture, where it is one of our clock: after the copy was asked for, and not to come.
  private func moment(ofReady message: WaylandMessage) -> Int64 {
    let now = MonotonicClock.now
    let asked = copy?.askedAt ?? now
    let seconds = UInt64(message[0]) << 32 | UInt64(message[1])
    guard seconds < UInt64(Int64.max / 1_000_000_000) else { return asked }
    let current = Int64(seconds) * 1_000_000_000 + Int64(message[2])
    return (asked...now).contains(current) ? current : asked
  }

  /// Destroys what a copy was asked with.
  private func drop(_ done: Copy) throws(CaptureError) {
    copy = nil
    try connection.send(to: done.object, 1)
  }

  /// A copy failed: the next is asked for after a pause.
  private func forgive() throws(CaptureError) {
    failures += 1
    guard failures < WaylandScreen.failureLimit else {
      throw .unavailable(CaptureFault(place: name, message: "the compositor refuses to copy the output"))
    }
    if let copy { try drop(copy) }
    hasPicture = false
    MonotonicClock.wait(for: nil, until: MonotonicClock.now + 100_000_000)
  }
}

extension LiveSource {
  /// Records an output of a Wayland compositor.
  ///
  /// - Parameters:
  ///   - display: as in WAYLAND_DISPLAY; nil takes the variable's.
  ///   - output: the compositor's name of it, such as `DP-1`, or its number from 1 where the compositor names none; nil takes the only one.
  /// - Throws: `unavailable` where no compositor answers, it lacks wlr-screencopy, it has no such output, or several and none is named.
  public init(
    wayland display: String?, output: String? = nil, trees: (any TreeReader)? = nil,
    options: LiveOptions = LiveOptions()
  ) throws(CaptureError) {
    try self.init(WaylandScreen(display: display, output: output), trees: trees, options: options)
  }
}
