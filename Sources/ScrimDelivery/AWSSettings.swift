/// Finds credentials, region and endpoint as AWS's own tools do: in the environment, then in the profile in
/// their two files, then from the container or the machine.
struct AWSSettings: Hashable, Sendable {
  var credentials: AWSCredentialSource
  var region: String
  /// Such as `http://127.0.0.1:9000`; nil for AWS itself.
  var endpoint: String?
  /// Nil if it is not set: by path for a custom endpoint, by host for AWS.
  var usesPathStyle: Bool?

  /// - Parameter read: returns the text of a file; nil if there is none.
  init(
    profile: String?, environment: [String: String], read: (String) -> String?
  ) throws(DestinationError) {
    let files = AWSFiles(environment: environment, read: read)
    let name =
      profile ?? environment["AWS_PROFILE"]?.nonEmpty ?? environment["AWS_DEFAULT_PROFILE"]?.nonEmpty
      ?? "default"
    let settings = files.settings(of: name)
    if profile != nil, files.secrets(of: name).isEmpty, settings.isEmpty {
      throw DestinationError(.usage, "profile \(name): it is in neither ~/.aws/credentials nor ~/.aws/config")
    }
    region =
      environment["AWS_REGION"]?.nonEmpty ?? environment["AWS_DEFAULT_REGION"]?.nonEmpty ?? settings["region"]
      ?? files.secrets(of: name)["region"] ?? "us-east-1"
    let ignores =
      environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] == "true"
      || settings["ignore_configured_endpoint_urls"] == "true"
    let services = settings["services"].flatMap { files.config["services \($0)"] } ?? [:]
    func endpoint(_ service: String) -> String? {
      guard !ignores else { return nil }
      var endpoint =
        environment["AWS_ENDPOINT_URL_\(service.uppercased())"]?.nonEmpty
        ?? environment["AWS_ENDPOINT_URL"]?.nonEmpty ?? services["\(service).endpoint_url"]
        ?? settings["endpoint_url"]
      while endpoint?.hasSuffix("/") == true { endpoint!.removeLast() }
      return endpoint
    }
    self.endpoint = endpoint("s3")
    switch settings["s3.addressing_style"] {
    case "path": usesPathStyle = true
    case "virtual": usesPathStyle = false
    default: usesPathStyle = nil
    }
    let search = AWSCredentialSearch(
      files: files, environment: environment, region: region,
      tokenService: endpoint("sts") ?? AWSSettings.tokenService(region))
    credentials = try search.source(profile: profile, name: name)
  }

  private static func tokenService(_ region: String) -> String {
    "https://sts.\(region).amazonaws.com" + (region.hasPrefix("cn-") ? ".cn" : "")
  }
}

/// AWS's two files.
struct AWSFiles: Sendable {
  let credentials: [String: [String: String]]
  let config: [String: [String: String]]

  init(environment: [String: String], read: (String) -> String?) {
    let home = environment["HOME"] ?? ""
    func file(_ variable: String, _ name: String) -> [String: [String: String]] {
      AWSFiles.sections(read(environment[variable] ?? "\(home)/.aws/\(name)") ?? "")
    }
    credentials = file("AWS_SHARED_CREDENTIALS_FILE", "credentials")
    config = file("AWS_CONFIG_FILE", "config")
  }

  /// The profile's section in the file of secrets.
  func secrets(of profile: String) -> [String: String] { credentials[profile] ?? [:] }
  func settings(of profile: String) -> [String: String] {
    config["profile \(profile)"] ?? config[profile] ?? [:]
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
  var nonEmpty: String? { isEmpty ? nil : self }
}
