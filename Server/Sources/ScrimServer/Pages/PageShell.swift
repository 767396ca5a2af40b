import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The common frame of all pages of the server.
struct PageShell: Sendable {
  let assets: PageAssets

  /// - Parameters:
  /// - project: the project of the signed-in user; nil if no user is signed in.
  /// - canSignOut: false if the server has no keys.
  func page(_ title: String, project: String?, canSignOut: Bool, body: Markup) -> Markup {
    let signOut: Markup =
      canSignOut
      ? #"<form method="post" action="/sign-out"><button type="submit" class="plain">Sign out</button></form>"#
      : .nothing
    let name: Markup = project.map { #"<p class="project">\#($0)</p>"# } ?? .nothing
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(title)</title>
      <link rel="icon" href="\(assets.icon)">
      <link rel="stylesheet" href="\(assets.style)">
      <script src="\(assets.script)"></script>
      </head>
      <body>
      <header class="bar">
      <a class="home" href="/s"><span class="brand" aria-hidden="true"><span></span></span><span class="name">Scrim</span></a>
      \(name)<span class="space"></span>\(signOut)
      </header>
      \(body)
      </body>
      </html>

      """
  }

  func signIn(next: String, message: String?) -> Markup {
    let words: Markup = message.map { #"<p class="alert" role="alert">\#($0)</p>"# } ?? .nothing
    return page(
      "Sign in", project: nil, canSignOut: false,
      body: """
        <main class="narrow">
        <h1>Sign in</h1>
        <p class="quiet">A reader's key shows the sessions of its project. Keys are made by <code>scrim-server new-key</code>.</p>
        \(words)
        <form method="post" action="/sign-in" class="sign-in">
        <input type="hidden" name="next" value="\(next)">
        <input type="text" name="username" value="scrim" autocomplete="username" hidden>
        <label for="key">Key</label>
        <input id="key" name="key" type="password" autocomplete="current-password" spellcheck="false" required autofocus>
        <button type="submit" class="primary">Sign in</button>
        </form>
        </main>
        """)
  }

  func problem(_ refusal: Refusal, project: String?, canSignOut: Bool) -> Markup {
    let title =
      switch refusal.status {
      case 404: "Not here"
      case 410: "Deleted"
      case 429: "Too much at once"
      default: "This can't be shown"
      }
    return page(
      title, project: project, canSignOut: canSignOut,
      body: """
        <main class="narrow">
        <h1>\(title)</h1>
        <p class="quiet">\(refusal.sentence)</p>
        <p><a href="/s">All sessions</a></p>
        </main>
        """)
  }
}

extension Refusal {
  /// The message as a sentence.
  fileprivate var sentence: String { words.prefix(1).uppercased() + words.dropFirst() + "." }
}

/// The permissions of a page, as a Content-Security-Policy.
enum PagePolicy {
  /// Lists and forms.
  static let plain =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

  /// - Parameter ancestors: origins whose pages may embed the player in a frame; none for the player's own page.
  static func player(ancestors: [String]?) -> String {
    let frames = ancestors.map { (["'self'"] + $0).joined(separator: " ") } ?? "'none'"
    return
      "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' blob:; form-action 'none'; base-uri 'none'; frame-ancestors \(frames)"
  }
}

extension Response {
  static func page(
    _ markup: Markup, _ status: HTTPResponse.Status = .ok, policy: String = PagePolicy.plain
  ) -> Response {
    Response(
      status: status,
      headers: [.contentType: "text/html; charset=utf-8", .contentSecurityPolicy: policy],
      body: .init(byteBuffer: ByteBuffer(string: markup.text)))
  }

  /// The browser requests the other address with GET.
  static func seeOther(_ address: String) -> Response {
    Response(status: .seeOther, headers: [.location: address])
  }
}
