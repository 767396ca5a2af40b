public import ArgumentParser
import Foundation
import Glibc
import ScrimCodec
import ScrimImage
import ScrimRedact
public import ScrimScreenshots
import Synchronization

struct Redact: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Redact a folder of PNG and JPEG screenshots with the boxes of their widgets.",
    discussion: """
      An image that can't be redacted with certainty gets no output; the others do. Folders.md describes the treatment of \
      links, clashing names and other special cases.
      """)

  @Argument(help: ArgumentHelp("The folder with the images, and everything below it.", valueName: "in"))
  var input: String

  @Option(help: ArgumentHelp("The folder for the redacted images; made if missing.", valueName: "dir"))
  var out: String

  @Option(
    help: ArgumentHelp(
      "The policy that decides what is masked: a file, or default, strict, controls, none.",
      valueName: "policy"))
  var policy = "default"

  @Option(
    help: ArgumentHelp(
      "The boxes, if they are not beside the images: a folder with the same structure, or one file of annotations of all images.",
      valueName: "path"))
  var widgets: String?

  @Option(help: ArgumentHelp("Format of the outputs: keep, png, jpeg.", valueName: "format"))
  var format = RedactionSettings.Output.keep

  @Option(help: ArgumentHelp("JPEG quality, 1 to 100; chroma is not subsampled.", valueName: "n"))
  var quality = 90

  @Option(
    help: ArgumentHelp(
      "Treatment of an image without boxes: refuse it (fail), mask all of it, or skip it.", valueName: "what")
  )
  var onMissing = RedactionSettings.Missing.fail

  @Option(
    help: ArgumentHelp(
      "How to find boxes for images without any: ocr, with an installed tesseract. Text that it misses is not masked.",
      valueName: "how"))
  var detect: Detection?

  @Option(
    help: ArgumentHelp(
      "Pixels per unit of the boxes in other tools' files, if these don't contain it; see Boxes.md.",
      valueName: "n"))
  var boxScale: Double?

  @Option(
    help: ArgumentHelp(
      "If Exif rotates the picture: whether boxes in other tools' files refer to the displayed or the stored picture; either masks both places.",
      valueName: "space"))
  var boxSpace: BoxSpace?

  @Option(
    help: ArgumentHelp(
      "The folder for pictures that show what was masked and why: the redacted ones, with outlines.",
      valueName: "dir"))
  var preview: String?

  @Option(
    help: ArgumentHelp(
      "Number of images processed in parallel; the number of cores by default.", valueName: "n"))
  var jobs = ProcessInfo.processInfo.activeProcessorCount

  @Option(help: ArgumentHelp("Process part I of N, from 1/N to N/N.", valueName: "i/n"))
  var shard = Shard.whole

  @Option(
    help: ArgumentHelp(
      "The report: one line of JSON per image, - for standard output.", valueName: "file.jsonl"))
  var report: String?

  @Flag(help: "Skip images that an earlier run finished.")
  var resume = false

  @Option(
    help: ArgumentHelp(
      "The folder for the record of finished images and its key; DIR.resume by default.", valueName: "dir"))
  var state: String?

  @Option(
    help: ArgumentHelp("Names of outputs: keep, or hash for names that reveal nothing.", valueName: "how"))
  var rename = Rename.keep

  @Option(help: ArgumentHelp("Maximum number of pixels of an image.", valueName: "n"))
  var maxPixels = PictureLimits.pixels

  @Flag(help: "Do everything except writing.")
  var dryRun = false

  @Flag(help: "Write JPEG in three quarters of the time, with 1.16 times the bytes. PNG is not affected.")
  var fast = false

  @Flag(inversion: .prefixedNo, help: "Sync files to the disk before they get their names.")
  var sync = true

  @OptionGroup var output: OutputOptions

  enum Detection: String, CaseIterable, ExpressibleByArgument { case ocr }
  enum Rename: String, CaseIterable, ExpressibleByArgument { case keep, hash }

  func validate() throws {
    guard (1...100).contains(quality) else { throw ValidationError("--quality takes a number from 1 to 100") }
    guard (1...1024).contains(jobs) else { throw ValidationError("--jobs takes a number from 1 to 1024") }
    guard (1...1 << 28).contains(maxPixels) else {
      throw ValidationError("--max-pixels takes a number from 1 to \(1 << 28)")
    }
    guard boxScale.map({ (0.0625...64).contains($0) }) ?? true else {
      throw ValidationError("--box-scale takes a number from 0.0625 to 64")
    }
    guard !(output.json && report == "-") else {
      throw ValidationError("--json and --report - both write to standard output; give --report a file")
    }
  }

  func run() throws {
    Terminal.forbidCoreFiles()
    // A file size limit then causes a write error, as a full disk does.
    signal(SIGXFSZ, SIG_IGN)
    CodecMemory.keep()
    let policy = try MaskPolicy.named(self.policy)
    if self.policy == MaskPolicy.Preset.none.rawValue {
      Terminal.say("warning: the policy none masks only password fields; do not use it on real screens")
    }
    var request = request(policy)
    if detect == .ocr {
      do throws(OCRError) {
        request.settings.detector = try OCRDetector()
      } catch {
        throw Failure(.environment, "--detect ocr: \(error)")
      }
    }
    Terminal.noteInterrupts()
    let summary: RedactionSummary
    let display: Display
    do {
      let run = try RedactionRun(request)
      let file = try report.map { try ReportFile($0, outside: request) }
      display = Display(isQuiet: output.quiet)
      if !output.quiet { Thread.detachNewThread { display.setTotal(run.count()) } }
      summary = try run.run(
        isInterrupted: { Terminal.isInterrupted },
        onResult: { result throws(RunError) in
          try file?.write(result)
          display.show(result)
        })
    } catch let fault as RunError {
      switch fault {
      case .usage(let text): throw Failure(.usage, text)
      case .system(let text): throw Failure(.environment, text)
      }
    }
    display.close()
    let table = RedactionTable(summary)
    if output.json { try output.print(json: table) }
    if !output.quiet { for line in table.lines { Terminal.say(line) } }
    if detect != nil { Terminal.say("warning: \(OCRDetector.notice)") }
    if summary.hasBoxesOfEngine { Terminal.say("warning: \(Sidecar.engineNote)") }
    if summary.isInterrupted {
      throw Failure(
        .interrupted,
        "interrupted after \(counted(summary.images, "image")); run again with --resume to continue")
    }
    if summary.refused > 0 {
      throw Failure(
        .input,
        "refused \(summary.refused) of \(counted(summary.images, "image")) (see above); the others are done"
      )
    }
  }

  private func request(_ policy: MaskPolicy) -> RedactionRequest {
    var settings = RedactionSettings(policy: policy)
    settings.output = format
    settings.quality = quality
    settings.isHasty = fast
    settings.onMissing = onMissing
    settings.pixelLimit = maxPixels
    settings.boxScale = boxScale
    settings.boxSpace = boxSpace
    var request = RedactionRequest(input: input, output: out, settings: settings)
    request.widgets = widgets
    request.preview = preview
    if let state { request.state = state }
    request.jobs = jobs
    request.shard = shard
    request.resumes = resume
    request.isDryRun = dryRun
    request.hashesNames = rename == .hash
    request.syncs = sync
    return request
  }
}

extension RedactionSettings.Output: ExpressibleByArgument {}
extension RedactionSettings.Missing: ExpressibleByArgument {}
extension BoxSpace: ExpressibleByArgument {}

extension Shard: ExpressibleByArgument {
  public init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1], (1...1 << 20).contains(count),
      (1...count).contains(index)
    else { return nil }
    self.init(index: index, count: count)
  }

  public var defaultValueDescription: String { "all" }
}

/// Progress, and messages for the first refused images; called by one thread at a time, except for the
/// total.
private final class Display: Sendable {
  private struct State {
    var progress: Progress
    var done = 0
    var refused = 0
  }

  private let state: Mutex<State>
  private let isQuiet: Bool
  private static let limit = 20

  init(isQuiet: Bool) {
    self.isQuiet = isQuiet
    state = Mutex(State(progress: Progress(unit: "images", total: nil, isQuiet: isQuiet)))
  }

  func setTotal(_ total: Int) { state.withLock { $0.progress.total = total } }

  func show(_ result: ImageResult) {
    state.withLock { state in
      state.done += 1
      if let message = result.message {
        state.refused += 1
        if state.refused <= Display.limit {
          state.progress.clear()
          Terminal.say("\(Terminal.printable(result.image)): \(Terminal.printable(message))")
        }
      }
      state.progress.show(state.done)
    }
  }

  func close() {
    state.withLock { state in
      state.progress.clear()
      if state.refused > Display.limit {
        Terminal.say("and \(state.refused - Display.limit) more refused images")
      }
    }
  }
}
