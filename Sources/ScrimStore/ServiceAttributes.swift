/// Attributes of the program that is recorded, named as OpenTelemetry's resource attributes, for the manifest.
public struct ServiceAttributes: Hashable, Sendable {
  /// `service.name`.
  public var name: String?
  /// `service.version`.
  public var version: String?
  /// `deployment.environment`, such as `production`.
  public var environment: String?

  /// Maximum bytes of a value; more is cut between characters.
  public static let limit = 256

  public init(name: String? = nil, version: String? = nil, environment: String? = nil) {
    self.name = name
    self.version = version
    self.environment = environment
  }

  /// Those of OpenTelemetry's environment variables: `OTEL_SERVICE_NAME`, which comes first, and
  /// `OTEL_RESOURCE_ATTRIBUTES`, a list such as `service.name=shop,service.version=2.1` in percent-encoding.
  public init(environment variables: [String: String]) {
    for pair in (variables["OTEL_RESOURCE_ATTRIBUTES"] ?? "").split(separator: ",") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let value = ServiceAttributes.decoded(parts[1]), !value.isEmpty else {
        continue
      }
      switch parts[0].filter({ !$0.isWhitespace }) {
      case "service.name": name = value
      case "service.version": version = value
      // The second is the name since version 1.27 of the conventions.
      case "deployment.environment", "deployment.environment.name": environment = value
      default: break
      }
    }
    if let given = variables["OTEL_SERVICE_NAME"], !given.isEmpty { name = given }
  }

  /// Text in percent-encoding; nil if it isn't.
  private static func decoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      else {
        return nil
      }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self).map { text in
      String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
  }

  var isEmpty: Bool { name == nil && version == nil && environment == nil }

  /// With values of at most ``limit`` bytes.
  var cut: ServiceAttributes {
    func cut(_ value: String?) -> String? {
      guard var value else { return nil }
      while value.utf8.count > ServiceAttributes.limit { value.removeLast() }
      return value
    }
    return ServiceAttributes(name: cut(name), version: cut(version), environment: cut(environment))
  }
}
