import ScrimRedact
import Testing

@testable import ScrimScreenshots

@Suite struct SidecarTests {
  private func read(_ text: String, stored: PixelSize = PixelSize(width: 4, height: 2)) -> Result<
    Sidecar, SidecarIssue
  > {
    Sidecar.read(
      Array(text.utf8), ending: ".json",
      request: SidecarRequest(image: "a.png", stored: stored, displayed: stored.turned))
  }

  @Test func sizesAreOfTheSpaceThatBoxesAreIn() throws {
    let widgets = #""widgets":[{"role":"label","x":0,"y":0,"w":1,"h":1}]"#
    let displayed = try read(#"{"width":2,"height":4,\#(widgets)}"#).get()
    #expect(displayed.space == .displayed && !displayed.describesWholeWindows)
    #expect(displayed.tree.widgets.count == 1)
    let stored = try read(#"{"width":4,"height":2,"space":"stored","windows":[],\#(widgets)}"#).get()
    #expect(stored.space == .stored && stored.describesWholeWindows)
    #expect(throws: SidecarIssue.self) { try read(#"{"width":4,"height":2,\#(widgets)}"#).get() }
  }

  @Test(arguments: [
    "", "[]", "{}", #"{"widgets":[]}"#, #"{"width":2,"height":4}"#, #"{"width":2.5,"height":4,"widgets":[]}"#,
    #"{"width":"2","height":4,"widgets":[]}"#, #"{"width":NaN,"height":4,"widgets":[]}"#,
    #"{"width":2,"height":4,"space":"upside down","widgets":[]}"#,
    #"{"width":2,"height":4,"space":1,"widgets":[]}"#, #"{"width":2,"width":2,"height":4,"widgets":[]}"#,
    #"{"width":2,"height":4,"space":"stored","space":"displayed","widgets":[]}"#,
    #"{"width":2,"height":4,"widgets":[{"role":"label","x":0,"y":0,"w":-1,"h":1}]}"#,
  ])
  func invalidSidecarsAreFaults(text: String) {
    #expect(throws: SidecarIssue.self) { try read(text).get() }
  }
}
