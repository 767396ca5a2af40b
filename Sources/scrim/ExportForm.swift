import ArgumentParser

/// The forms that `scrim export --to` writes.
enum ExportForm: String, CaseIterable, ExpressibleByArgument {
  case png, apng, gif, mp4, webm, html, rrweb, sentry
  case sentryStaging = "sentry-staging"
}
