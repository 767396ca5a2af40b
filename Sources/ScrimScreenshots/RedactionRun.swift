import Dispatch
import Foundation
import ScrimCodec
import ScrimRedact
import Synchronization

/// Why a run can't begin or continue. All files published until then are complete and redacted.
public enum RunError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The request is contradictory.
  case usage(String)
  /// The disk is full, a folder can't be read, …
  case system(String)

  public var description: String {
    switch self {
    case .usage(let text), .system(let text): text
    }
  }
}

/// Redacts a tree of images. Workers share one scan, so that memory is bounded by the number of images
/// being processed.
public final class RedactionRun: Sendable {
  private let request: RedactionRequest
  private let redactor: ImageRedactor
  private let input: Folder
  private let widgets: Folder?
  private let annotations: AnnotationFiles
  private let output: OutputFolder?
  private let preview: OutputFolder?
  private let ledger: ResumeLedger?
  private let state: Mutex<State>

  private struct State {
    var scan: FolderScan
    var summary: RedactionSummary
    var fault: RunError?
  }

  /// Checks the request, opens its folders and makes those of the output (except in a dry run).
  public init(_ request: RedactionRequest) throws(RunError) {
    self.request = request
    try RedactionRun.checkApart(request)
    var file: (name: String, folder: Folder, path: String)?
    do throws(FolderError) {
      input = try Folder(request.input)
      if let named = request.widgets, RedactionRun.isFile(named) {
        let path = RedactionRun.resolved(named)
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        file = (
          String(path[path.index(after: slash)...]), try Folder(String(path[...slash])),
          String(path[...slash])
        )
        widgets = nil
      } else {
        widgets = try request.widgets.map { path throws(FolderError) in try Folder(path) }
      }
    } catch {
      throw .usage("\(error)")
    }
    do throws(CodecError) {
      var settings = request.settings
      settings.makesPreviews = request.preview != nil && !request.isDryRun
      redactor = try ImageRedactor(settings)
    } catch {
      throw .system("\(error)")
    }
    var excluded: [Folder.Status] = []
    do throws(OutputError) {
      if request.isDryRun {
        (output, ledger, preview) = (nil, nil, nil)
      } else {
        let folder = try OutputFolder(request.output, syncs: request.syncs)
        output = folder
        ledger = try ResumeLedger(request.state, shard: request.shard, resuming: request.resumes)
        preview = try request.preview.map { path throws(OutputError) in
          try OutputFolder(path, syncs: request.syncs)
        }
        do throws(FolderError) {
          excluded =
            [try folder.status]
            + (try preview.map { preview throws(FolderError) in [try preview.status] } ?? [])
        } catch { throw .system(error) }
      }
    } catch {
      throw RunError(error)
    }
    let path = RedactionRun.resolved(request.input)
    let pictures = PictureIndex(input, path: path, excluding: excluded)
    if let file {
      annotations = AnnotationFiles(
        only: file.name, in: file.folder, path: file.path, of: pictures,
        isScaleGiven: request.settings.boxScale != nil)
    } else {
      annotations = AnnotationFiles(
        below: widgets ?? input, path: request.widgets.map(RedactionRun.resolved) ?? path, of: pictures,
        isScaleGiven: request.settings.boxScale != nil)
    }
    let source: Folder.Status
    do throws(FolderError) { source = try input.status() } catch { throw .system("\(error)") }
    // Two mount points, or two spellings of one name: the paths don't show this.
    guard !excluded.contains(where: { $0.isSameFile(as: source) }) else {
      throw .usage("\(request.output): the output or the previews are the input; give a separate folder")
    }
    do throws(FolderError) {
      state = Mutex(
        State(
          scan: try FolderScan(input, output: request.settings.output.format, excluding: excluded),
          summary: RedactionSummary(policy: request.settings.policy)))
    } catch {
      throw .system("\(error)")
    }
  }

  /// Number of images to process in this shard. Walks the whole tree.
  public func count() -> Int {
    guard var scan = try? FolderScan(input, output: nil, excluding: []) else { return 0 }
    var count = 0
    while let item = scan.next() {
      switch item {
      case .image(let image): count += request.shard.holds(image.path) ? 1 : 0
      case .refused(let path, _): count += request.shard.holds(path) ? 1 : 0
      }
    }
    return count
  }

  /// Works until all images are done, a system error occurs or the run is interrupted.
  ///
  /// - Parameters:
  ///   - isInterrupted: called before each image; true ends the run.
  ///   - onResult: called once per image, one call at a time; throwing ends the run.
  public func run(
    isInterrupted: @escaping @Sendable () -> Bool,
    onResult: @escaping @Sendable (ImageResult) throws(RunError) -> Void
  ) throws(RunError) -> RedactionSummary {
    DispatchQueue.concurrentPerform(iterations: request.jobs) { _ in
      while !isInterrupted(), let item = nextItem() {
        do throws(RunError) {
          let (result, usage) = try process(item)
          try finish(result, usage, onResult)
        } catch {
          stop(error)
        }
      }
    }
    let summary = state.withLock { state in
      var summary = state.summary
      summary.others = state.scan.othersPassed
      summary.isInterrupted = isInterrupted()
      return summary
    }
    do throws(OutputError) {
      try output?.finish()
      try preview?.finish()
    } catch { stop(RunError(error)) }
    if let fault = state.withLock({ $0.fault }) { throw fault }
    return summary
  }

  private func nextItem() -> FolderScan.Item? {
    state.withLock { state in
      while state.fault == nil, let item = state.scan.next() {
        switch item {
        case .image(let image): if request.shard.holds(image.path) { return item }
        case .refused(let path, _): if request.shard.holds(path) { return item }
        }
      }
      return nil
    }
  }

  private func stop(_ fault: RunError) {
    state.withLock { if $0.fault == nil { $0.fault = fault } }
  }

  private func finish(
    _ result: ImageResult, _ usage: PolicyUsage?, _ onResult: (ImageResult) throws(RunError) -> Void
  ) throws(RunError) {
    let fault: RunError? = state.withLock { state in
      state.summary.add(result, usage)
      do throws(RunError) { try onResult(result) } catch { return error }
      return nil
    }
    if let fault { throw fault }
  }

  private func process(_ item: FolderScan.Item) throws(RunError) -> (ImageResult, PolicyUsage?) {
    switch item {
    case .refused(let path, let refusal): return (ImageResult(path, refusal), nil)
    case .image(let image):
      do throws(ImageIssue) {
        return try result(of: image)
      } catch {
        switch error {
        case .refused(let refusal): return (ImageResult(image.path, refusal), nil)
        case .stopped(let fault): throw fault
        }
      }
    }
  }

  private enum ImageIssue: Error {
    case refused(Refusal)
    case stopped(RunError)
  }

  private func result(of image: ScannedImage) throws(ImageIssue) -> (ImageResult, PolicyUsage?) {
    let before = try status(of: image)
    let bytes = try contents(of: image)
    let file = try sidecarFile(of: image)
    // Boxes belong to the picture with which they were read: another picture put there meanwhile may have
    // other boxes.
    guard try status(of: image) == before else {
      throw .refused(Refusal(FolderError.changed(path: image.path)))
    }
    let isMissing = file == nil && request.settings.detector == nil
    if isMissing, request.settings.onMissing == .skip { return (ImageResult(image.path, .skipped), nil) }
    if isMissing, request.settings.onMissing == .fail {
      throw .refused(
        Refusal(
          .noBoxes,
          (annotations.explanation(named: image.name, in: image.folderPath) ?? unreadFile(beside: image))
            .map { "no file has its boxes; \($0)" }
            ?? "no file has its boxes; put \(image.name).json or annotations.json beside it, name a file of annotations with --widgets, or give --on-missing"
        ))
    }
    let name = outputName(of: image)
    let mark = ledger?.mark(
      of: [request.settings.identity, Array(image.path.utf8), bytes] + (file?.identity ?? [[], []]))
    if request.resumes, let mark, isFinished(mark, at: name) {
      var result = ImageResult(image.path, .resumed)
      result.output = name
      return (result, nil)
    }
    let redacted = try redact(bytes, image, file)
    guard let output, let ledger, let mark else {
      let planned = request.hashesNames ? nil : name
      return (ImageResult(image.path, .planned, output: planned, redacted), redacted.usage)
    }
    do throws(OutputError) {
      if let preview, let made = redacted.preview { _ = try preview.publish(made, at: name + ".png") }
      let outcome = try output.publish(redacted.bytes, at: name)
      try ledger.note(mark, output: ledger.mark(of: [redacted.bytes]))
      let status: ImageResult.Status = outcome == .same ? .same : .written
      return (ImageResult(image.path, status, output: name, redacted), redacted.usage)
    } catch .exists {
      if let there = output.contents(of: name, limit: 1 << 32),
        ImageRedactor.showTheSame(there, redacted.bytes)
      {
        return (ImageResult(image.path, .same, output: name, redacted), redacted.usage)
      }
      throw .refused(
        Refusal(
          .exists, "another file has the name of its output (\(name)); remove it, or give another folder"))
    } catch {
      throw .stopped(RunError(error))
    }
  }

  private func status(of image: ScannedImage) throws(ImageIssue) -> Folder.Status? {
    do throws(FolderError) { return try image.folder.status(of: image.name) } catch {
      throw .refused(Refusal(error))
    }
  }

  private func contents(of image: ScannedImage) throws(ImageIssue) -> [UInt8] {
    do throws(FolderError) {
      if let bytes = try image.folder.contents(of: image.name, limit: request.settings.fileLimit) {
        return bytes
      }
    } catch {
      throw .refused(Refusal(error))
    }
    throw .refused(Refusal(.unreadable, "the file is gone"))
  }

  private func sidecarFile(of image: ScannedImage) throws(ImageIssue) -> SidecarFile? {
    var folder: Folder? = annotations.isOnlyFile ? nil : image.folder
    if let widgets {
      folder = widgets
      do throws(FolderError) {
        for part in image.folderPath.split(separator: "/") {
          let isThere = try folder?.status(of: String(part)) != nil
          folder = isThere ? try folder?.folder(named: String(part)) : nil
        }
      } catch {
        throw .refused(Refusal(.badBoxes, "the folder of its sidecar: \(error.sentence)"))
      }
    }
    do throws(SidecarIssue) {
      return try SidecarFile.find(
        for: image.name, in: folder, folderPath: image.folderPath, isStemUnique: image.isStemUnique,
        annotations: annotations)
    } catch {
      throw .refused(Refusal(error))
    }
  }

  private func redact(
    _ bytes: [UInt8], _ image: ScannedImage, _ file: SidecarFile?
  ) throws(ImageIssue) -> RedactedImage {
    do throws(Refusal) {
      let facts = try ImageFacts(bytes, format: image.format)
      guard let file else { return try redactor.redact(bytes, facts: facts, sidecars: []) }
      let sidecars: [Sidecar]
      do throws(SidecarIssue) {
        sidecars = try file.sidecars(
          SidecarRequest(
            image: image.path, stored: facts.stored, displayed: facts.displayed,
            isTurned: facts.orientation != .upright, byteCount: bytes.count,
            boxScale: request.settings.boxScale, boxSpace: request.settings.boxSpace))
      } catch {
        throw Refusal(error)
      }
      return try redactor.redact(bytes, facts: facts, sidecars: sidecars)
    } catch {
      throw .refused(error)
    }
  }

  /// A file beside an image that may hold its boxes in a format that isn't read.
  private func unreadFile(beside image: ScannedImage) -> String? {
    let stem = PicturePath(image.name).stem
    let names = [
      stem + ".txt", stem + ".csv", "via_region_data.csv", "annotations.csv", "_annotations.csv",
      "labels.csv",
    ]
    guard let name = names.first(where: { (try? image.folder.status(of: $0)) != nil }) else { return nil }
    return
      "\(printable(name)) is not read (YOLO, CSV); export the boxes as COCO or in another format of Boxes.md"
  }

  private func outputName(of image: ScannedImage) -> String {
    let format = request.settings.output.format ?? image.format
    if request.hashesNames, let ledger {
      return ledger.name(for: image.path) + "." + format.fileExtension
    }
    guard format != image.format, let dot = image.path.lastIndex(of: ".") else { return image.path }
    return image.path[..<dot] + "." + format.fileExtension
  }

  /// Whether an earlier run made this output from this input, and the output still exists.
  private func isFinished(_ mark: ResumeLedger.Mark, at name: String) -> Bool {
    guard let ledger, let made = ledger.output(of: mark), let output,
      let bytes = output.contents(of: name, limit: 1 << 32)
    else { return false }
    return ledger.mark(of: [bytes]) == made
  }
}

extension RunError {
  init(_ fault: OutputError) {
    switch fault {
    case .system(let fault): self = .system("\(fault)")
    case .exists: self = .system("the output folder was changed by another program")
    }
  }
}
