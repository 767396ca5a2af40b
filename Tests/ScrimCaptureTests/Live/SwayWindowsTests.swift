import Foundation
import Testing

@testable import ScrimCapture
@testable import ScrimRedact

@Suite struct SwayWindowsTests {
  /// An answer to GET_TREE, cut to what is read: a tiled window with a title bar, a hidden one, a floating one above.
  private func tree(outputs: Int = 1, scale: Double = 1, transform: String = "normal") -> Data {
    let content = #"{"x":2,"y":0,"width":596,"height":400}"#
    func window(_ id: Int, x: Int, y: Int, isVisible: Bool = true) -> String {
      """
      {"id":\(id),"type":"con","name":"Window \(id)","pid":\(id + 1000),"visible":\(isVisible),
       "rect":{"x":\(x),"y":\(y),"width":600,"height":402},"window_rect":\(content),
       "deco_rect":{"x":0,"y":0,"width":600,"height":23},"nodes":[],"floating_nodes":[]}
      """
    }
    let output = """
      {"id":2,"type":"output","name":"HEADLESS-1","active":true,"scale":\(scale),"transform":"\(transform)",
       "rect":{"x":100,"y":0,"width":1280,"height":800},"nodes":[{"id":3,"type":"workspace","name":"1",
       "rect":{"x":100,"y":0,"width":1280,"height":800},"nodes":[\(window(4, x: 100, y: 23)),
       \(window(5, x: 100, y: 23, isVisible: false))],"floating_nodes":[\(window(6, x: 300, y: 60))]}]}
      """
    let hidden =
      #"{"id":9,"type":"output","name":"__i3","rect":{"x":0,"y":0,"width":1,"height":1},"nodes":[]}"#
    let list = ([hidden] + Array(repeating: output, count: outputs)).joined(separator: ",")
    return Data(
      #"{"id":1,"type":"root","name":"root","rect":{"x":0,"y":0,"width":1,"height":1},"nodes":[\#(list)]}"#
        .utf8)
  }

  @Test func windowsThatAreSeenComeBottomToTop() throws {
    let windows = try SwayWindows.windows(inTree: tree())
    #expect(windows.map(\.pid) == [1004, 1006])
    #expect(windows.map(\.title) == ["Window 4", "Window 6"])
    let first = try #require(windows.first).window
    #expect([first.x, first.y, first.width, first.height] == [2, 23, 596, 400])
    #expect(first.frameExtents == Window.Extents(left: 2, right: 2, top: 23, bottom: 2))
    #expect(windows[1].window.x == 202 && windows[1].window.y == 60)
  }

  @Test func theyAreInPixelsOfThePicture() throws {
    let window = try #require(try SwayWindows.windows(inTree: tree(scale: 1.5)).last).window
    #expect([window.x, window.y, window.width, window.height] == [303, 90, 894, 600])
  }

  @Test func whereTheyLieIsNotGuessed() throws {
    #expect(try SwayWindows.windows(inTree: tree(outputs: 2)).isEmpty)
    #expect(try SwayWindows.windows(inTree: tree(transform: "90")).isEmpty)
    #expect(throws: (any Error).self) { try SwayWindows.windows(inTree: Data("{}".utf8)) }
    #expect(throws: CaptureError.self) { try SwayWindows(path: "/nowhere/sway.sock") }
  }
}
