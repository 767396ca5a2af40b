import Foundation
import Testing

@testable import ScrimCapture
@testable import ScrimRedact

@Suite struct SwayWindowsTests {
  /// An answer to GET_TREE, reduced to the fields that are read: a tiled window with a title bar, a hidden
  /// one, a floating one above.
  ///
  /// - Parameter outputs: the left edge of each; 1280 wide.
  private func tree(outputs: [Int] = [100], scale: Double = 1, transform: String = "normal") -> Data {
    let content = #"{"x":2,"y":0,"width":596,"height":400}"#
    func window(_ id: Int, x: Int, y: Int, isVisible: Bool = true) -> String {
      """
      {"id":\(id),"type":"con","name":"Window \(id)","pid":\(id + 1000),"visible":\(isVisible),
       "rect":{"x":\(x),"y":\(y),"width":600,"height":402},"window_rect":\(content),
       "deco_rect":{"x":0,"y":0,"width":600,"height":23},"nodes":[],"floating_nodes":[]}
      """
    }
    func output(_ number: Int, x: Int) -> String {
      let id = number * 10
      return """
        {"id":\(id + 2),"type":"output","name":"HEADLESS-\(number + 1)","active":true,"scale":\(scale),
         "transform":"\(transform)","rect":{"x":\(x),"y":0,"width":1280,"height":800},"nodes":[
         {"id":\(id + 3),"type":"workspace","name":"\(number + 1)","rect":{"x":\(x),"y":0,"width":1280,
         "height":800},"nodes":[\(window(id + 4, x: x, y: 23)),
         \(window(id + 5, x: x, y: 23, isVisible: false))],
         "floating_nodes":[\(window(id + 6, x: x + 200, y: 60))]}]}
        """
    }
    let hidden =
      #"{"id":9,"type":"output","name":"__i3","rect":{"x":0,"y":0,"width":1,"height":1},"nodes":[]}"#
    let list = ([hidden] + outputs.enumerated().map { output($0, x: $1) }).joined(separator: ",")
    return Data(
      #"{"id":1,"type":"root","name":"root","rect":{"x":0,"y":0,"width":1,"height":1},"nodes":[\#(list)]}"#
        .utf8)
  }

  /// The visible windows.
  private func seen(_ tree: Data, output: String? = nil) throws -> [DesktopWindow] {
    try SwayWindows.windows(inTree: tree, output: output).filter(\.isVisible)
  }

  @Test func windowsThatAreSeenComeBottomToTop() throws {
    // Those of other workspaces come first: their trees must not be assigned to another window.
    let all = try SwayWindows.windows(inTree: tree())
    #expect(all.map(\.isVisible) == [false, true, true] && all.first?.title == "Window 5")
    let windows = try seen(tree())
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

  @Test func ofSeveralOutputsTheNamedOneIsWhereTheyLie() throws {
    let first = try seen(tree(outputs: [0, 1280]), output: "HEADLESS-1")
    #expect(first.map(\.pid) == [1004, 1006, 1014, 1016] && first.map(\.window.x) == [2, 202, 1282, 1482])
    let second = try seen(tree(outputs: [0, 1280]), output: "HEADLESS-2")
    #expect(
      second.map(\.pid) == [1014, 1016, 1004, 1006] && second.map(\.window.x) == [2, 202, -1278, -1078])
  }

  /// Such a size trapped where it became whole pixels.
  @Test(arguments: ["1e300", "-1e300", "1000001"])
  func sizesThatNoScreenHasAreRefused(_ size: String) throws {
    let text = String(decoding: tree(), as: UTF8.self)
    let huge = text.replacing("\"width\":600", with: "\"width\":\(size)")
    #expect(huge != text)
    #expect(throws: CaptureError.self) { try SwayWindows.windows(inTree: Data(huge.utf8)) }
  }

  @Test func whereTheyLieIsNotGuessed() throws {
    #expect(try SwayWindows.windows(inTree: tree(outputs: [0, 1280])).isEmpty)
    #expect(try SwayWindows.windows(inTree: tree(outputs: [0, 1280]), output: "HEADLESS-3").isEmpty)
    #expect(try SwayWindows.windows(inTree: tree(outputs: [0, 1279]), output: "HEADLESS-1").isEmpty)
    #expect(try SwayWindows.windows(inTree: tree(transform: "90")).isEmpty)
    #expect(throws: (any Error).self) { try SwayWindows.windows(inTree: Data("{}".utf8)) }
    #expect(throws: CaptureError.self) { try SwayWindows(path: "/nowhere/sway.sock") }
  }
}
