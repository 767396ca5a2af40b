/// Finds credentials, region and endpoint as AWS's own tools do: in the environment, then in the profile in
/// their two files.
struct AWSSettings: Hashable, Sendable {
  var credentials: SigV4.Credentials
  var region: String
  /// Such as `http://127.0.0.1:9000`; nil for AWS itself.
  var endpoint: String?
  /// Nil if it is not set: by path for a custom endpoint, by host for AWS.
  var usesPathStyle: Bool?

  /// - Parameter read: returns the text of a file; nil if there is none.
  init(
    profile: String?, environment: [String: String], read: (String) -> String?
  ) throws(DestinationError) {
    let home = environment["HOME"] ?? ""
    func file(_ variable: String, _ name: String) -> [String: [String: String]] {
      AWSSettings.sections(read(environment[variable] ?? "\(home)/.aws/\(name)") ?? "")
    }
    let secrets = file("AWS_SHARED_CREDENTIALS_FILE", "credentials")
    let config = file("AWS_CONFIG_FILE", "config")
    let name = profile ?? environment["AWS_PROFILE"] ?? environment["AWS_DEFAULT_PROFILE"] ?? "default"
    let secret = secrets[name] ?? [:]
    let settings = config["profile \(name)"] ?? config[name] ?? [:]
    let services = settings["services"].flatMap { config["services \($0)"] } ?? [:]
    if profile != nil, secret.isEmpty, settings.isEmpty {
      throw DestinationError(.usage, "profile \(name): it is in neither ~/.aws/credentials nor ~/.aws/config")
    }
    // An explicitly named profile has priority over the environment's keys, as in AWS's tools.
    let fromEnvironment: SigV4.Credentials? =
      if profile == nil, let access = environment["AWS_ACCESS_KEY_ID"],
        let key = environment["AWS_SECRET_ACCESS_KEY"], !access.isEmpty
      {
        SigV4.Credentials(
          accessKey: access, secretKey: key, sessionToken: environment["AWS_SESSION_TOKEN"]?.nonEmpty)
      } else { nil }
    let stored = secret.merging(settings) { first, _ in first }
    if let fromEnvironment {
      credentials = fromEnvironment
    } else if let access = stored["aws_access_key_id"], let key = stored["aws_secret_access_key"] {
      credentials = SigV4.Credentials(
        accessKey: access, secretKey: key, sessionToken: stored["aws_session_token"])
    } else {
      throw DestinationError(
        .usage,
        "no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them to "
          + "~/.aws/credentials under [\(name)]")
    }
    region =
      environment["AWS_REGION"]?.nonEmpty ?? environment["AWS_DEFAULT_REGION"]?.nonEmpty ?? settings["region"]
      ?? secret["region"] ?? "us-east-1"
    let ignores =
      environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] == "true"
      || settings["ignore_configured_endpoint_urls"] == "true"
    endpoint =
      ignores
      ? nil
      : environment["AWS_ENDPOINT_URL_S3"]?.nonEmpty ?? environment["AWS_ENDPOINT_URL"]?.nonEmpty
        ?? services["s3.endpoint_url"] ?? settings["endpoint_url"]
    while endpoint?.hasSuffix("/") == true { endpoint!.removeLast() }
    switch settings["s3.addressing_style"] {
    case "path": usesPathStyle = true
    case "virtual": usesPathStyle = false
    default: usesPathStyle = nil
    }
  }

  /// Parses the sections of an ini file. An indented line belongs to the key above it: `s3 =` followed by `
  /// addressing_style = path` is `s3.addressing_style`.
  static func sections(_ text: String) -> [String: [String: String]] {
    var sections: [String: [String: String]] = [:]
    var section: String?
    var group: String?
    for line in text.split(whereSeparator: \.isNewline) {
      let isIndented = line.first == " " || line.first == "\t"
      let content = line.trimmingSpace
      if content.isEmpty || content.hasPrefix("#") || content.hasPrefix(";") { continue }
      if content.hasPrefix("["), let end = content.firstIndex(of: "]") {
        let name = content[content.index(after: content.startIndex)..<end]
        section = name.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
        group = nil
        continue
      }
      guard let section, let equals = content.firstIndex(of: "=") else { continue }
      let key = content[..<equals].trimmingSpace.lowercased()
      var value = content[content.index(after: equals)...].trimmingSpace
      if let comment = value.firstRange(of: " #") { value = value[..<comment.lowerBound].trimmingSpace }
      if isIndented, let group {
        sections[section, default: [:]]["\(group).\(key)"] = value
      } else {
        group = value.isEmpty ? key : nil
        sections[section, default: [:]][key] = value
      }
    }
    return sections
  }
}

extension String {
  fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
