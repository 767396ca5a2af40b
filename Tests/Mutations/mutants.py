"""The decisions that mutate.py switches off: by name, the tests that guard it, its file, its text, and the text with OFF as the switch."""

SUITES = {
    "guard": "GapGuardTests/|StepPlanesTests/",
    "changes": "ExplainedChangesTests/|ScrollWitnessTests/|ClearanceTests/|MaskingStageTests/",
    "plan": "MaskPlannerTests/|ControlFacesTests/",
    "windows": "DesktopAssemblyTests/|LiveBoxesTests/",
}

GROUPS, TEXTURE = "ScrimRedact/Masking/SuspectGroups.swift", "ScrimRedact/Masking/TextureMap.swift"
JUDGE, LINES = "ScrimRedact/Masking/ShapeJudge.swift", "ScrimRedact/Masking/ShapeJudge+Lines.swift"
BUNDLES, CHANGES = "ScrimRedact/Masking/ShapeJudge+Bundles.swift", "ScrimRedact/Masking/ExplainedChanges.swift"
EVIDENCE, CLEARANCE = "ScrimRedact/Masking/ChangeEvidence.swift", "ScrimRedact/Masking/Clearance.swift"
FACES, ASSEMBLY = "ScrimRedact/Plan/ControlFaces.swift", "ScrimCapture/Accessibility/DesktopAssembly.swift"
PLACEMENT, MASKS = "ScrimCapture/Accessibility/WindowPlacement.swift", "ScrimRedact/Plan/PlanRun+Masks.swift"
LOOK = "ScrimRedact/Masking/LookChange.swift"

MUTANTS = {
    # Principle 1: a mask has the shape of a box.
    "texture is grouped": ("guard", GROUPS, "      let root = root(group)\n", "      let root = OFF ? group : root(group)\n"),
    "margin around texture": (
        "guard", GROUPS, "bounds.padded(by: rim + min(bounds.width, bounds.height) / 24)",
        "OFF ? bounds : bounds.padded(by: rim + min(bounds.width, bounds.height) / 24)"),
    "margin around shapes": (
        "guard", GROUPS, "    return bounds.padded(by: rim + (isBar ? 2 * thin : thin / 4))",
        "    return OFF ? bounds : bounds.padded(by: rim + (isBar ? 2 * thin : thin / 4))"),
    "wide margin around bars": ("guard", GROUPS, "isBar ? 2 * thin", "isBar && !OFF ? 2 * thin"),
    "bars side by side are joined": ("guard", GROUPS, "    var groups = shapes\n", "    if OFF { return shapes }\n    var groups = shapes\n"),
    "rectangles that touch are merged": ("guard", GROUPS, "    var rects = rects\n    while true {\n      rects.sort", "    var rects = rects\n    while true {\n      if OFF { return rects }\n      rects.sort"),
    # Principle 2: only surfaces pass.
    "texture": ("guard", TEXTURE, "        if suspect == 0 { continue }", "        if OFF || suspect == 0 { continue }"),
    "grain": ("guard", TEXTURE, "      columns[base + word] = planes.grain[base + word]\n      rows[base + word] = planes.grain[base + word]", "      columns[base + word] = OFF ? 0 : planes.grain[base + word]\n      rows[base + word] = columns[base + word]"),
    "small steps beside lines": ("guard", TEXTURE, "let reach = far[word + 1]", "let reach = OFF ? ~0 : far[word + 1]"),
    "block: a stroke": ("guard", JUDGE, "      !block.isStout && min", "      !OFF && !block.isStout && min"),
    "block: a bar": ("guard", JUDGE, "      || !block.left.differs(from: block.right) && bounds.width", "      || !OFF && !block.left.differs(from: block.right) && bounds.width"),
    "block: a lying bar": ("guard", JUDGE, "      || !block.top.differs(from: block.bottom) && bounds.height", "      || !OFF && !block.top.differs(from: block.bottom) && bounds.height"),
    "block: small": ("guard", JUDGE, "      || !isWide && !isHigh\n", "      || !OFF && !isWide && !isHigh\n"),
    "block: alike on all sides": ("guard", JUDGE, "      || mayBeLike(block.left", "      || !OFF && mayBeLike(block.left"),
    "block: cut by masks": ("guard", JUDGE, "(a.isUnseen || b.isUnseen) && isCut()", "!OFF && (a.isUnseen || b.isUnseen) && isCut()"),
    "block: a letter": ("guard", JUDGE, "map.intrusion(into: surface) * 10 > bounds.area", "!OFF && map.intrusion(into: surface) * 10 > bounds.area"),
    "block: a cell": ("guard", JUDGE, "let cells = large.filter { isCell", "let cells = OFF ? [] : large.filter { isCell"),
    "block: beside a suspect": ("guard", JUDGE, "      + neighbours(\n        of: found, among: large", "      + neighbours(\n        of: OFF ? [] : found, among: large"),
    "block passes: fills a container": ("guard", JUDGE, "([picture] + boxes.containers).contains(where: { fills(", "!OFF, ([picture] + boxes.containers).contains(where: { fills("),
    "block passes: a trough": ("guard", JUDGE, "    if isPart(ofDecoration: bounds) { return .ground }", "    if !OFF, isPart(ofDecoration: bounds) { return .ground }"),
    "block passes: an island": ("guard", JUDGE, "if block == .island, grounds", "if !OFF, block == .island, grounds"),
    "block passes: continued": ("guard", JUDGE, "          if other != surface { others.append(other) }", "          if !OFF, other != surface { others.append(other) }"),
    "frame: bent": ("guard", LINES, "|| !bent.contains(surface) && least", "|| (OFF || !bent.contains(surface)) && least"),
    "frame: small": ("guard", LINES, "(!isLarge || isOpen", "(!OFF && !isLarge || isOpen"),
    "frame: open": ("guard", LINES, "isOpen && least < ShapeJudge.share)", "!OFF && isOpen && least < ShapeJudge.share)"),
    "frame passes: a container's": ("guard", LINES, "&& !isInContainer(bounds)", "&& (OFF || !isInContainer(bounds))"),
    "line: a slice": ("guard", LINES, "(isSlice(line) ||", "(!OFF && isSlice(line) ||"),
    "line: ends at content": ("guard", LINES, "|| endsAtContent(line, content, lines, joints))", "|| !OFF && endsAtContent(line, content, lines, joints))"),
    "line: a step": ("guard", LINES, "} else if isStep(line", "} else if !OFF, isStep(line"),
    "line: corners without a frame": ("guard", LINES, "if !line.isBorder, !lines[other].isBorder { groups.unite", "if !OFF, !line.isBorder, !lines[other].isBorder { groups.unite"),
    "line passes: a border": ("guard", LINES, "isBorder: boxes.containers.contains { isAlong", "isBorder: !OFF && boxes.containers.contains { isAlong"),
    "bundle": ("guard", BUNDLES, "    return edges.count >= ShapeJudge.edges\n", "    return !OFF && edges.count >= ShapeJudge.edges\n"),
    "bundle passes: a gradient": ("guard", BUNDLES, "return last.0 * next.0", "return OFF || last.0 * next.0"),
    # Principle 3: pixels belong to whoever drew them.
    "a window has its own process's tree": ("windows", ASSEMBLY, "let own = windows.indices.filter { windows[$0].pid == pid }\n    guard", "let own = windows.indices.filter { OFF || windows[$0].pid == pid }\n    guard"),
    "an unreadable application is masked": ("windows", ASSEMBLY, "for window in own { close(window, .unreadable) }", "if !OFF { for window in own { close(window, .unreadable) } }"),
    "an ambiguous window is masked": ("windows", ASSEMBLY, "for window in placed.ambiguous { close", "for window in placed.ambiguous where !OFF { close"),
    "two trees for one window": ("windows", ASSEMBLY, "other != reading { close", "!OFF, other != reading { close"),
    "a plug has its own window": (
        "windows", ASSEMBLY, "        embed(node, &contexts[index], number: number)",
        "        if !OFF { embed(node, &contexts[index], number: number) }"),
    "a hidden window describes nothing": ("windows", PLACEMENT, "outcome.isHidden[index] = hidden", "outcome.isHidden[index] = !OFF && hidden"),
    "hidden windows make titles count": ("windows", PLACEMENT, "let hidesWindows = own", "let hidesWindows = !OFF && own"),
    "a misfit must be confirmed": ("windows", PLACEMENT, "return knownMisfits.contains(misfit)", "return OFF || knownMisfits.contains(misfit)"),
    "windows without a tree are listed": ("windows", ASSEMBLY, "guard isClosed || described[index] == nil else", "guard !OFF, isClosed || described[index] == nil else"),
    "upper windows cover widgets": ("windows", ASSEMBLY, "let open = above.subtracting(described)", "let open = OFF ? Region() : above.subtracting(described)"),
    "torn nodes": ("windows", ASSEMBLY, "let isMarked = node.isTorn ||", "let isMarked = !OFF && node.isTorn ||"),
    # Principle 4: a change must be explained.
    "a change must be explained": ("changes", CHANGES, "      if !rest.isEmpty { open[tile] = rest }", "      if !OFF, !rest.isEmpty { open[tile] = rest }"),
    "lying windows": ("changes", CHANGES, ".subtracting(liars)\n", ".subtracting(OFF ? Region() : liars)\n"),
    "windows take doubts along": ("changes", CHANGES, "doubts.pixels(claims, visible, in: picture)", "OFF ? Region() : doubts.pixels(claims, visible, in: picture)"),
    "a state of a window is compared with the doubted one": ("changes", "ScrimRedact/Masking/WindowDoubts.swift", "guard now.isDescribed, new != old else", "guard !OFF, now.isDescribed, new != old else"),
    "unexplained tiles as rectangles": ("changes", CHANGES, "unexplained : unexplained.hulls()", "unexplained : OFF ? unexplained : unexplained.hulls()"),
    "unexplained becomes fill": ("changes", CHANGES, "    if since.allSatisfy({ $0 == nil }) { return Region() }", "    if OFF || since.allSatisfy({ $0 == nil }) { return Region() }"),
    "known again": ("changes", CHANGES, "      if content.wasShown(", "      if !OFF, content.wasShown("),
    "a new look": ("changes", CHANGES, "change.isLook(in:", "!OFF, change.isLook(in:"),
    "a look has no new edges": ("changes", LOOK, "    let edges = newEdges()\n", "    let edges = OFF ? [] : newEdges()\n"),
    "a face fits a control": ("changes", LOOK, "controls.contains { face.fits($0) }", "(OFF || controls.contains { face.fits($0) })"),
    "a face is solid": ("changes", LOOK, "guard isSolid, min", "guard OFF || isSolid, min"),
    "masked names explain nothing": ("changes", "ScrimRedact/Plan/Claims.swift", "      case .masked: break\n", "      case .masked: if OFF { claim.look = widget.look }\n"),
    "a container explains no shown widget": ("changes", EVIDENCE, "      if claim.treatment != .gap { shownAfter", "      if OFF || claim.treatment != .gap { shownAfter"),
    "busy explains nothing": ("changes", "ScrimRedact/Plan/Claims.swift", "where ChangeEvidence.containerStates.contains(state)", "where OFF || ChangeEvidence.containerStates.contains(state)"),
    "old boxes may fit": ("changes", "ScrimRedact/Masking/ScrollWitness.swift", "if found > fits, found >= 2", "if !OFF, found > fits, found >= 2"),
    "settled": ("changes", CLEARANCE, "      past.changes.mark(&changed, in: kept)\n      past.markDrawn", "      if !OFF { past.changes.mark(&changed, in: kept) }\n      past.markDrawn"),
    "masks of snapshots are united": ("changes", CLEARANCE, "let united = lastMasks?.union(snapshot.regions) ?? snapshot.regions", "let united = OFF ? snapshot.regions : lastMasks?.union(snapshot.regions) ?? snapshot.regions"),
    "a frame before the snapshot": ("changes", CLEARANCE, "history.lastIndex { isPast($0.time, at: moment) }", "history.lastIndex { OFF || isPast($0.time, at: moment) }"),
    "masked text changes no time": ("plan", "ScrimRedact/Plan/MaskPlanner.swift", "return first.claims == second.claims", "return !OFF && first.claims == second.claims"),
    # Principle 5: a preset shows what a control looks like.
    "cards": ("plan", "ScrimRedact/Plan/PlanRun.swift", "return faces.isCard(index) ? .gap", "return !OFF && faces.isCard(index) ? .gap"),
    "cards: texts": ("plan", FACES, "    return texts(in: index) >", "    return !OFF && texts(in: index) >"),
    "icons": ("plan", FACES, "    return Double(max(rect.width, rect.height)) <=", "    return OFF || Double(max(rect.width, rect.height)) <="),
    "tabs of documents": ("plan", FACES, "    if isOfDocuments || hasPage", "    if !OFF, isOfDocuments || hasPage"),
    "path bars": ("plan", FACES, "    if pressed.count == 1 {", "    if !OFF, pressed.count == 1 {"),
    "folders in a chooser": ("plan", FACES, 'if isInChooser[index], role(index) == "toggle button" {', 'if !OFF, isInChooser[index], role(index) == "toggle button" {'),
    "summaries": ("plan", FACES, "      if isInDocument[index], opens,", "      if !OFF, isInDocument[index], opens,"),
    "controls are clipped": ("plan", MASKS, "    guard isControl, !vouched.contains(index) else", "    guard !OFF, isControl, !vouched.contains(index) else"),
    "layers over controls": ("plan", MASKS, "    if shown.isEmpty { return [:] }", "    if OFF || shown.isEmpty { return [:] }"),
    "lists of combo boxes": ("windows", ASSEMBLY, "for (widget, input) in assembly.lists {", "for (widget, input) in assembly.lists where !OFF {"),
    # Principle 6: who can't know says so.
    "popups of unknown position": ("windows", ASSEMBLY, "guard origin == .window, !boxes.isEmpty else { return }", "guard !OFF, origin == .window, !boxes.isEmpty else { return }"),
    "a focus without a tree": ("windows", ASSEMBLY, "    if focused.isEmpty || !isKnown {", "    if !OFF, focused.isEmpty || !isKnown {"),
}
