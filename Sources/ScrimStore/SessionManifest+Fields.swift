import ScrimFormat
import ScrimJSON

extension SessionManifest {
  static let format = "scrim-session/1"

  /// UTF-8, keys sorted, times in milliseconds with as few decimals as needed, a line feed at the end.
  public var json: [UInt8] {
    if let envelope { return sealedJSON(envelope) }
    return JSON.object(
      about.members(of: session) + [
        JSON.Member("format", .string(SessionManifest.format)),
        JSON.Member("id", .string(session.description)),
        JSON.Member("started_at", .string(RFC3339.string(start))),
        JSON.Member("width", .number(Double(width))),
        JSON.Member("height", .number(Double(height))),
        JSON.Member("policy_sha256", .string(policy.description)),
        JSON.Member("producer", .string(producer)),
        JSON.Member("state", .string(state.rawValue)),
        JSON.Member("segments", .array(segments.indices.map(segmentJSON))),
      ]
    ).prettyBytes + [0x0A]
  }

  /// With nothing but what the session's place, its order and its completeness need.
  private func sealedJSON(_ envelope: SessionEnvelope) -> [UInt8] {
    var members = [
      JSON.Member("format", .string(SessionManifest.sealedFormat)),
      JSON.Member("id", .string(session.description)),
      JSON.Member("started_at", .string(RFC3339.string(start))),
      JSON.Member("state", .string(state.rawValue)),
      JSON.Member("sealed_to", .string(envelope.key.description)),
      JSON.Member("sealed_key", .string(Hex.string(envelope.secret))),
      JSON.Member("segments", .array(segments.indices.map(segmentJSON))),
    ]
    if !envelope.about.isEmpty {
      members.append(JSON.Member("sealed_about", .string(Hex.string(envelope.about))))
    }
    return JSON.object(members).prettyBytes + [0x0A]
  }

  private func segmentJSON(_ index: Int) -> JSON {
    let segment = segments[index]
    guard envelope != nil else { return segment.json(at: index) }
    return .object([
      JSON.Member("index", .number(Double(index))),
      JSON.Member("file", .string(SessionFolder.segmentFile(index))),
      JSON.Member("bytes", .number(Double(segment.bytes))),
      JSON.Member("sha256", .string(segment.digest.description)),
      JSON.Member(
        "previous_sha256", .string((index == 0 ? .zero : segments[index - 1].digest).description)),
    ])
  }

  /// The line of `segments.jsonl` that lists a segment, with its line feed.
  func line(_ index: Int) -> [UInt8] { segmentJSON(index).canonicalBytes + [0x0A] }

  /// Appends the segment of a line of `segments.jsonl`.
  mutating func append(line: [UInt8], path: String) throws(StoreError) {
    let json: JSON
    do { json = try JSON(line, keepingDigits: true) } catch {
      throw StoreError(path, .badManifest("line \(segments.count + 1) is not JSON"))
    }
    try append(json, path: path)
  }

  private mutating func append(_ json: JSON, path: String) throws(StoreError) {
    let index = segments.count
    guard envelope != nil else { return segments.append(try Segment(json, at: index, path: path)) }
    let name = "segment \(index)"
    let fields = ManifestFields(json, path: path, place: " of \(name)")
    try fields.checkPlace(index, name)
    let previous = try fields.valid(SHA256Digest(hex: fields.text("previous_sha256")), "previous_sha256")
    guard previous == lastDigest else {
      throw StoreError(path, .badManifest("\(name) of the list does not follow the segment before it"))
    }
    segments.append(
      Segment(
        envelope: try fields.count("bytes"),
        digest: try fields.valid(SHA256Digest(hex: fields.text("sha256")), "sha256")))
  }

  /// Reads a manifest; unknown keys are ignored.
  ///
  /// - Throws: ``StoreError`` that names `path`, if anything is missing, of a wrong type or out of order.
  public init(json: [UInt8], path: String) throws(StoreError) {
    let fields: ManifestFields
    do {
      fields = ManifestFields(try JSON(json, keepingDigits: true), path: path, place: "")
    } catch { throw StoreError(path, .badManifest("the manifest is not JSON")) }
    let format = try fields.text("format")
    guard format == SessionManifest.format || format == SessionManifest.sealedFormat else {
      throw StoreError(
        path, .badManifest("the manifest is of the format \(format), not \(SessionManifest.format)"))
    }
    let isSealed = format == SessionManifest.sealedFormat
    session = try fields.valid(SessionID(fields.text("id")), "id")
    start = try fields.valid(RFC3339.nanoseconds(fields.text("started_at")), "started_at")
    width = isSealed ? 0 : try fields.count("width")
    height = isSealed ? 0 : try fields.count("height")
    policy =
      isSealed ? .zero : try fields.valid(SHA256Digest(hex: fields.text("policy_sha256")), "policy_sha256")
    producer = isSealed ? "" : try fields.text("producer")
    state = try fields.valid(State(rawValue: fields.text("state")), "state")
    about = isSealed ? SessionAbout() : try SessionAbout(fields)
    envelope = isSealed ? try SessionEnvelope(fields) : nil
    segments = []
    for entry in try fields.list("segments") { try append(entry, path: path) }
  }
}

extension SessionEnvelope {
  fileprivate init(_ fields: ManifestFields) throws(StoreError) {
    key = try fields.valid(KeyID(hex: fields.text("sealed_to")), "sealed_to")
    secret = try fields.valid(Hex.bytes(fields.text("sealed_key")), "sealed_key")
    guard secret.count == SessionSecret.sealedBytes else {
      throw StoreError(fields.path, .badManifest("sealed_key has no valid value"))
    }
    if let about = try fields.optionalText("sealed_about") {
      self.about = try fields.valid(Hex.bytes(about), "sealed_about")
    }
  }
}

extension SessionAbout {
  /// The members of the JSON object; empty ones are left out.
  func members(of session: SessionID) -> [JSON.Member] {
    var members: [JSON.Member] = []
    func add(_ key: String, _ value: JSON?) {
      if let value { members.append(JSON.Member(key, value)) }
    }
    func list(_ values: [String]) -> JSON? { values.isEmpty ? nil : .array(values.map(JSON.string)) }
    func count(_ value: Int) -> JSON? { value == 0 ? nil : .number(Double(value)) }
    add("kind", kind.map { .string($0.rawValue) })
    add("ended", ended.map { .string($0.rawValue) })
    add("previous_id", previousID.map(JSON.string))
    add("error_ids", list(errorIDs))
    add("trace_ids", list(traceIDs))
    add("dropped_frames", count(droppedFrames))
    add("dropped_events", count(droppedEvents))
    add("observed_events", observedEvents.map { .array($0.map(JSON.string)) })
    add("attributes", service.isEmpty ? nil : attributes(of: session))
    return members
  }

  /// OpenTelemetry's names of what describes the recorded program and its session.
  private func attributes(of session: SessionID) -> JSON {
    let service = service.cut
    let values: [(String, String?)] = [
      ("service.name", service.name), ("service.version", service.version),
      ("deployment.environment", service.environment), ("session.id", "\(session)"),
      ("session.previous_id", previousID),
    ]
    return .object(values.compactMap { key, value in value.map { JSON.Member(key, .string($0)) } })
  }

  /// Ignores kinds and ends that a later version may add.
  init(_ fields: ManifestFields) throws(StoreError) {
    self.init(
      kind: try fields.optionalText("kind").flatMap(Kind.init),
      ended: try fields.optionalText("ended").flatMap(End.init),
      previousID: try fields.optionalText("previous_id"), errorIDs: try fields.texts("error_ids"),
      traceIDs: try fields.texts("trace_ids"), droppedFrames: try fields.optionalCount("dropped_frames") ?? 0,
      droppedEvents: try fields.optionalCount("dropped_events") ?? 0,
      observedEvents: try fields.optionalTexts("observed_events"),
      service: ServiceAttributes(
        name: fields.attribute("service.name"), version: fields.attribute("service.version"),
        environment: fields.attribute("deployment.environment")))
  }
}

extension SessionManifest.Segment {
  fileprivate func json(at index: Int) -> JSON {
    .object([
      JSON.Member("index", .number(Double(index))),
      JSON.Member("file", .string(SessionFolder.segmentFile(index))),
      JSON.Member("bytes", .number(Double(bytes))),
      JSON.Member("sha256", .string(digest.description)),
      JSON.Member("width", .number(Double(width))),
      JSON.Member("height", .number(Double(height))),
      JSON.Member("frames", .number(Double(frames))),
      JSON.Member("events", .number(Double(events))),
      JSON.Member("first_t_ms", .digits(ExactMilliseconds.text(times.lowerBound))),
      JSON.Member("last_t_ms", .digits(ExactMilliseconds.text(times.upperBound))),
    ])
  }

  fileprivate init(_ json: JSON, at index: Int, path: String) throws(StoreError) {
    let name = "segment \(index)"
    let fields = ManifestFields(json, path: path, place: " of \(name)")
    try fields.checkPlace(index, name)
    let first = try fields.time("first_t_ms")
    let last = try fields.time("last_t_ms")
    guard first <= last else { throw StoreError(path, .badManifest("\(name) ends before it starts")) }
    self.init(
      bytes: try fields.count("bytes"),
      digest: try fields.valid(SHA256Digest(hex: fields.text("sha256")), "sha256"),
      width: try fields.count("width"), height: try fields.count("height"),
      frames: try fields.count("frames"), events: try fields.count("events"), times: first...last)
  }
}

/// Typed access to the members of a manifest's object; its errors name the member.
struct ManifestFields {
  let json: JSON
  let path: String
  /// Text after the name of a member, in messages.
  let place: String

  init(_ json: JSON, path: String, place: String) {
    self.json = json
    self.path = path
    self.place = place
  }

  /// Checks index and file of a segment's object.
  func checkPlace(_ index: Int, _ name: String) throws(StoreError) {
    let given = try count("index")
    guard given == index else {
      throw fault("\(name) of the list has index \(given): a segment is missing")
    }
    guard try text("file") == SessionFolder.segmentFile(index) else {
      throw fault("\(name) is not the file \(SessionFolder.segmentFile(index))")
    }
  }

  private func fault(_ text: String) -> StoreError { StoreError(path, .badManifest(text)) }

  func valid<Value>(_ value: Value?, _ key: String) throws(StoreError) -> Value {
    guard let value else { throw fault("\(key)\(place) has no valid value") }
    return value
  }

  private func member(_ key: String) throws(StoreError) -> JSON {
    guard let value = json[key] else { throw fault("\(key)\(place) is missing") }
    return value
  }

  func text(_ key: String) throws(StoreError) -> String {
    guard case .string(let text) = try member(key) else { throw fault("\(key)\(place) must be a string") }
    return text
  }

  /// A text of the object `attributes`; other kinds of values are ignored.
  func attribute(_ key: String) -> String? {
    if case .string(let text)? = json["attributes"]?[key] { text } else { nil }
  }

  func optionalText(_ key: String) throws(StoreError) -> String? { json[key] == nil ? nil : try text(key) }

  func optionalCount(_ key: String) throws(StoreError) -> Int? { json[key] == nil ? nil : try count(key) }

  func optionalTexts(_ key: String) throws(StoreError) -> [String]? {
    json[key] == nil ? nil : try texts(key)
  }

  /// A list of strings; empty if it is missing.
  func texts(_ key: String) throws(StoreError) -> [String] {
    guard json[key] != nil else { return [] }
    var texts: [String] = []
    for item in try list(key) {
      guard case .string(let text) = item else { throw fault("\(key)\(place) must hold strings") }
      texts.append(text)
    }
    return texts
  }

  func list(_ key: String) throws(StoreError) -> [JSON] {
    guard case .array(let items) = try member(key) else { throw fault("\(key)\(place) must be a list") }
    return items
  }

  private func digits(_ key: String) throws(StoreError) -> String {
    guard case .digits(let digits) = try member(key) else { throw fault("\(key)\(place) must be a number") }
    return digits
  }

  /// A whole number of zero or more.
  func count(_ key: String) throws(StoreError) -> Int {
    guard let value = Int(try digits(key)), value >= 0 else {
      throw fault("\(key)\(place) must be a whole number")
    }
    return value
  }

  func time(_ key: String) throws(StoreError) -> Int64 {
    try valid(ExactMilliseconds.nanoseconds(try digits(key)), key)
  }
}
