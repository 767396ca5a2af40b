import ScrimJSON

/// The data that Sentry reads with a clip: the clip's time range, taps, and the session's events as breadcrumbs and
/// requests.
struct SentryRecording {
  private let clip: VideoClip
  private let segment: Int
  private let clock: Int64
  private let options: PictureOptions

  /// - Parameter clock: the time 0 of the session's clock, in nanoseconds since 1970.
  init(_ clip: VideoClip, segment: Int, clock: Int64, _ options: PictureOptions) {
    self.clip = clip
    self.segment = segment
    self.clock = clock
    self.options = options
  }

  /// A line with the segment's number, followed by the events as one list.
  func payload(_ events: [SessionEvents.Entry]) -> [UInt8] {
    let start = milliseconds(clip.start)
    var list = [
      RRWebEvent.meta(at: start, width: clip.width, height: clip.height),
      RRWebEvent.custom(
        "video", at: start,
        .members([
          "segmentId": .integer(segment), "size": .integer(clip.bytes),
          "duration": .integer(clip.milliseconds), "encoding": "h264", "container": "mp4",
          "height": .integer(clip.height), "width": .integer(clip.width),
          "frameCount": .integer(clip.frames), "frameRate": .integer(clip.rate),
          "frameRateType": "constant", "left": 0, "top": 0,
        ])),
    ]
    for event in events { list += converted(event) }
    return JSON.members(["segment_id": .integer(segment)]).canonicalBytes + [0x0A]
      + JSON.array(list).canonicalBytes
  }

  private func converted(_ event: SessionEvents.Entry) -> [JSON] {
    if let place = event.place { return touches(event, place.x * options.scale, place.y * options.scale) }
    switch event.type {
    case "navigation":
      let to = event.text("url") ?? event.text("name") ?? ""
      return [
        breadcrumb(
          event, "navigation", message: nil, level: "info", ["from": .string(""), "to": .string(to)])
      ]
    case "log":
      let level = event.text("level") ?? "info"
      return [breadcrumb(event, "console", message: event.text("message"), level: level, [:])]
    case "error":
      let message = [event.text("name"), event.text("message")].compactMap { $0 }.joined(separator: ": ")
      return [breadcrumb(event, "exception", message: message, level: "error", [:])]
    case "test", "mark":
      return [
        breadcrumb(event, event.type, message: event.text("name"), level: "info", ["event": event.json])
      ]
    case "network": return [request(event)]
    default: return []
    }
  }

  /// Sentry draws the start and end of touches of node 0, for at least half a second.
  private func touches(_ event: SessionEvents.Entry, _ x: Double, _ y: Double) -> [JSON] {
    let time = milliseconds(event.time)
    func touch(_ kind: RRWebEvent.Interaction, _ time: Int64) -> JSON {
      RRWebEvent.interaction(kind, at: time, x: x, y: y, node: 0)
    }
    return switch event.type {
    case "button": [touch(.touchStart, time), touch(.touchEnd, time)]
    case "button-down", "touch-down": [touch(.touchStart, time)]
    case "button-up", "touch-up": [touch(.touchEnd, time)]
    default: []
    }
  }

  private func breadcrumb(
    _ event: SessionEvents.Entry, _ category: String, message: String?, level: String,
    _ data: KeyValuePairs<String, JSON>
  ) -> JSON {
    RRWebEvent.custom(
      "breadcrumb", at: milliseconds(event.time),
      .members([
        "type": "default", "category": .string(category), "level": .string(level),
        "timestamp": .number(seconds(event.time)), "message": message.map(JSON.string) ?? .null,
        "data": .members(data),
      ]))
  }

  /// A request, which starts at its event's time, as in the page.
  private func request(_ event: SessionEvents.Entry) -> JSON {
    let start = seconds(event.time)
    var data: [JSON.Member] = []
    if let method = event.text("method") { data.append(JSON.Member("method", .string(method))) }
    for (key, name) in [
      ("status", "statusCode"), ("request_bytes", "requestBodySize"), ("response_bytes", "responseBodySize"),
    ] {
      if let number = event.number(key) { data.append(JSON.Member(name, .number(number))) }
    }
    return RRWebEvent.custom(
      "performanceSpan", at: milliseconds(event.time),
      .members([
        "op": "resource.http", "description": .string(event.text("url") ?? ""),
        "startTimestamp": .number(start),
        "endTimestamp": .number(start + max(0, event.number("duration_ms") ?? 0) / 1000),
        "data": .object(data),
      ]))
  }

  func milliseconds(_ time: Int64) -> Int64 { (clock + time) / 1_000_000 }

  /// Seconds since 1970, rounded to a microsecond.
  func seconds(_ time: Int64) -> Double { ((Double(clock + time) / 1e3).rounded()) / 1e6 }
}
