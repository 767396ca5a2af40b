import FoundationEssentials
import ScrimFormat

/// The player's scripts, style and markup, embedded in this program: for a page that contains a session, and for a
/// server.
///
/// Modules are joined in the order of their imports. `import` lines, `export` words, comments and indentation are
/// removed; the latter two are a third of the bytes. Names must be unique among the modules of one script.
public enum PlayerPage {
  /// The decoder, which runs in a worker.
  public static let worker = script([
    PackageResources.bytes_js, PackageResources.segment_js, PackageResources.fse_js,
    PackageResources.zstd_js, PackageResources.inflate_js, PackageResources.frame_js,
    PackageResources.masks_js, PackageResources.view_js, PackageResources.activity_js,
    PackageResources.worker_js,
  ])

  /// The page's script. It reads its session from the JSON of an element `scrim-session` (``PageDescription``).
  public static let page = script([
    PackageResources.bytes_js, PackageResources.format_js,
    PackageResources.feedback_js, PackageResources.masks_js, PackageResources.masklayer_js,
    PackageResources.timeline_js,
    PackageResources.sources_js, PackageResources.player_js, PackageResources.stage_js,
    PackageResources.scrubber_js, PackageResources.list_js, PackageResources.panel_js,
    PackageResources.commands_js, PackageResources.badge_js, PackageResources.live_js,
    PackageResources.speeds_js, PackageResources.narrator_js, PackageResources.actions_js,
    PackageResources.app_js,
  ])

  /// Colours, fonts and styles shared by all pages; a part of ``style``.
  public static let theme = String(decoding: PackageResources.theme_css, as: UTF8.self)
  public static let style = theme + String(decoding: PackageResources.page_css, as: UTF8.self)
  /// The content of the page's body.
  public static let markup = String(decoding: PackageResources.page_html, as: UTF8.self)

  /// A source expression of a Content-Security-Policy that allows this text only.
  static func source(of text: String) -> String {
    let digest = SHA256.digest(Array(text.utf8).span)
    return "'sha256-\(Data(digest.bytes).base64EncodedString())'"
  }

  private static func script(_ modules: [[UInt8]]) -> String {
    var lines: [Substring] = ["\"use strict\";", "{"]
    for module in modules {
      var isImport = false
      var isComment = false
      for line in String(decoding: module, as: UTF8.self).split(separator: "\n") {
        let line = line.drop { $0 == " " }
        if isComment {
          isComment = !line.hasSuffix("*/")
        } else if line.hasPrefix("/*"), !line.contains("*/") || line.hasSuffix("*/") {
          isComment = !line.hasSuffix("*/")
        } else if isImport || line.hasPrefix("import ") {
          isImport = !line.hasSuffix(";")
        } else if !line.isEmpty, !line.hasPrefix("//") {
          lines.append(line.hasPrefix("export ") ? line.dropFirst("export ".count) : line)
        }
      }
    }
    lines.append("}")
    return lines.joined(separator: "\n") + "\n"
  }
}
