/// Of which requests headers and bodies are kept. Without an address in ``allow`` of none.
public struct NetworkDetails: Hashable, Sendable {
  /// Patterns over addresses as they are kept: scheme, host and path.
  public var allow: [NamePattern] = []
  /// What is named here is not kept although ``allow`` names it.
  public var deny: [NamePattern] = []
  /// Names of headers to keep besides `content-type`, `content-length` and `accept`; in any case of letters.
  public var headers: [String] = []

  public init() {}

  private static let always = ["content-type", "content-length", "accept"]
  /// Headers that are credentials by themselves, whatever a policy says.
  private static let never = [
    "authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate", "cookie", "set-cookie",
    "cookie2", "set-cookie2", "authentication-info", "x-forwarded-for", "x-real-ip", "x-csrf-token",
    "x-xsrf-token",
    "x-api-key", "x-auth-token", "x-amz-security-token", "sec-websocket-key",
  ]

  /// Whether details of requests to an address are kept. One too long to be searched is not known to be allowed.
  func names(_ url: String) -> Bool {
    allow.contains { $0.matches(url) ?? false } && !deny.contains { $0.matches(url) ?? true }
  }

  /// - Parameter name: in lower case.
  func keeps(header name: String) -> Bool {
    guard !NetworkDetails.never.contains(name), !Scrubber.isSecret(key: name) else { return false }
    return NetworkDetails.always.contains(name) || headers.contains { $0.lowercased() == name }
  }
}
