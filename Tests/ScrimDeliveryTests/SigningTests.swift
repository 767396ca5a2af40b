import Foundation
import ScrimFormat
import Testing

@testable import ScrimDelivery

/// AWS's own test cases for Signature Version 4, as included in botocore (Apache License 2.0).
@Suite struct SigningTests {
  struct Case: Decodable, CustomStringConvertible {
    var name: String
    var req: String
    var creq: String
    var sts: String
    var authz: String
    var description: String { name }
  }

  static let cases: [Case] = {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "Vectors/sigv4.json")
    return (try? JSONDecoder().decode([Case].self, from: Data(contentsOf: url))) ?? []
  }()

  @Test func allCasesAreThere() { #expect(SigningTests.cases.count == 34) }

  @Test(arguments: cases) func awsCase(_ vector: Case) throws {
    let parts = vector.req.components(separatedBy: "\n\n")
    var lines = parts[0].split(separator: "\n").map(String.init)
    let first = lines.removeFirst()
    let method = String(first.prefix { $0 != " " })
    let target = first.dropFirst(method.count + 1).dropLast(" HTTP/1.1".count)
    var headers: [(name: String, value: String)] = []
    for line in lines {
      if line.hasPrefix(" ") {
        headers[headers.count - 1].value += "\n" + line
      } else {
        let colon = try #require(line.firstIndex(of: ":"))
        headers.append((String(line[..<colon]), String(line[line.index(after: colon)...])))
      }
    }
    // One case takes its token from the credentials.
    if let token = vector.creq.split(separator: "\n").first(where: { $0.hasPrefix("x-amz-security-token:") }),
      !headers.contains(where: { $0.name.lowercased() == "x-amz-security-token" })
    {
      headers.append(("x-amz-security-token", String(token.dropFirst("x-amz-security-token:".count))))
    }
    let (path, query) = SigningTests.split(target)
    let body = Array((parts.count > 1 ? parts[1] : "").utf8)
    // A token that is added after signing is not among the signed headers.
    let signed =
      vector.name == "post-sts-header-after" ? headers.filter { $0.name != "X-Amz-Security-Token" } : headers
    let request = SigV4.Request(
      method: method, path: SigV4.path(path, isNormalized: true), query: SigV4.query(query), headers: signed,
      payload: SHA256.digest(body.span).description)
    #expect(SigV4.canonical(request).text == vector.creq)
    let signer = SigV4(
      credentials: SigV4.Credentials(
        accessKey: "AKIDEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
      region: "us-east-1", service: "service")
    #expect(
      SigV4.stringToSign(
        vector.creq, date: "20150830T123600Z", scope: "20150830/us-east-1/service/aws4_request") == vector.sts
    )
    #expect(signer.authorization(for: request, date: "20150830T123600Z") == vector.authz)
  }

  private static func split(_ target: Substring) -> (String, [(name: String, value: String)]) {
    let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let items = (halves.count > 1 ? halves[1] : "").split(separator: "&").map { item in
      let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      func plain(_ text: Substring) -> String { text.removingPercentEncoding ?? String(text) }
      return (name: plain(pair[0]), value: pair.count > 1 ? plain(pair[1]) : "")
    }
    return (String(halves[0]), items)
  }

  @Test func s3PathsStayAsTheyAre() {
    #expect(SigV4.path("/b/a//./../x y+é=:~", isNormalized: false) == "/b/a//./../x%20y%2B%C3%A9%3D%3A~")
  }

  @Test func digests() {
    #expect(MD5.hex([]) == "d41d8cd98f00b204e9800998ecf8427e")
    #expect(MD5.hex(Array("message digest".utf8)) == "f96b697d7cb7938d525a2f31aaf161d0")
    #expect(
      MD5.hex(Array("12345678901234567890123456789012345678901234567890123456789012345678901234567890".utf8))
        == "57edf4a22be3c955ac49da2e2107b67a")
    for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
      #expect(Base64.string(Array(plain.utf8)) == coded)
    }
    // RFC 4231, cases 2 and 6.
    #expect(
      SHA256Digest(HMAC.sha256(key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8)))
        .description
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    #expect(
      SHA256Digest(
        HMAC.sha256(
          key: [UInt8](repeating: 0xAA, count: 131),
          Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8))
      ).description == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
  }

  @Test func contentDigests() {
    let digest = SHA256.digest(Array("{\"hello\": \"world\"}\n".utf8).span)
    // RFC 9530, appendix B.
    let field = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    #expect(ContentDigest.field(digest) == field)
    #expect(ContentDigest.matches(field, digest) == true)
    #expect(ContentDigest.matches("sha-512=:AAAA:, " + field, digest) == true)
    #expect(ContentDigest.matches("sha-256=:AAAA:", digest) == false)
    #expect(ContentDigest.matches("md5=:AAAA:", digest) == nil)
    #expect(ContentDigest.matches(nil, digest) == nil)
  }
}

@Suite struct AWSSettingsTests {
  private static let credentials = """
    [default]
    aws_access_key_id = AK1
    aws_secret_access_key=SK1
    # [other]
    [other]
    aws_access_key_id=AK2
    aws_secret_access_key=SK2
    aws_session_token = T2
    """
  private static let config = """
    [default]
    region = eu-west-1
    [profile other]
    region=eu-central-1 # near
    endpoint_url = http://127.0.0.1:9000/
    services = local
    s3 =
      addressing_style = virtual
    [services local]
    s3 =
      endpoint_url = http://127.0.0.1:9001
    """

  private func settings(
    _ profile: String? = nil, _ environment: [String: String] = [:]
  ) throws(DestinationError) -> AWSSettings {
    try AWSSettings(profile: profile, environment: environment.merging(["HOME": "/h"]) { first, _ in first })
    {
      ["/h/.aws/credentials": AWSSettingsTests.credentials, "/h/.aws/config": AWSSettingsTests.config][$0]
    }
  }

  @Test func theDefaultProfile() throws {
    let found = try settings()
    #expect(found.credentials == .stored(SigV4.Credentials(accessKey: "AK1", secretKey: "SK1")))
    #expect(found.region == "eu-west-1")
    #expect(found.endpoint == nil)
    #expect(found.usesPathStyle == nil)
  }

  @Test func aNamedProfile() throws {
    for found in [try settings("other"), try settings(nil, ["AWS_PROFILE": "other"])] {
      #expect(
        found.credentials
          == .stored(SigV4.Credentials(accessKey: "AK2", secretKey: "SK2", sessionToken: "T2")))
      #expect(found.region == "eu-central-1")
      #expect(found.endpoint == "http://127.0.0.1:9001")
      #expect(found.usesPathStyle == false)
    }
  }

  @Test func theEnvironmentWins() throws {
    let environment = [
      "AWS_ACCESS_KEY_ID": "AK3", "AWS_SECRET_ACCESS_KEY": "SK3", "AWS_SESSION_TOKEN": "T3",
      "AWS_REGION": "r",
      "AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_S3": "http://b/",
    ]
    let found = try settings(nil, environment)
    #expect(
      found.credentials == .stored(SigV4.Credentials(accessKey: "AK3", secretKey: "SK3", sessionToken: "T3")))
    #expect(found.region == "r")
    #expect(found.endpoint == "http://b")
    #expect(
      try settings("other", environment).credentials
        == .stored(SigV4.Credentials(accessKey: "AK2", secretKey: "SK2", sessionToken: "T2")))
  }

  @Test func missingCredentialsAreRefused() {
    #expect(throws: DestinationError.self) { try settings("nowhere") }
    #expect(throws: DestinationError.self) {
      try AWSSettings(profile: nil, environment: ["AWS_EC2_METADATA_DISABLED": "true"]) { _ in nil }
    }
  }
}
