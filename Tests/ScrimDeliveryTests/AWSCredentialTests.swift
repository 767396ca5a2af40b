import ScrimFormat
import Testing

@testable import ScrimDelivery

/// The order in which credentials are searched; `Tests/Delivery/credentials.py` fetches them for real.
@Suite struct AWSCredentialTests {
  private static let config = """
    [profile user]
    aws_access_key_id = AK
    aws_secret_access_key = SK
    [profile deploy]
    role_arn = arn:aws:iam::1:role/deploy
    source_profile = user
    external_id = e1
    duration_seconds = 10
    [profile chain]
    role_arn = arn:aws:iam::1:role/chain
    source_profile = deploy
    [profile own]
    role_arn = arn:aws:iam::1:role/own
    source_profile = own
    aws_access_key_id = AK
    aws_secret_access_key = SK
    [profile circle]
    role_arn = arn:aws:iam::1:role/a
    source_profile = back
    [profile back]
    role_arn = arn:aws:iam::1:role/b
    source_profile = circle
    [profile machine]
    role_arn = arn:aws:iam::1:role/m
    credential_source = Ec2InstanceMetadata
    [profile code]
    role_arn = arn:aws:iam::1:role/m
    source_profile = user
    mfa_serial = arn:aws:iam::1:mfa/me
    [profile sso]
    sso_start_url = https://example.com
    [profile command]
    credential_process = /bin/keys --all
    """
  private static let user = AWSCredentialSource.stored(SigV4.Credentials(accessKey: "AK", secretKey: "SK"))

  private func find(
    _ profile: String?, _ environment: [String: String] = [:]
  ) throws(DestinationError) -> AWSCredentialSource {
    try AWSSettings(profile: profile, environment: environment.merging(["HOME": "/h"]) { first, _ in first })
    {
      $0 == "/h/.aws/config" ? AWSCredentialTests.config : nil
    }.credentials
  }

  private func role(_ profile: String?, _ environment: [String: String] = [:]) throws -> AWSRole {
    guard case .role(let role) = try find(profile, environment) else {
      throw DestinationError(.usage, "no role")
    }
    return role
  }

  @Test func rolesNameTheirSource() throws {
    let deploy = try role("deploy", ["AWS_REGION": "eu-west-1"])
    #expect(deploy.arn == "arn:aws:iam::1:role/deploy" && deploy.externalID == "e1" && deploy.seconds == 900)
    #expect(deploy.proof == .keys(AWSCredentialTests.user))
    #expect(deploy.endpoint == "https://sts.eu-west-1.amazonaws.com")
    #expect(try role("chain").proof == .keys(.role(try role("deploy"))))
    #expect(try role("own").proof == .keys(AWSCredentialTests.user))
    #expect(try role("machine").proof == .keys(.instance(endpoint: "http://169.254.169.254")))
    // As of a pod of Kubernetes.
    let web = try role(nil, ["AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": "arn:x"])
    #expect(web.proof == .token(path: "/t") && web.arn == "arn:x" && web.sessionName == "scrim")
  }

  @Test func theOrderIsThatOfTheTools() throws {
    let container = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/task"]
    #expect(try find(nil, container) == .container(url: "http://169.254.170.2/task", token: nil))
    #expect(try find(nil) == .instance(endpoint: "http://169.254.169.254"))
    // The environment's keys, and a profile's, come before the container's.
    let keys = container.merging(["AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK"]) { first, _ in
      first
    }
    #expect(try find(nil, keys) == AWSCredentialTests.user)
    #expect(
      try find(nil, container.merging(["AWS_PROFILE": "user"]) { first, _ in first })
        == AWSCredentialTests.user)
    #expect(try find("command", keys) == .process("/bin/keys --all"))
  }

  @Test(arguments: ["circle", "code", "sso", "nowhere"])
  func whatCannotWorkIsSaid(profile: String) {
    #expect(throws: DestinationError.self) { try find(profile) }
  }

  @Test(arguments: [
    ("https://example.com/task", true), ("http://127.0.0.1:80/task", true), ("http://localhost/task", true),
    ("http://[::1]:8/task", true), ("http://169.254.170.23/v1", true), ("http://example.com/task", false),
    ("http://127.evil.com/task", false), ("http://localhost.evil.com/task", false),
    ("ftp://127.0.0.1/", false),
  ])
  func containersAreOnThisMachine(url: String, isAllowed: Bool) {
    let found = try? find(nil, ["AWS_CONTAINER_CREDENTIALS_FULL_URI": url])
    #expect((found == .container(url: url, token: nil)) == isAllowed)
  }

  @Test func answersAreRead() throws {
    let (keys, ends) = try AWSCredentials.read(
      Array(
        #"{"AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2026-01-01T00:00:00Z"}"#.utf8),
      from: "a test")
    #expect(keys == SigV4.Credentials(accessKey: "A", secretKey: "S", sessionToken: "T"))
    #expect(ends == RFC3339.nanoseconds("2026-01-01T00:00:00Z"))
    for text in [
      "", "[]", #"{"AccessKeyId":"A"}"#, #"{"AccessKeyId":1,"SecretAccessKey":"S"}"#,
      #"{"AccessKeyId":"A","SecretAccessKey":"S","Expiration":"soon"}"#,
    ] {
      #expect(throws: HTTPClient.Failure.self) {
        _ = try AWSCredentials.read(Array(text.utf8), from: "a test")
      }
    }
  }
}

@Suite struct S3ListingTests {
  @Test func pages() throws {
    let text = """
      <?xml version="1.0" encoding="UTF-8"?>
      <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix>a&amp;b/</Prefix>
      <IsTruncated>true</IsTruncated><NextContinuationToken>t&lt;1</NextContinuationToken>
      <Contents><Key>a&amp;b/&#x1F600;&#233;</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>
      <ETag>&quot;e1&quot;</ETag><Size>12</Size></Contents>
      <CommonPrefixes><Prefix>a&amp;b/c/</Prefix></CommonPrefixes></ListBucketResult>
      """
    let page = try #require(S3Listing(Array(text.utf8)))
    #expect(page.objects.map(\.key) == ["a&b/😀é"] && page.objects.map(\.bytes) == [12])
    #expect(page.objects.map(\.tag) == ["\"e1\""])
    #expect(page.objects.map(\.modified) == [RFC3339.nanoseconds("2026-01-01T00:00:00Z")])
    #expect(page.folders == ["a&b/c/"])
    #expect(page.next == ["continuation-token": "t<1"])
  }

  @Test(arguments: [
    "", "<html>please sign in</html>", "<ListBucketResult><Contents></Contents></ListBucketResult>",
    "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>",
    "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
  ])
  func whatIsNoListing(text: String) {
    #expect(S3Listing(Array(text.utf8)) == nil)
  }
}
