import ScrimFormat

/// Signs requests for AWS's services (Signature Version 4). Written here because libcurl's signing (from
/// 7.75 on) changes paths in ways that differ between its versions; this is 100 lines that pass AWS's own
/// 34 test cases.
struct SigV4: Sendable {
  struct Credentials: Hashable, Sendable {
    var accessKey: String
    var secretKey: String
    /// For temporary credentials.
    var sessionToken: String?
  }

  var credentials: Credentials
  var region: String
  var service: String

  /// The signed parts of a request. `path` and `query` are already canonical.
  struct Request {
    var method: String
    var path: String
    var query: String
    /// In any order and case; all of them are signed.
    var headers: [(name: String, value: String)]
    /// SHA-256 of the body, in hexadecimal.
    var payload: String
  }

  /// The value of the `Authorization` header.
  ///
  /// - Parameter date: `20150830T123600Z`, as in the header `x-amz-date`.
  func authorization(for request: Request, date: String) -> String {
    let scope = "\(date.prefix(8))/\(region)/\(service)/aws4_request"
    let (canonical, signed) = SigV4.canonical(request)
    let toSign = SigV4.stringToSign(canonical, date: date, scope: scope)
    var key = Array("AWS4\(credentials.secretKey)".utf8)
    for part in [String(date.prefix(8)), region, service, "aws4_request", toSign] {
      key = HMAC.sha256(key: key, Array(part.utf8))
    }
    let signature = SHA256Digest(key).description
    return "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope), SignedHeaders=\(signed), "
      + "Signature=\(signature)"
  }

  static func stringToSign(_ canonical: String, date: String, scope: String) -> String {
    "AWS4-HMAC-SHA256\n\(date)\n\(scope)\n\(SHA256.digest(Array(canonical.utf8).span))"
  }

  /// The canonical request, and the names of the headers in it.
  static func canonical(_ request: Request) -> (text: String, signedHeaders: String) {
    var values: [String: [String]] = [:]
    for (name, value) in request.headers {
      values[name.lowercased(), default: []].append(collapse(value))
    }
    let names = values.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    let lines = names.map { "\($0):\(values[$0, default: []].joined(separator: ","))\n" }.joined()
    let signed = names.joined(separator: ";")
    let text = "\(request.method)\n\(request.path)\n\(request.query)\n\(lines)\n\(signed)\n\(request.payload)"
    return (text, signed)
  }

  /// A path with percent-encoding, applied once. S3 uses paths as they are; other services remove `.`, `..`
  /// and empty parts first.
  static func path(_ path: String, isNormalized: Bool) -> String {
    guard isNormalized else { return encode(path, keepingSlash: true) }
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    let slash = path.hasSuffix("/") && !parts.isEmpty ? "/" : ""
    return "/" + encode(parts.joined(separator: "/"), keepingSlash: true) + slash
  }

  /// Names and values, encoded and sorted.
  static func query(_ items: [(name: String, value: String)]) -> String {
    items.map { (encode($0.name, keepingSlash: false), encode($0.value, keepingSlash: false)) }
      .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
      .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
  }

  static func encode(_ text: String, keepingSlash: Bool) -> String {
    let hex = Array("0123456789ABCDEF".utf8)
    var out: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: out.append(byte)
      case 0x2F where keepingSlash: out.append(byte)
      default: out += [0x25, hex[Int(byte >> 4)], hex[Int(byte & 15)]]
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// The form of `x-amz-date`, such as `20150830T123600Z`, of nanoseconds since 1970.
  static func date(_ nanoseconds: Int64) -> String {
    let second = nanoseconds - ((nanoseconds % 1_000_000_000) + 1_000_000_000) % 1_000_000_000
    return RFC3339.string(second).filter { $0 != "-" && $0 != ":" }
  }

  /// Trims spaces, and collapses runs of them to one.
  private static func collapse(_ value: String) -> String {
    value.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" || $0 == "\r\n" })
      .joined(separator: " ")
  }
}
