import ScrimRedact

/// Reads the input as a policy. Its canonical form must give an equal policy, and it must be applicable.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // libFuzzer passes `count` bytes, or a null pointer and none.
  let input = unsafe Array(UnsafeBufferPointer(start: data, count: count))
  guard let policy = try? MaskPolicy(json: input) else { return 0 }
  do {
    let again = try MaskPolicy(json: policy.canonicalJSON)
    precondition(again == policy, "the canonical form gave another policy")
    precondition(again.canonicalJSON == policy.canonicalJSON, "the canonical form is not canonical")
  } catch {
    preconditionFailure("the canonical form can't be read: \(error)")
  }
  _ = MaskPlanner(policy: policy).plan(for: tree, width: 100, height: 80, describesWholeWindows: true)
  return 0
}

/// Widgets with names for the patterns to search.
let tree: WidgetTree = {
  let json = #"""
    {"widgets":[{"id":"a:1","role":"frame","name":"Window","x":0,"y":0,"w":100,"h":80},
    {"id":"a:2","role":"label","name":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaab","x":1,"y":2,"w":30,"h":9,"parent":"a:1"},
    {"id":"checkout:7","role":"text","name":"IBAN of the card","x":1,"y":20,"w":30,"h":9,"parent":"a:1",
     "states":["focused"]},{"id":"a:3","role":"unheard of","x":50,"y":20,"w":30,"h":9,"parent":"a:1"}]}
    """#
  do {
    return try WidgetTree(json: Array(json.utf8))
  } catch {
    preconditionFailure("the fuzzer's own tree is wrong: \(error)")
  }
}()
