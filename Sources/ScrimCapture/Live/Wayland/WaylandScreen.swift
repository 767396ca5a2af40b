import ScrimImage
package import ScrimRedact
import ScrimSystem

/// An output of a Wayland compositor, through wlr-screencopy (wlr-screencopy-unstable-v1, version 3).
///
/// A copy with damage is requested, and answered when something was drawn: until then the compositor does
/// no work for the recording.
final class WaylandScreen: LiveScreen {
  let name: String
  private let connection: WaylandConnection
  private let globals: WaylandGlobals
  private var buffer: WaylandBuffer?
  private var copy: Copy?
  private var hasPicture = false
  private var failures = 0

  private let focus: SwayFocus?

  var tornReads: Int { 0 }

  /// Wayland gives a program no input of other programs.
  func takeInput() -> [Event] { focus?.take(at: MonotonicClock.now) ?? [] }

  var observes: [String] { focus == nil ? [] : ["navigation"] }

  /// A requested copy.
  private struct Copy {
    var object: UInt32
    var offer: WaylandBuffer.Offer?
    /// Whether all formats were offered; the one for shared memory is kept.
    var isOffered = false
    /// When the copy itself was requested, into a buffer of the offered format.
    var askedAt: Int64?
    var isFlipped = false
    var isReady = false
    /// When the picture was presented on the output.
    var moment: Int64 = 0
    var hasFailed = false
    var damage: [Rect] = []
  }

  /// Nanoseconds without an answer after which the compositor counts as stuck.
  private static let answerLimit: Int64 = 5_000_000_000
  /// Drawing is reported with the next picture presented on the output, which takes up to three refreshes
  /// at 60 Hz.
  private static let tellingLimit: Int64 = 50_000_000
  /// Copies fail for a short time while an output changes its mode.
  private static let failureLimit = 50

  /// - Parameters:
  ///   - display: nil uses WAYLAND_DISPLAY.
  ///   - output: nil uses the only one.
  ///   - focus: reports which program has the focus; nil if the compositor doesn't.
  init(display: String?, output: String?, focus: SwayFocus? = nil) throws(CaptureError) {
    self.focus = focus
    connection = try WaylandConnection(display: display)
    name = connection.name
    globals = try WaylandGlobals(connection, output: output)
  }

  func waitForChange(until moment: Int64) throws(CaptureError) -> Bool {
    try ask(withDamage: true)
    try take(until: moment) { $0.isReady }
    return copy?.isReady ?? true
  }

  func isUnchanged() throws(CaptureError) -> Bool {
    try ask(withDamage: true)
    guard let asked = copy?.askedAt else { return false }
    try take(until: max(asked + WaylandScreen.tellingLimit, MonotonicClock.now)) { $0.isReady }
    guard let copy, !copy.isReady else { return false }
    // Everything that the compositor sent before its answer to this has arrived with the answer.
    try globals.sync(connection) { message throws(CaptureError) in try self.note(message) }
    return !(self.copy?.isReady ?? true)
  }

  /// The compositor copies the whole picture, and reports the damage that it drew itself.
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
        CaptureIssue(
          place: name,
          message: "pixels of the format 0x\(String(buffer.offer.format, radix: 16)) can't be read"))
    }
    do {
      let frame = try buffer.frame(format, isFlipped: copy.isFlipped)
      let bounds = Rect(x: 0, y: 0, width: frame.width, height: frame.height)
      // A first picture, or one of another format, comes without damage: all of it is new.
      let damage = copy.damage.isEmpty ? [bounds] : copy.damage.map { $0.intersection(bounds) }
      return LivePicture(frame: frame, damage: Region(union: damage), moment: copy.moment)
    } catch { throw .badInput(CaptureIssue(place: name, message: "\(error)")) }
  }

  /// Requests a copy, unless one is pending.
  private func ask(withDamage: Bool) throws(CaptureError) {
    if let copy, copy.hasFailed { try forgive() }
    guard copy == nil else { return }
    let object = connection.newID()
    copy = Copy(object: object)
    // capture_output: without the pointer, which would cover masks.
    try connection.send(to: globals.manager, 0, [.number(object), .number(0), .number(globals.output)])
    try take(until: MonotonicClock.now + WaylandScreen.answerLimit) { $0.isOffered }
    guard let offer = copy?.offer, copy?.isOffered ?? false else { return }
    if buffer?.offer != offer {
      guard PictureLimits.allow(width: offer.width, height: offer.height), offer.stride >= offer.width,
        offer.bytes <= Int(Int32.max)
      else {
        throw .badInput(
          CaptureIssue(
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

  /// Processes events until a moment, or until the awaited one has arrived.
  private func take(until moment: Int64, _ isEnough: (Copy) -> Bool) throws(CaptureError) {
    while let copy, !isEnough(copy), !copy.hasFailed {
      guard let message = try connection.nextEvent(until: moment) else { return }
      try note(message)
    }
  }

  private func note(_ message: WaylandMessage) throws(CaptureError) {
    if globals.note(message) {
      throw .unavailable(CaptureIssue(place: name, message: "the output was taken away"))
    }
    guard message.object == copy?.object else { return }
    switch message.opcode {
    case 0:
      copy?.offer = WaylandBuffer.Offer(
        format: message[0], width: Int(message[1]), height: Int(message[2]), stride: Int(message[3]))
    case 1: copy?.isFlipped = message[0] & 1 != 0
    case 2:
      // Computed first, because it reads the copy itself.
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

  /// The compositor's presentation time, if it is plausible on our clock: after the copy was requested, and
  /// not in the future.
  private func moment(ofReady message: WaylandMessage) -> Int64 {
    let now = MonotonicClock.now
    let asked = copy?.askedAt ?? now
    let seconds = UInt64(message[0]) << 32 | UInt64(message[1])
    guard seconds < UInt64(Int64.max / 1_000_000_000) else { return asked }
    let current = Int64(seconds) * 1_000_000_000 + Int64(message[2])
    return (asked...now).contains(current) ? current : asked
  }

  /// Destroys the objects of a copy.
  private func drop(_ done: Copy) throws(CaptureError) {
    copy = nil
    try connection.send(to: done.object, 1)
  }

  /// A copy failed: the next one is requested after a pause.
  private func forgive() throws(CaptureError) {
    failures += 1
    guard failures < WaylandScreen.failureLimit else {
      throw .unavailable(CaptureIssue(place: name, message: "the compositor refuses to copy the output"))
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
  ///   - display: as in WAYLAND_DISPLAY; nil uses the variable's value.
  ///   - output: the compositor's name of it, such as `DP-1`, or its number from 1 if the compositor names
  ///     none; nil uses the only one.
  /// - Throws: `unavailable` if no compositor answers, it lacks wlr-screencopy, it has no such output, or
  ///   several and none is named.
  package init(
    wayland display: String?, output: String? = nil,
    trees: @autoclosure () throws(CaptureError) -> (any TreeReader)? = nil,
    options: LiveOptions = LiveOptions()
  ) throws(CaptureError) {
    try self.init(
      WaylandScreen(display: display, output: output, focus: SwayFocus()), trees: trees(), options: options)
  }
}
