import ScrimFormat

/// A page of a listing: `ListObjectsV2` or `ListObjectVersions`.
struct S3Listing: Hashable, Sendable {
  struct Object: Hashable, Sendable {
    var key: String
    var bytes: Int
    var tag: String
    /// Nanoseconds since 1970; 0 if unknown.
    var modified: Int64
    /// Of a listing of versions only.
    var version: String?
  }

  var objects: [Object] = []
  /// Common prefixes of the keys up to the delimiter.
  var folders: [String] = []
  /// Query items of the next page; nil if this is the last one.
  var next: [String: String]?

  /// - Returns: nil if the answer is no listing.
  init?(_ body: [UInt8]) {
    let text = Substring(String(decoding: body, as: UTF8.self))
    guard text.contains("<ListBucketResult") || text.contains("<ListVersionsResult") else { return nil }
    for name in ["Contents", "Version", "DeleteMarker"] {
      for element in XML.elements(name, in: text) {
        guard let key = XML.first("Key", in: element) else { return nil }
        let size = XML.first("Size", in: element)
        guard let bytes = Int(size ?? "0"), bytes >= 0 else { return nil }
        objects.append(
          Object(
            key: key, bytes: bytes, tag: XML.first("ETag", in: element) ?? "",
            modified: XML.first("LastModified", in: element).flatMap { RFC3339.nanoseconds($0) } ?? 0,
            version: name == "Contents" ? nil : XML.first("VersionId", in: element)))
      }
    }
    for element in XML.elements("CommonPrefixes", in: text) {
      guard let folder = XML.first("Prefix", in: element) else { return nil }
      folders.append(folder)
    }
    guard XML.first("IsTruncated", in: text) == "true" else { return }
    if let token = XML.first("NextContinuationToken", in: text), !token.isEmpty {
      next = ["continuation-token": token]
    } else if let key = XML.first("NextKeyMarker", in: text), !key.isEmpty {
      next = ["key-marker": key, "version-id-marker": XML.first("NextVersionIdMarker", in: text) ?? ""]
    } else {
      return nil
    }
  }
}
