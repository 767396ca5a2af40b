import Foundation
import ScrimExport
import ScrimFormat

/// Scripts and styles of the pages. Each name contains the digest, so browsers may keep the file for ever.
struct PageAssets: Sendable {
  struct Asset: Sendable {
    var type: String
    var bytes: [UInt8]
  }

  private var assets: [String: Asset] = [:]
  let playerScript: String
  let playerStyle: String
  let worker: String
  let script: String
  let style: String
  let icon: String

  init() {
    var assets: [String: Asset] = [:]
    func add(_ name: String, _ type: String, _ text: String) -> String {
      let bytes = Array(text.utf8)
      let address = "/assets/\("\(SHA256.digest(bytes.span))".prefix(16))-\(name)"
      assets[address] = Asset(type: type, bytes: bytes)
      return address
    }
    playerScript = add("player.js", "text/javascript; charset=utf-8", PlayerPage.page)
    worker = add("worker.js", "text/javascript; charset=utf-8", PlayerPage.worker)
    playerStyle = add("player.css", "text/css; charset=utf-8", PlayerPage.style)
    script = add("pages.js", "text/javascript; charset=utf-8", PageAssets.text(PackageResources.pages_js))
    style = add(
      "pages.css", "text/css; charset=utf-8", PlayerPage.theme + PageAssets.text(PackageResources.pages_css))
    icon = add("icon.svg", "image/svg+xml", PageAssets.text(PackageResources.icon_svg))
    self.assets = assets
  }

  subscript(_ address: String) -> Asset? { assets[address] }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
