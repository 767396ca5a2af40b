import Hummingbird
import ScrimFormat
import ScrimStore

// Sessions that are sealed to a public key: the server has no private key, and checks and shows only their order.

extension SessionIndex.Entry {
  /// Any other session has pictures, and so a width.
  var isSealedToKey: Bool { width == 0 }

  /// The size of the pictures and the program that recorded them.
  var details: Markup {
    isSealedToKey
      ? #"<span class="chip">Sealed to a key</span>"#
      : "<span>\(width) × \(height)</span> <span>\(producer)</span>"
  }
}

extension SessionView {
  var isSealedToKey: Bool { manifest.envelope != nil || manifest.width == 0 }
}

extension SessionIndex {
  /// Adds the segments of a sealed session that a recorder on this machine writes.
  func add(_ sealed: SessionManifest, _ first: Int, in folder: SessionFolder, project: String) throws {
    for place in first..<max(first, sealed.segments.count) {
      guard let file = try? SealedFile(folder.sealedFile(place, of: sealed)) else { continue }
      try add(file, project: project, updated: ReplayService.now)
    }
  }
}

extension ReplayService {
  /// A sealed session that a recorder on this machine writes; nil for any other.
  func sealedView(_ folder: SessionFolder) throws -> SessionView? {
    guard let manifest = try? folder.sealedManifest() else { return nil }
    return SessionView(
      manifest: manifest, open: nil,
      isRecording: manifest.state == .open && folder.isBeingWritten, interval: 3000)
  }
}

extension Responder {
  /// The page of a sealed session: what is known of it, and how to open it.
  func sealedPage(
    _ location: SessionLocation, _ view: SessionView, _ key: AccessKey, isEmbedded: Bool
  ) -> Response {
    let session = "\(location.place.session)"
    let sealedTo: Markup =
      view.manifest.envelope.map { "<code>\($0.key.description)</code>" } ?? "its recipient"
    let segments = view.manifest.segments.count
    let bytes = view.manifest.segments.reduce(0) { $0 + $1.bytes }
    let size = SessionList.size(Int64(bytes))
    let state: Markup = view.isRecording ? "It is being recorded." : .nothing
    let body: Markup = """
      <main class="narrow">
      <h1>Sealed session</h1>
      <p>This session is sealed to the public key \(sealedTo). Nobody can see it here, this server included: only the private key opens it.</p>
      <p class="quiet">\(segments) \(segments == 1 ? "segment" : "segments"), \(size), begun \(SessionList.moment(location.place.start)) UTC. Their digests and their order were checked when they came. \(state)</p>
      <p>To open it, copy the session's folder to a machine that has the private key, and run there:</p>
      <p><code>scrim play \(session) --key FILE</code></p>
      <p><a href="/s">All sessions</a></p>
      </main>
      """
    return .page(
      PageShell(assets: assets).page(
        "Sealed session \(String(session.prefix(8)))", project: isEmbedded ? nil : key.project,
        canSignOut: false, body: body),
      policy: isEmbedded ? PagePolicy.player(ancestors: options.embedders) : PagePolicy.plain)
  }
}
