/// Where the keys for AWS come from: stored ones, or a place that hands out temporary ones.
indirect enum AWSCredentialSource: Hashable, Sendable {
  case stored(SigV4.Credentials)
  /// A command line that prints them as JSON: `credential_process` of a profile.
  case process(String)
  /// The endpoint of a container's agent.
  case container(url: String, token: ContainerToken?)
  /// The metadata service of an EC2 instance (version 2).
  case instance(endpoint: String)
  case role(AWSRole)

  enum ContainerToken: Hashable, Sendable {
    case text(String)
    /// Read again for each request, since it is replaced.
    case file(String)
  }
}

/// A role whose temporary keys AWS's token service hands out.
struct AWSRole: Hashable, Sendable {
  enum Proof: Hashable, Sendable {
    /// The keys of a caller who may assume the role.
    case keys(AWSCredentialSource)
    /// A file with a token of an identity provider, as in Kubernetes.
    case token(path: String)
  }

  var arn: String
  var proof: Proof
  var sessionName: String
  var externalID: String?
  var seconds: Int
  var region: String
  /// The address of the token service.
  var endpoint: String
}

/// Searches for credentials in the order of AWS's tools: the environment, a role, the files, a command, the
/// container, the machine. An explicitly named profile has priority over the environment's keys.
struct AWSCredentialSearch {
  let files: AWSFiles
  let environment: [String: String]
  let region: String
  let tokenService: String

  /// - Parameter profile: the profile that the user named explicitly.
  func source(profile: String?, name: String) throws(DestinationError) -> AWSCredentialSource {
    if profile == nil {
      if let keys = environmentKeys { return .stored(keys) }
      if files.settings(of: name)["role_arn"] == nil,
        let path = environment["AWS_WEB_IDENTITY_TOKEN_FILE"]?.nonEmpty,
        let arn = environment["AWS_ROLE_ARN"]?.nonEmpty
      {
        return .role(role(arn, .token(path: path), [:]))
      }
    }
    if let found = try source(of: name, seen: []) { return found }
    if profile == nil, let container = try container() { return container }
    guard profile == nil, environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() != "true" else {
      throw AWSCredentialSearch.nothing(name)
    }
    return instance
  }

  static func nothing(_ name: String) -> DestinationError {
    DestinationError(
      .usage,
      "no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them to "
        + "~/.aws/credentials under [\(name)]")
  }

  private var environmentKeys: SigV4.Credentials? {
    guard let access = environment["AWS_ACCESS_KEY_ID"]?.nonEmpty,
      let secret = environment["AWS_SECRET_ACCESS_KEY"]?.nonEmpty
    else { return nil }
    return SigV4.Credentials(
      accessKey: access, secretKey: secret, sessionToken: environment["AWS_SESSION_TOKEN"]?.nonEmpty)
  }

  private func keys(in section: [String: String]) -> SigV4.Credentials? {
    guard let access = section["aws_access_key_id"], let secret = section["aws_secret_access_key"] else {
      return nil
    }
    return SigV4.Credentials(
      accessKey: access, secretKey: secret, sessionToken: section["aws_session_token"])
  }

  /// The source that a profile names; nil if it names none.
  private func source(of name: String, seen: [String]) throws(DestinationError) -> AWSCredentialSource? {
    let secrets = files.secrets(of: name)
    let profile = secrets.merging(files.settings(of: name)) { first, _ in first }
    // A role whose source is its own profile uses that profile's keys.
    if let arn = profile["role_arn"], seen.last != name {
      return .role(try role(arn, of: name, profile, seen: seen))
    }
    if profile["sso_session"] != nil || profile["sso_start_url"] != nil || profile["sso_account_id"] != nil {
      throw DestinationError(
        .usage,
        "profile \(name) signs in with SSO, whose tokens only AWS's tools read: write "
          + "credential_process = aws configure export-credentials --profile \(name) into another profile and name that, "
          + "or run eval \"$(aws configure export-credentials --profile \(name) --format env)\" first")
    }
    if let keys = keys(in: secrets) { return .stored(keys) }
    if let command = profile["credential_process"]?.nonEmpty { return .process(command) }
    return keys(in: profile).map { .stored($0) }
  }

  private func role(
    _ arn: String, of name: String, _ profile: [String: String], seen: [String]
  ) throws(DestinationError) -> AWSRole {
    guard profile["mfa_serial"] == nil else {
      throw DestinationError(
        .usage,
        "profile \(name) asks for a code of a device (mfa_serial), which a service can't type: run "
          + "eval \"$(aws configure export-credentials --profile \(name) --format env)\" first")
    }
    if let path = profile["web_identity_token_file"] { return role(arn, .token(path: path), profile) }
    let base: AWSCredentialSource?
    if let source = profile["source_profile"] {
      guard !seen.contains(source) || source == name else {
        throw DestinationError(.usage, "profile \(name): its source_profile leads back to itself")
      }
      base = try self.source(of: source, seen: seen + [name])
    } else {
      switch profile["credential_source"] {
      case "Environment": base = environmentKeys.map { .stored($0) }
      case "Ec2InstanceMetadata": base = instance
      case "EcsContainer": base = try container()
      default:
        throw DestinationError(
          .usage, "profile \(name): a role needs source_profile, credential_source or web_identity_token_file"
        )
      }
    }
    guard let base else {
      throw DestinationError(.usage, "profile \(name): there are no credentials that could assume its role")
    }
    return role(arn, .keys(base), profile)
  }

  private func role(_ arn: String, _ proof: AWSRole.Proof, _ profile: [String: String]) -> AWSRole {
    AWSRole(
      arn: arn, proof: proof,
      sessionName: profile["role_session_name"] ?? environment["AWS_ROLE_SESSION_NAME"]?.nonEmpty ?? "scrim",
      externalID: profile["external_id"],
      seconds: min(max(profile["duration_seconds"].flatMap { Int($0) } ?? 3600, 900), 43_200), region: region,
      endpoint: tokenService)
  }

  /// The container's agent that the environment names.
  private func container() throws(DestinationError) -> AWSCredentialSource? {
    let url: String
    if let path = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]?.nonEmpty {
      url = "http://169.254.170.2" + path
    } else if let full = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]?.nonEmpty {
      // Without TLS only to this machine and the agents of ECS and EKS: the answer is a secret.
      let host = full.dropFirst("http://".count).prefix { $0 != "/" && $0 != "?" }
      let plain = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", "localhost", "[::1]"]
      let name = host.hasPrefix("[") ? host.prefix { $0 != "]" } + "]" : host.prefix { $0 != ":" }
      let isIPv4Loopback = name.hasPrefix("127.") && name.allSatisfy { $0.isNumber || $0 == "." }
      guard
        full.hasPrefix("https://")
          || full.hasPrefix("http://") && (plain.contains(String(name)) || isIPv4Loopback)
      else {
        throw DestinationError(
          .usage,
          "AWS_CONTAINER_CREDENTIALS_FULL_URI: \(full): without TLS only addresses of this machine are allowed"
        )
      }
      url = full
    } else {
      return nil
    }
    let token: AWSCredentialSource.ContainerToken? =
      if let path = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]?.nonEmpty { .file(path) } else {
        environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]?.nonEmpty.map { .text($0) }
      }
    return .container(url: url, token: token)
  }

  private var instance: AWSCredentialSource {
    var endpoint = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"]?.nonEmpty ?? "http://169.254.169.254"
    while endpoint.hasSuffix("/") { endpoint.removeLast() }
    return .instance(endpoint: endpoint)
  }
}
