import ScrimFormat
package import ScrimStore
import Synchronization

/// A folder on this machine, or a mounted one, in the layout of a server, so that `scrim serve --store` can
/// show it.
package final class FolderDestination: Destination {
  package let address: String
  private let store: SessionStore
  private let project: String
  private let isCancelled = Atomic<Bool>(false)

  /// - Parameter project: already validated.
  package init(path: String, project: String) {
    address = path
    store = SessionStore(path: path)
    self.project = project
    try? store.removeLeftovers()
  }

  package func put(_ segment: SealedFile) -> DeliveryAnswer {
    answer { () throws(StoreError) in try store.put(segment, project: project) }
  }

  package func put(manifest bytes: [UInt8], _ manifest: SessionManifest) -> DeliveryAnswer {
    answer { () throws(StoreError) in try store.put(manifest: bytes, manifest, project: project) }
  }

  package func cancel() { isCancelled.store(true, ordering: .relaxed) }

  private func answer(_ put: () throws(StoreError) -> SessionStore.Outcome) -> DeliveryAnswer {
    guard !isCancelled.load(ordering: .relaxed) else { return .cancelled }
    do throws(StoreError) {
      switch try put() {
      case .stored, .alreadyThere: return .delivered
      case .conflict(let what): return .status(409, retryAfter: nil, body: what)
      case .deleted: return .status(410, retryAfter: nil, body: "the session was deleted")
      }
    } catch {
      // A full disk or a missing mount: it may work again later.
      return .unreachable("\(error)")
    }
  }
}
