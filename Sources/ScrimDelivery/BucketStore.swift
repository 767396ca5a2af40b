import Glibc
public import ScrimFormat
public import ScrimStore
import ScrimSystem

/// Many sessions in a bucket of an S3-compatible store, in the layout of ``StoreLayout``: the storage of servers
/// that run side by side, and of the commands that delete.
///
///     {project}/sessions/YYYY/MM/DD/{session}/manifest.json, segments/{index}.scrim
///     {project}/deleted/{session}                                a tombstone
///     {project}/audit/YYYY/MM/DD/{time}-{random}[-{session}].jsonl   lines of the audit log; {session}: it was deleted
///
/// A call makes up to four attempts within some seconds.
public struct BucketStore: SessionStorage {
  let bucket: S3Bucket

  /// - Parameters:
  ///   - address: `s3://BUCKET/PREFIX`.
  ///   - profile: a profile of AWS's files; nil uses the environment's.
  ///   - certificates: a file of certificates to trust instead of the system's.
  /// - Throws: ``DestinationError`` if the address is none, or there are no credentials.
  public init(
    address: String, profile: String? = nil, certificates: String? = nil, environment: [String: String]
  ) throws(DestinationError) {
    var options = DestinationOptions()
    options.profile = profile
    options.certificates = certificates
    options.connectTimeout = 5000
    options.stallTimeout = 20_000
    bucket = try S3Bucket(address, options, environment: environment)
  }

  public var address: String { bucket.address }

  // MARK: Requests

  func fault(_ key: String?, _ answer: String) -> StoreError {
    StoreError("\(bucket.address)\(key.map { "/" + $0 } ?? "")", .remote(answer))
  }

  /// Repeats what may succeed the next time.
  private func attempt<Value>(
    _ key: String?, _ body: () throws(HTTPClient.Failure) -> (Value?, DeliveryAnswer)
  ) throws(StoreError) -> Value {
    var pause: UInt32 = 100_000
    var attempts = 0
    while true {
      attempts += 1
      let words: String
      let isFinal: Bool
      do throws(HTTPClient.Failure) {
        let (value, answer) = try body()
        if let value { return value }
        (words, isFinal) = BucketStore.meaning(answer)
      } catch {
        (words, isFinal) = BucketStore.meaning(error.asDelivery)
      }
      guard !isFinal, attempts < 4 else { throw fault(key, words) }
      usleep(pause)
      pause *= 3
    }
  }

  private static func meaning(_ answer: DeliveryAnswer) -> (words: String, isFinal: Bool) {
    switch answer {
    case .delivered, .cancelled: ("it was cancelled", true)
    case .unreachable(let words), .unproven(let words): (words, false)
    case .status(let status, _, let body):
      ("the store answered \(status) \(body)", status != 429 && status != 408 && status < 500)
    }
  }

  /// - Returns: an answer with one of the statuses.
  func request(
    _ method: String, _ key: String?, query: [(name: String, value: String)] = [],
    headers: [(name: String, value: String)] = [], body: [UInt8]? = nil, limit: Int = 1 << 16,
    accepting statuses: Set<Int>
  ) throws(StoreError) -> HTTPClient.Answer {
    try attempt(key) { () throws(HTTPClient.Failure) in
      let answer = try bucket.send(
        method, key, query: query, headers: headers, body: body, limit: limit)
      return statuses.contains(answer.status) ? (answer, .delivered) : (nil, S3Bucket.meaning(answer))
    }
  }

  private func store(
    _ bytes: [UInt8], _ key: String, type: String, if condition: S3Bucket.Condition
  ) throws(StoreError) -> S3Bucket.Stored {
    try store(key) { () throws(HTTPClient.Failure) in
      try bucket.put(bytes, key, type: type, if: condition)
    }
  }

  private func store(
    _ key: String, _ put: () throws(HTTPClient.Failure) -> S3Bucket.Stored
  ) throws(StoreError) -> S3Bucket.Stored {
    try attempt(key) { () throws(HTTPClient.Failure) in
      let stored = try put()
      if case .refused(let answer) = stored { return (nil, answer) }
      return (stored, .delivered)
    }
  }

  private func read(_ key: String, limit: Int) throws(StoreError) -> HTTPClient.Answer? {
    let answer = try request("GET", key, limit: limit, accepting: [200, 404])
    return answer.status == 404 ? nil : answer
  }

  // MARK: Sessions

  private func segmentKey(_ index: Int, of place: SessionStore.Place) -> String {
    place.path + "/" + SessionFolder.segmentFile(index)
  }
  private func manifestKey(_ place: SessionStore.Place) -> String {
    place.path + "/" + StoreLayout.manifestFile
  }

  public func put(_ file: SealedFile, project: String) throws(StoreError) -> SessionStore.Outcome {
    let place = SessionStore.Place(project: project, session: file.session, start: file.header.start)
    let key = segmentKey(file.index, of: place)
    let stored = try store(key) { () throws(HTTPClient.Failure) in try bucket.put(segment: file, key) }
    if case .conflict = stored {
      return .conflict("another segment \(file.index) of this session is there already")
    }
    return try settle(stored, key, place)
  }

  /// A deletion that began in the meantime doesn't see the new object, so it is removed here.
  private func settle(
    _ stored: S3Bucket.Stored, _ key: String, _ place: SessionStore.Place
  ) throws(StoreError) -> SessionStore.Outcome {
    guard try !isDeleted(place) else {
      try remove([key, key + S3Bucket.damagedSuffix])
      return .deleted
    }
    if case .alreadyThere = stored { return .alreadyThere }
    return .stored
  }

  public func put(
    manifest bytes: [UInt8], _ manifest: SessionManifest, project: String
  ) throws(StoreError) -> SessionStore.Outcome {
    let place = SessionStore.Place(project: project, session: manifest.session, start: manifest.start)
    let key = manifestKey(place)
    for _ in 0..<5 {
      var condition = S3Bucket.Condition.isNew
      if let there = try read(key, limit: BucketStore.manifestLimit) {
        if there.body == bytes { return .alreadyThere }
        // An unreadable manifest is replaced: it holds no list that could be continued.
        if let stored = try? SessionManifest(json: there.body, path: key),
          let conflict = manifest.conflict(with: stored)
        {
          return .conflict(conflict)
        }
        condition = there.header("etag").map { .replaces($0) } ?? .always
      }
      let stored = try store(bytes, key, type: S3Destination.manifestType, if: condition)
      // Another server replaced it in between: compared again.
      if case .conflict = stored { continue }
      return try settle(stored, key, place)
    }
    throw fault(key, "other servers replace this manifest all the time")
  }

  static let manifestLimit = 1 << 28

  public func segment(_ index: Int, of place: SessionStore.Place) throws(StoreError) -> [UInt8]? {
    try read(segmentKey(index, of: place), limit: SealedFile.limit)?.body
  }

  public func manifest(of place: SessionStore.Place) throws(StoreError) -> [UInt8]? {
    try read(manifestKey(place), limit: BucketStore.manifestLimit)?.body
  }

  public func isDeleted(_ place: SessionStore.Place) throws(StoreError) -> Bool {
    try request(
      "HEAD", StoreLayout.tombstone(place.session, project: place.project), accepting: [200, 404]
    ).status == 200
  }

  /// Whether the bucket can be read now.
  public func check() throws(StoreError) {
    _ = try request(
      "GET", nil, query: [("list-type", "2"), ("max-keys", "1"), ("prefix", bucket.prefix)], limit: 1 << 20,
      accepting: [200])
  }

  /// 32 random bytes that all servers over the bucket share: the first one stores them. Who reads the bucket can
  /// read every session anyway.
  public func secret() throws(StoreError) -> [UInt8] {
    let key = ".server/secret"
    for _ in 0..<3 {
      if let there = try read(key, limit: 1 << 10) {
        guard there.body.count == 32 else { throw fault(key, "it has not 32 bytes; remove it") }
        return there.body
      }
      var generator = SystemRandomNumberGenerator()
      let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
      _ = try store(bytes, key, type: "application/octet-stream", if: .isNew)
    }
    throw fault(key, "it can't be stored")
  }

  // MARK: Deleting

  public func delete(_ place: SessionStore.Place, now: Int64) throws(StoreError) -> SessionStore.Removed {
    let tombstone = StoreLayout.tombstone(place.session, project: place.project)
    _ = try store(
      StoreLayout.tombstoneText(now: now), tombstone, type: S3Destination.manifestType, if: .isNew)
    var removed = SessionStore.Removed()
    // What a writer stores meanwhile without seeing the tombstone is in the second listing, or its writer removes
    // it.
    for _ in 0..<2 {
      let objects = try objects(below: place.path + "/")
      removed.files += objects.count
      removed.bytes += objects.reduce(0) { $0 + $1.bytes }
      try remove(objects.map(\.key))
      if objects.isEmpty { break }
    }
    try removeVersions(below: place.path + "/")
    return removed
  }

  private func remove(_ keys: [String]) throws(StoreError) {
    for key in keys { _ = try request("DELETE", key, accepting: [200, 204, 404]) }
  }

  /// A bucket with versions keeps the bytes of removed objects as older ones: these are removed, too.
  private func removeVersions(below path: String) throws(StoreError) {
    var items = ["versions": "", "prefix": bucket.prefix + path]
    while true {
      let answer = try request(
        "GET", nil, query: items.map { ($0.key, $0.value) }, limit: 1 << 24,
        accepting: [200, 400, 403, 404, 405, 501])
      // Stores without versions don't know the request.
      guard answer.status == 200, let page = S3Listing(answer.body) else { return }
      for object in page.objects {
        guard let version = object.version, let key = relative(object.key) else { continue }
        _ = try request(
          "DELETE", key, query: [("versionId", version)], accepting: [200, 204, 404])
      }
      guard let next = page.next else { return }
      items.merge(next) { $1 }
    }
  }

  // MARK: Audit log

  public func note(_ entries: [AuditEntry]) throws(StoreError) {
    for (project, entries) in Dictionary(grouping: entries, by: \.project) {
      guard let first = entries.first else { continue }
      let deleted = entries.count == 1 && first.action.hasPrefix(BucketStore.deletion) ? first.session : nil
      try note(
        entries.flatMap(\.line), project: project,
        name: BucketStore.auditName(time: first.time, deleted: deleted))
    }
  }

  /// Actions that begin with this word are deletions.
  public static let deletion = "delete"

  /// A unique name of an object of the audit log.
  public static func auditName(time: Int64, deleted: SessionID? = nil) -> String {
    let day = RFC3339.string(time).prefix(10).split(separator: "-").joined(separator: "/")
    let moment = SigV4.date(time)
    let random = String(UInt64.random(in: 0...UInt64.max), radix: 16)
    return "\(day)/\(moment)-\(random)" + (deleted.map { "-\($0)" } ?? "") + ".jsonl"
  }

  /// Stores an object of the audit log; storing the same one again changes nothing.
  ///
  /// - Parameter name: from ``auditName(time:deleted:)``.
  public func note(_ lines: [UInt8], project: String, name: String) throws(StoreError) {
    let key = "\(project)/\(BucketStore.auditFolder)/\(name)"
    if case .conflict = try store(lines, key, type: "application/x-ndjson", if: .isNew) {
      throw fault(key, "another object is there already")
    }
  }

  static let auditFolder = "audit"
}
