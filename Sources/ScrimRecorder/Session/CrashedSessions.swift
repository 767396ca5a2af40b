import ScrimFormat
import ScrimRedact
import ScrimStore

extension SessionKeeper {
  /// Turns the buffers of crashed processes into sessions, if their error draw hits.
  ///
  /// A buffer that its process didn't remove belongs to a crash, with a core file or without.
  mutating func recoverCrashedSessions() throws(RecordingError) {
    guard settings.options.crashBuffer else { return }
    do throws(StoreError) {
      let folder: CrashBufferFolder
      if let runtime = settings.runtimeFolder {
        folder = try CrashBufferFolder(runtime: runtime)
      } else {
        folder = try CrashBufferFolder.ofUser()
      }
      crashFolder = folder
      for abandoned in try folder.abandoned() { try recover(abandoned) }
    } catch { throw .output(error) }
  }

  private mutating func recover(_ abandoned: AbandonedCrashBuffer) throws(StoreError) {
    let id = abandoned.session
    guard let first = abandoned.segments.first?.frames.first?.time,
      sampling.takesError(chance: settings.chance())
    else {
      try abandoned.remove()
      settings.onChange?(.dropped(id, .noError))
      return
    }
    var header = abandoned.segments[0].header
    header.session = id
    header.start = abandoned.start + first
    // Sealed to the key of the recorder that crashed, even if this one has none.
    let folder = settings.folder(written, id).sealed(to: abandoned.sealTo)
    var about = SessionAbout()
    about.kind = .buffer
    about.ended = .crash
    for segment in abandoned.segments {
      for record in segment.events {
        guard let event = try? Event(recorded: record.json, time: record.time) else { continue }
        about.note(error: event.type == "error" ? event.id : nil, trace: event.traceID)
      }
    }
    var output = SessionOutput(header)
    var segments = abandoned.segments
    segments[segments.count - 1].events.append(crash(of: abandoned))
    output.keep(in: ReplayBuffer(segments))
    output.prepare(try folder.create(header), header, shift: first)
    try output.writeBuffer()
    let sums = try output.finish(about)
    output.close()
    // Its session is complete in its folder before the buffer is removed.
    try abandoned.remove()
    written += 1
    totals.segments += sums.segments
    totals.bytes += sums.bytes
    settings.onChange?(.recovered(id, folder))
  }

  /// Records an error at the time of the crash if that is known, otherwise after the last frame.
  private func crash(of abandoned: AbandonedCrashBuffer) -> EventRecord {
    let last = abandoned.segments.last?.frames.last?.time ?? 0
    var event = Event("error")
    event.name = "crash"
    event.handled = false
    event.message = "process \(abandoned.process) ended without stopping its recorder"
    event.data = ["pid": .number(Double(abandoned.process))]
    var time = last
    if let crash = abandoned.crash(journal: settings.journal) {
      event.message = "process \(abandoned.process) was ended by signal \(crash.signal)"
      event.data = ["pid": .number(Double(abandoned.process)), "signal": .number(Double(crash.signal))]
      time = max(last, crash.time - abandoned.start)
    }
    // A wall clock that was set in between must not make a session of years.
    return EventRecord(time: min(time, last + 60_000_000_000), json: event.canonicalJSON)
  }

  /// A crash buffer for a session that begins to be buffered; nil if the option is off, or if it can't be made.
  func crashBuffer(of id: SessionID, start: Int64) -> CrashBuffer? {
    guard let folder = crashFolder else { return nil }
    let sealTo = settings.folder(written, id).sealTo
    do { return try CrashBuffer(in: folder, session: id, start: start, sealTo: sealTo) } catch {
      settings.onChange?(.crashBufferLost(id, error))
      return nil
    }
  }
}
