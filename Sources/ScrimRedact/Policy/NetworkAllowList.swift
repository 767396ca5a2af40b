/// Selects the requests whose headers and bodies are kept. None if ``allow`` is empty.
public struct NetworkAllowList: Hashable, Sendable {
  /// Patterns over URLs in the kept form: scheme, host and path.
  public var allow: [NamePattern] = []
  /// Exceptions from ``allow``.
  public var deny: [NamePattern] = []
  /// Names of additional headers to keep, besides `content-type`, `content-length` and `accept`; case is
  /// ignored.
  public var headers: [String] = []

  public init() {}

  private static let always = ["content-type", "content-length", "accept"]
  /// Headers that contain credentials, which no policy can keep.
  private static let never = [
    "authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate", "cookie", "set-cookie",
    "cookie2", "set-cookie2", "authentication-info", "x-forwarded-for", "x-real-ip", "x-csrf-token",
    "x-xsrf-token",
    "x-api-key", "x-auth-token", "x-amz-security-token", "sec-websocket-key",
  ]

  /// Whether details of requests to a URL are kept. One too long to be searched counts as not allowed.
  func names(_ url: String) -> Bool {
    allow.contains { $0.matches(url) ?? false } && !deny.contains { $0.matches(url) ?? true }
  }

  /// - Parameter name: in lower case.
  func keeps(header name: String) -> Bool {
    guard !NetworkAllowList.never.contains(name), !Scrubber.isSecret(key: name) else { return false }
    return NetworkAllowList.always.contains(name) || headers.contains { $0.lowercased() == name }
  }
}
