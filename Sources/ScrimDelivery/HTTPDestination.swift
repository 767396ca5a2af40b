import ScrimFormat
package import ScrimStore

/// A server with Scrim's delivery interface over HTTP, or any server that stores PUT bodies, as WebDAV
/// servers do.
///
/// A success counts only if the answer's `Content-Digest` has the body's SHA-256, or if the body is the
/// same when read back: portals of guest networks answer everything with 200.
package final class HTTPDestination: Destination {
  package let address: String
  private let base: String
  private let client: HTTPClient
  private let key: String?

  init(_ address: String, _ options: DestinationOptions) throws(DestinationError) {
    let rest = address.drop { $0 != "/" }.dropFirst(2)
    let host = rest.prefix { $0 != "/" }
    guard !host.isEmpty, !host.contains("@") else {
      throw DestinationError(
        .usage,
        "\(host.isEmpty ? address : "the address"): give https://HOST/PATH, and the key separately (--key-file)"
      )
    }
    guard !address.contains("?"), !address.contains("#"), address.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else {
      throw DestinationError(.usage, "\(address): a URL of a destination has no query, fragment or space")
    }
    if let key = options.key, !key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
      throw DestinationError(.usage, "the key contains characters that are not allowed in a header")
    }
    self.address = address
    var base = address
    while base.hasSuffix("/") { base.removeLast() }
    self.base = base
    client = try HTTPClient(options)
    key = options.key
  }

  package func put(_ segment: SealedFile) -> DeliveryAnswer {
    put(
      segment.bytes, segment.digest,
      to: "\(base)/v1/sessions/\(segment.session)/segments/\(StoreLayout.digits(segment.index))",
      type: "application/vnd.scrim.segment")
  }

  package func put(manifest bytes: [UInt8], _ manifest: SessionManifest) -> DeliveryAnswer {
    put(
      bytes, SHA256.digest(bytes.span), to: "\(base)/v1/sessions/\(manifest.session)/manifest",
      type: "application/json")
  }

  package func cancel() { client.cancel() }

  private var authorization: [(name: String, value: String)] {
    key.map { [("authorization", "Bearer \($0)")] } ?? []
  }

  private func put(_ bytes: [UInt8], _ digest: SHA256Digest, to url: String, type: String) -> DeliveryAnswer {
    do throws(HTTPClient.Failure) {
      let answer = try client.perform(
        HTTPClient.Request(
          method: "PUT", url: url,
          headers: authorization + [
            ("content-type", type), ("content-digest", ContentDigest.field(digest)),
          ], body: bytes))
      guard [200, 201, 204].contains(answer.status) else { return answer.asDelivery }
      switch ContentDigest.matches(answer.header("content-digest"), digest) {
      case true?: return .delivered
      case false?: return .unproven("the server reports that it stored other bytes (Content-Digest)")
      case nil: return try readBack(bytes, from: url)
      }
    } catch {
      return error.asDelivery
    }
  }

  private func readBack(_ bytes: [UInt8], from url: String) throws(HTTPClient.Failure) -> DeliveryAnswer {
    let answer = try client.perform(
      HTTPClient.Request(
        method: "GET", url: url, headers: authorization, answerLimit: bytes.count + (1 << 16)))
    guard answer.status == 200 else {
      return .unproven(
        "the server reported success, but answers \(answer.status) when the segment is read back")
    }
    guard answer.body == bytes else {
      return .unproven("the server reported success, but returns other bytes")
    }
    return .delivered
  }
}
