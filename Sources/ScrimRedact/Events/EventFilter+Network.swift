extension EventFilter {
  /// Keeps the fields of a request. Headers and bodies only of addresses that the policy allows.
  func keepRequest(_ kept: inout Event, _ event: Event) {
    kept.method = event.method.flatMap(EventText.word)
    kept.url = event.url.flatMap(EventText.address)
    kept.status = event.status.within(0...999)
    kept.durationMs = event.durationMs.within(0...1e12)
    kept.requestBytes = event.requestBytes.within(0...(1 << 53))
    kept.responseBytes = event.responseBytes.within(0...(1 << 53))
    guard let url = kept.url, policy.network.names(url) else { return }
    kept.requestHeaders = event.requestHeaders.map { headers($0) }
    kept.responseHeaders = event.responseHeaders.map { headers($0) }
    kept.requestBody = event.requestBody.map { scrubber.scrubbed(body: $0) }
    kept.responseBody = event.responseBody.map { scrubber.scrubbed(body: $0) }
  }

  private func headers(_ headers: [String: String]) -> [String: String] {
    var kept: [String: String] = [:]
    for (name, value) in headers {
      let name = name.lowercased()
      guard policy.network.keeps(header: name) else { continue }
      kept[name] = String(text(value).prefix(1024))
    }
    return kept
  }
}
