import ScrimRedact

/// Reads the input as a sidecar's widgets and as lines of a capture; a valid tree must be plannable, with
/// the same result twice.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // libFuzzer passes `count` bytes, or a null pointer and none.
  let input = unsafe Array(UnsafeBufferPointer(start: data, count: count))
  _ = try? CaptureLine(json: input, line: 1)
  _ = try? TreeLine(json: input, line: 1)
  guard let tree = try? WidgetTree(json: input) else { return 0 }
  for preset in MaskPolicy.Preset.allCases {
    let planner = MaskPlanner(policy: MaskPolicy(preset: preset))
    let plan = planner.plan(for: tree, width: 640, height: 480, describesWholeWindows: true)
    precondition(
      plan == planner.plan(for: tree, width: 640, height: 480, describesWholeWindows: true),
      "the same tree gave another plan")
  }
  return 0
}
