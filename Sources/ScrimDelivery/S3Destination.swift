import ScrimFormat
package import ScrimStore
import ScrimSystem
import Synchronization

/// An S3-compatible object store, `s3://BUCKET/PREFIX`, in the layout of ``StoreLayout``. An existing segment is
/// not replaced (`If-None-Match: *`, if the store supports it).
package final class S3Destination: Destination {
  package var address: String { bucket.address }
  private let bucket: S3Bucket
  private let project: String

  init(
    _ address: String, _ options: DestinationOptions, environment: [String: String]
  ) throws(DestinationError) {
    bucket = try S3Bucket(address, options, environment: environment)
    project = options.project
  }

  package func cancel() { bucket.cancel() }

  package func put(_ segment: SealedFile) -> DeliveryAnswer {
    let folder = StoreLayout.session(segment.session, start: segment.header.start, project: project)
    let key = folder + "/" + SessionFolder.segmentFile(segment.index)
    return put(key, of: segment.session) { () throws(HTTPClient.Failure) in
      try bucket.put(segment: segment, key)
    }
  }

  package func put(manifest bytes: [UInt8], _ manifest: SessionManifest) -> DeliveryAnswer {
    let folder = StoreLayout.session(manifest.session, start: manifest.start, project: project)
    let key = folder + "/" + StoreLayout.manifestFile
    return put(key, of: manifest.session) { () throws(HTTPClient.Failure) in
      try bucket.put(bytes, key, type: S3Destination.manifestType, if: .always)
    }
  }

  static let segmentType = "application/vnd.scrim.segment"
  static let manifestType = "application/json"

  private func put(
    _ key: String, of session: SessionID, _ store: () throws(HTTPClient.Failure) -> S3Bucket.Stored
  ) -> DeliveryAnswer {
    let deleted = DeliveryAnswer.status(410, retryAfter: nil, body: "the session was deleted")
    do throws(HTTPClient.Failure) {
      if isKnownDeleted(session) { return deleted }
      switch try store() {
      case .stored, .alreadyThere:
        // Whoever deletes leaves the tombstone first, then removes what is there: an object that came later is
        // removed by its own writer, who sees the tombstone.
        guard try isDeleted(session) else { return .delivered }
        for name in [key, key + S3Bucket.damagedSuffix] { _ = try bucket.send("DELETE", name) }
        return deleted
      case .conflict:
        return .status(409, retryAfter: nil, body: "another object is already stored there")
      case .refused(let answer): return answer
      }
    } catch { return error.asDelivery }
  }

  private func isKnownDeleted(_ session: SessionID) -> Bool { deleted.withLock { $0.contains(session) } }

  private func isDeleted(_ session: SessionID) throws(HTTPClient.Failure) -> Bool {
    let answer = try bucket.send("HEAD", StoreLayout.tombstone(session, project: project))
    // Keys that may only write get 403: for them nothing is deleted.
    guard answer.status == 200 else { return false }
    deleted.withLock {
      if $0.count > 10_000 { $0.removeAll() }
      _ = $0.insert(session)
    }
    return true
  }

  private let deleted = Mutex<Set<SessionID>>([])
}
