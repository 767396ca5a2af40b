// Redacts a folder of images with their box files: redact-folder INPUT OUTPUT
import Scrim
import ScrimScreenshots

guard CommandLine.arguments.count == 3 else { fatalError("usage: redact-folder INPUT OUTPUT") }
let request = RedactionRequest(
  input: CommandLine.arguments[1], output: CommandLine.arguments[2],
  settings: RedactionSettings(policy: MaskPolicy(preset: .default)))
let summary = try RedactionRun(request).run(
  isInterrupted: { false },
  onResult: { print("\($0.image): \($0.status.rawValue) \($0.reason ?? "")") })
print("\(summary.byStatus[.written] ?? 0) written")
