public import ScrimFormat
public import ScrimStore

extension BucketStore {
  /// The objects of a session.
  public struct Content: Hashable, Sendable {
    /// Bytes of the segments, by index.
    public var segments: [Int: Int] = [:]
    /// Identifies the version of the manifest; nil if there is none.
    public var manifestTag: String?
    /// When the last object was stored, by the store's clock: nanoseconds since 1970, 0 if unknown.
    public var modified: Int64 = 0
  }

  /// Names of projects, sorted.
  public func projects() throws(StoreError) -> [String] {
    try folders(in: "").filter { StoreLayout.isProject($0) }
  }

  /// The days with sessions, as nanoseconds of their midnights, newest first.
  public func days(of project: String) throws(StoreError) -> [Int64] {
    var days: [Int64] = []
    let root = project + "/sessions/"
    for year in try folders(in: root) {
      for month in try folders(in: "\(root)\(year)/") {
        for day in try folders(in: "\(root)\(year)/\(month)/") {
          if let start = RFC3339.nanoseconds("\(year)-\(month)-\(day)T00:00:00Z") { days.append(start) }
        }
      }
    }
    return days.sorted(by: >)
  }

  /// The sessions of a day.
  public func sessions(of project: String, on day: Int64) throws(StoreError) -> [SessionID] {
    let date = RFC3339.string(day).prefix(10).split(separator: "-").joined(separator: "/")
    return try folders(in: "\(project)/sessions/\(date)/").compactMap { StoreLayout.session(named: $0) }
  }

  public func content(of place: SessionStore.Place) throws(StoreError) -> Content {
    var content = Content()
    let root = place.path + "/"
    for object in try objects(below: root) {
      let name = object.key.dropFirst(root.count)
      content.modified = max(content.modified, object.modified)
      if name == StoreLayout.manifestFile { content.manifestTag = object.tag }
      guard name.hasPrefix("segments/"),
        let index = StoreLayout.index(ofFile: name.dropFirst("segments/".count))
      else { continue }
      content.segments[index] = object.bytes
    }
    return content
  }

  /// Sessions whose deletion was noted in the audit log since a time, which servers learn from it.
  ///
  /// - Parameter time: nanoseconds since 1970.
  public func deletions(of project: String, since time: Int64, now: Int64) throws(StoreError) -> [SessionID] {
    var found: [SessionID] = []
    var day = time
    while true {
      let name = BucketStore.auditName(time: day)
      let folder = "\(project)/\(BucketStore.auditFolder)/\(name.prefix(11))"
      let start = day == time ? folder + String(name.dropFirst(11).prefix { $0 != "-" }) : nil
      for object in try objects(below: folder, after: start) {
        // TIME-RANDOM-SESSION.jsonl
        let parts = object.key.dropFirst(folder.count).dropLast(".jsonl".count).split(
          separator: "-", maxSplits: 2)
        if parts.count == 3, let session = StoreLayout.session(named: parts[2]) { found.append(session) }
      }
      let next = (day / 86_400_000_000_000 + 1) * 86_400_000_000_000
      guard next <= now else { return found }
      day = next
    }
  }

  public func forEachSession(_ body: (SessionStore.Place) -> Void) throws(StoreError) {
    for project in try projects() {
      for day in try days(of: project) {
        for session in try sessions(of: project, on: day) {
          body(SessionStore.Place(project: project, session: session, start: day))
        }
      }
    }
  }

  public func sizes(project: String?) throws(StoreError) -> [(place: SessionStore.Place, bytes: Int)] {
    var sizes: [(place: SessionStore.Place, bytes: Int)] = []
    let names: [String]
    if let project { names = [project] } else { names = try projects() }
    for name in names {
      // One listing of all objects: sorted, so those of a session follow each other.
      try forEachPage(name + "/sessions/", delimiter: nil, after: nil) { page in
        for object in page.objects {
          guard let place = relative(object.key).flatMap({ BucketStore.place(of: $0, project: name) }) else {
            continue
          }
          if sizes.last?.place == place {
            sizes[sizes.count - 1].bytes += object.bytes
          } else {
            sizes.append((place, object.bytes))
          }
        }
      }
    }
    return sizes
  }

  /// The session of `{project}/sessions/YYYY/MM/DD/{session}/…`.
  private static func place(of key: String, project: String) -> SessionStore.Place? {
    let parts = key.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count > 6, let session = StoreLayout.session(named: parts[5]),
      let start = RFC3339.nanoseconds("\(parts[2])-\(parts[3])-\(parts[4])T00:00:00Z")
    else { return nil }
    return SessionStore.Place(project: project, session: session, start: start)
  }

  // MARK: Pages

  /// All objects below a path, with keys without the bucket's prefix.
  func objects(below path: String, after start: String? = nil) throws(StoreError) -> [S3Listing.Object] {
    var objects: [S3Listing.Object] = []
    try forEachPage(path, delimiter: nil, after: start) { page in
      for object in page.objects {
        guard let key = relative(object.key) else { continue }
        var object = object
        object.key = key
        objects.append(object)
      }
    }
    return objects
  }

  /// Names of the folders directly below a path, which is empty or ends with a slash.
  private func folders(in path: String) throws(StoreError) -> [String] {
    var names: [String] = []
    try forEachPage(path, delimiter: "/", after: nil) { page in
      for folder in page.folders {
        guard let key = relative(folder) else { continue }
        names.append(String(key.dropFirst(path.count).dropLast()))
      }
    }
    return names
  }

  /// A key without the bucket's prefix; nil for one that the listing didn't ask for.
  func relative(_ key: String) -> String? {
    key.hasPrefix(bucket.prefix) ? String(key.dropFirst(bucket.prefix.count)) : nil
  }

  private func forEachPage(
    _ path: String, delimiter: String?, after start: String?, _ body: (S3Listing) -> Void
  ) throws(StoreError) {
    var items = ["list-type": "2", "prefix": bucket.prefix + path]
    if let delimiter { items["delimiter"] = delimiter }
    if let start { items["start-after"] = bucket.prefix + start }
    while true {
      let answer = try request(
        "GET", nil, query: items.map { ($0.key, $0.value) }, limit: 1 << 24, accepting: [200])
      guard let page = S3Listing(answer.body) else {
        throw fault(path, "the store answered no listing")
      }
      body(page)
      guard let next = page.next else { return }
      items.merge(next) { $1 }
    }
  }
}
