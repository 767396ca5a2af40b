// Redacts a folder of images with their box files: redact-folder INPUT OUTPUT
import Scrim
import ScrimScreenshots

guard CommandLine.arguments.count == 3 else { fatalError("usage: redact-folder INPUT OUTPUT") }
let request = RedactionRequest(
  input: CommandLine.arguments[1], output: CommandLine.arguments[2],
  settings: RedactionSettings(policy: MaskPolicy(preset: .default)))
let summary = try RedactionRun(request).run(isInterrupted: { false }) { result in
  print("\(result.image): \(result.status.rawValue) \(result.reason ?? "")")
}
print("\(summary.byStatus[.written] ?? 0) written")
