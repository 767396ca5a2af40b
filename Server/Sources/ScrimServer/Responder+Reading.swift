import Foundation
import HTTPTypes
import Hummingbird
import ScrimFormat
import ScrimPlayer
import ScrimStore

extension Responder {
  func read(
    _ request: Request, _ object: Object, _ session: SessionID, _ key: AccessKey, _ context: ServerContext
  ) async throws -> Response {
    let location = try await location(session, key)
    let service = service
    let found: StoredContent? = try await onDisk {
      switch object {
      case .manifest: try service.manifest(of: location).map { StoredContent($0) }
      case .segment(let index): try service.content(ofSegment: index, of: location)
      }
    }
    guard let content = found else { throw Refusal(404, "the file does not exist") }
    var action = "read manifest"
    if case .segment(let index) = object { action = "read segment \(index)" }
    audit(action, session, key, context)
    var headers = Self.headers(content.digest)
    headers[.acceptRanges] = "bytes"
    if case .manifest = object {
      headers[.contentType] = "application/json"
    } else {
      headers[.contentType] = "application/vnd.scrim.segment"
    }
    if request.headers[.ifNoneMatch] == "\"\(content.digest)\"" {
      return Response(status: .notModified, headers: headers)
    }
    let range = try Self.range(request, of: content.count)
    if let range {
      headers[.contentDigest] = nil
      headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(content.count)"
    }
    return Response(
      status: range == nil ? .ok : .partialContent, headers: headers,
      body: try bodies.body(content, range ?? 0..<content.count))
  }

  /// The requested range; nil for the whole file. Several ranges in one request get the whole file, as RFC 9110
  /// allows.
  static func range(_ request: Request, of count: Int) throws -> Range<Int>? {
    guard let field = request.headers[.range], field.hasPrefix("bytes="), !field.contains(",") else {
      return nil
    }
    let ends = field.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2 else { return nil }
    let first = Int(ends[0])
    let last = Int(ends[1])
    var range: Range<Int>
    switch (first, last) {
    case (nil, let suffix?) where ends[0].isEmpty && suffix >= 0: range = max(0, count - suffix)..<count
    case (let first?, nil) where ends[1].isEmpty && first >= 0: range = min(first, count)..<count
    case (let first?, let last?) where first >= 0 && last >= first:
      range = min(first, count)..<min(last == .max ? count : last + 1, count)
    default: return nil
    }
    guard !range.isEmpty else { throw Refusal(416, "the object has \(count) bytes") }
    return range
  }

  func audit(_ action: String, _ session: SessionID, _ key: AccessKey, _ context: ServerContext) {
    auditLog.write(entry(action, session, key, context))
  }

  func entry(
    _ action: String, _ session: SessionID, _ key: AccessKey, _ context: ServerContext
  ) -> AuditEntry {
    AuditEntry(
      time: Self.now, key: key.name, remote: context.remote, project: key.project, session: session,
      action: action)
  }

  func location(_ session: SessionID, _ key: AccessKey) async throws -> SessionLocation {
    let service = service
    switch try await onDisk({ try service.find(session, project: key.project) }) {
    case .here(let location): return location
    case .deleted: throw Refusal(410, "the session was deleted")
    case .unknown: throw Refusal(404, "there is no such session")
    }
  }

  func list(_ request: Request, _ key: AccessKey) async throws -> Response {
    var query = SessionIndex.Query()
    for (name, value) in request.uri.queryParameters {
      let value = String(value)
      guard value.utf8.count <= 200 else { throw Refusal(400, "\(name) is too long") }
      switch name {
      case "trace_id": query.traceID = value
      case "error_id": query.errorID = value
      case "q": query.text = value
      case "after":
        guard let cursor = SessionIndex.Cursor(value) else {
          throw Refusal(400, "after is not a value that a page returned")
        }
        query.after = cursor
      case "limit":
        guard let limit = Int(value), (1...500).contains(limit) else {
          throw Refusal(400, "limit is 1 to 500")
        }
        query.limit = limit
      case "filter":
        guard let filter = SessionIndex.Filter(rawValue: value) else {
          throw Refusal(400, "filter is one of \(Self.names(SessionIndex.Filter.self))")
        }
        query.filter = filter
      case "sort":
        guard let sort = SessionIndex.Sort(rawValue: value) else {
          throw Refusal(400, "sort is one of \(Self.names(SessionIndex.Sort.self))")
        }
        query.sort = sort
      case "order":
        guard ["up", "down"].contains(value) else { throw Refusal(400, "order is up or down") }
        query.isAscending = value == "up"
      default: throw Refusal(400, "there is no parameter of that name")
      }
    }
    let service = service
    let project = key.project
    let bound = query
    let page = try await onDisk {
      let (entries, next) = try service.index.list(bound, project: project)
      return Page(sessions: entries.map(Page.Item.init), next: next.map { "\($0)" })
    }
    return try Self.json(page, .ok)
  }

  private static func names<Name: RawRepresentable<String> & CaseIterable>(_: Name.Type) -> String {
    Name.allCases.map(\.rawValue).joined(separator: ", ")
  }
}

private struct Page: Encodable {
  struct Item: Encodable {
    var session: String
    var startedAt: String
    var duration: Double
    var segments: Int
    var bytes: Int64
    var frames: Int
    var events: Int
    /// These four are left out if they are unknown.
    var errors: Int?
    var rages: Int?
    var deadClicks: Int?
    var frozen: Int?
    var width: Int
    var height: Int
    var producer: String
    var state: String

    enum CodingKeys: String, CodingKey {
      case session, segments, bytes, frames, events, errors, frozen, width, height, producer, state
      case rages = "rage_clicks"
      case deadClicks = "dead_clicks"
      case startedAt = "started_at"
      case duration = "duration_ms"
    }

    init(_ entry: SessionIndex.Entry) {
      session = entry.session
      startedAt = RFC3339.string(entry.start)
      duration = Double(entry.last) / 1e6
      segments = entry.segments
      bytes = entry.bytes
      frames = entry.frames
      events = entry.events
      errors = entry.knownErrors
      rages = entry.count(.rage)
      deadClicks = entry.count(.dead)
      frozen = entry.count(.frozen)
      width = entry.width
      height = entry.height
      producer = entry.producer
      state = entry.state
    }
  }

  var sessions: [Item]
  /// The value of `after` for the next page.
  var next: String?
}
