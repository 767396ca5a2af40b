import Foundation
import ScrimFormat
import ScrimPlayer
import ScrimStore
import Synchronization

/// Finds rage clicks, dead clicks and frozen screens in stored sessions, one session at a time, and writes them to the
/// index. A list only reads the index, so it takes no longer than without.
final class SessionEvaluator: Sendable {
  private let service: ReplayService
  private let report: @Sendable (String) -> Void
  private let isStopped = Atomic<Bool>(false)
  /// Sessions that could not be evaluated, with the time at which they are tried again.
  private let postponed = Mutex<[Int64: Double]>([:])

  /// Seconds between two looks for new segments, and before a session is tried again.
  private static let rest = 1.0
  private static let retrySeconds = 300.0

  init(_ service: ReplayService, report: @escaping @Sendable (String) -> Void = { _ in }) {
    self.service = service
    self.report = report
  }

  /// Evaluates sessions until ``stop()``; blocks. It leaves the processor to threads that answer requests.
  func run() {
    _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, 15)
    while !isStopped.load(ordering: .relaxed) {
      do {
        if try evaluateNext() { continue }
      } catch { report("the index can't be read: \(error)") }
      Thread.sleep(forTimeInterval: SessionEvaluator.rest)
    }
  }

  func stop() { isStopped.store(true, ordering: .relaxed) }

  /// Evaluates the newest session with new segments.
  ///
  /// - Returns: false if there is none.
  func evaluateNext() throws -> Bool {
    let now = Responder.uptime
    let except = postponed.withLock { postponed in
      postponed = postponed.filter { $0.value > now }
      return Set(postponed.keys)
    }
    // Each evaluation of a session in a bucket requests all of its segments.
    guard
      let next = try service.index.unevaluated(
        quiet: ReplayService.now - ReplayService.deliverySeconds, onlyEnded: service.watch != nil,
        except: except)
    else { return false }
    do {
      let findings = next.isSealedToKey ? nil : try service.evaluate(next.session, project: next.project)
      try service.index.set(findings, of: next)
    } catch {
      // A bucket that doesn't answer, or an index that can't be written.
      report("session \(next.session) could not be evaluated, and is tried again in 5 minutes: \(error)")
      postponed.withLock { $0[next.id] = now + SessionEvaluator.retrySeconds }
    }
    return true
  }
}

extension ReplayService {
  /// Plays the stored segments of a session.
  ///
  /// - Returns: the findings; nil if a segment before the last is missing, or one is damaged.
  /// - Throws: if the store can't be asked now.
  func evaluate(_ session: SessionID, project: String) throws(StoreError) -> [Finding]? {
    guard let found = try? find(session, project: project), case .here(let location) = found else {
      return nil
    }
    let manifest: SessionManifest
    do { manifest = try view(location).manifest } catch {
      if let error = error as? StoreError, case .remote = error.reason { throw error }
      return nil
    }
    do throws(PlaybackError) {
      return try Finding.all(in: player(of: manifest, location))
    } catch {
      if case .store(let error) = error, case .remote = error.reason { throw error }
      return nil
    }
  }

  private func player(of manifest: SessionManifest, _ location: SessionLocation) -> SessionPlayer {
    if location.isLocal, let reader = try? location.folder?.read() {
      return SessionPlayer(reader, segments: reader.manifest.segments.indices)
    }
    let (store, place) = (store, location.place)
    return SessionPlayer(manifest.segments.indices) { (index) throws(StoreError) in
      let name = "\(place.session), segment \(index)"
      guard let bytes = try store.segment(index, of: place) else {
        throw StoreError(name, .disagrees("it is missing"))
      }
      guard SHA256.digest(bytes.span) == manifest.segments[index].digest else {
        throw StoreError(name, .disagrees("the manifest lists another SHA-256"))
      }
      let segment: Segment
      do throws(FormatError) { segment = try SegmentReader.read(bytes) } catch {
        throw StoreError(name, .segment(error))
      }
      guard !segment.frames.isEmpty else { throw StoreError(name, .disagrees("it has no frame")) }
      return segment
    }
  }
}
