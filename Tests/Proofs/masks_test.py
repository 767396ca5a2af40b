#!/usr/bin/python3
"""Compares masks.py with masks of small trees that were computed by hand."""
import sys

import numpy as np

import masks
from proof import Report

W, H = 40, 20
LETTERS = ".ugoitnp"  # not masked, uncovered, gap, other, image, text, input (n), password


def widget(role, x, y, w, h, **more):
    return dict(role=role, x=x, y=y, w=w, h=h, **more)


def picture(widgets, windows=None, scale=1, whole=False, **rules):
    """One letter per pixel: a kind of mask, or T trusted, G gap, space for kept uncovered pixels."""
    rules = (
        masks.policy({"padding": 0, "gaps": "keep", **rules})
        if "preset" not in rules
        else masks.policy(rules.pop("preset"), **rules)
    )
    plan = masks.make_plan(widgets, windows, rules, W, H, scale, whole)
    shown = np.where(plan.trusted, "T", np.where(plan.gap, "G", " "))
    return np.where(plan.masked, np.array(list(LETTERS))[plan.kind], shown)


def area(letter, x0, y0, x1, y1):
    return letter, slice(y0, y1), slice(x0, x1)


def expect(report, title, got, *areas, rest=" "):
    """The picture is `rest`, painted over with the areas in order."""
    want = np.full((H, W), rest)
    for letter, rows, columns in areas:
        want[rows, columns] = letter
    report.check(title, np.array_equal(got, want), f"{np.count_nonzero(got != want)} pixels differ")


def main():
    report = Report("masks.py against answers by hand")
    panel = widget("panel", 0, 0, 40, 20, id="p")
    button = widget("push button", 4, 4, 10, 6, id="b", parent="p")
    label = widget("label", 6, 5, 4, 4, id="l", parent="b")
    case = lambda title, got, *areas, **more: expect(report, title, got, *areas, **more)

    case(
        "rounded outward, padded, cut",
        picture([widget("label", 0.6, 2.5, 3, 2)], padding=2),
        area("t", 0, 0, 6, 7),
    )
    case("box_scale", picture([widget("icon", 1, 1, 2.25, 1)], scale=2), area("i", 2, 2, 7, 4))
    case(
        "no size, no mask, but children",
        picture([widget("label", 5, 5, 0, 9, id="z"), widget("panel", 8, 8, 3, 3, parent="z")]),
        area("o", 8, 8, 11, 11),
    )
    case(
        "text in a gap",
        picture([panel, widget("label", 3, 3, 5, 5, parent="p")]),
        area("t", 3, 3, 8, 8),
        rest="G",
    )
    case("a childless container is masked", picture([panel]), rest="o")
    case("a decoration is a gap", picture([widget("slider", 2, 2, 5, 5)]), area("G", 2, 2, 7, 7))
    case("a container with words is text", picture([dict(panel, text=" a\ufffc")]), rest="t")
    case(
        "white space and U+FFFC are no words",
        picture([dict(panel, text=" \n\ufffc"), button]),
        area("t", 4, 4, 14, 10),
        rest="G",
    )
    case("an unknown role is masked", picture([widget("frobnicator", 1, 1, 2, 2)]), area("o", 1, 1, 3, 3))
    case(
        "unknown: keep is a decoration",
        picture([widget("frobnicator", 1, 1, 2, 2)], unknown="keep"),
        area("G", 1, 1, 3, 3),
    )
    case(
        "an unknown role with children is a container",
        picture([dict(panel, role="frobnicator"), button]),
        area("t", 4, 4, 14, 10),
        rest="G",
    )
    case(
        "editable text is input",
        picture([widget("text", 1, 1, 2, 2, states=["editable"])]),
        area("n", 1, 1, 3, 3),
    )
    case(
        "passwords whatever is said",
        picture(
            [
                widget("password text", 1, 1, 2, 2, mask=False),
                widget("panel", 9, 9, 2, 2, states=["protected"]),
            ],
            rules=[{"role": "password text", "decision": "unmask"}],
        ),
        area("p", 1, 1, 3, 3),
        area("p", 9, 9, 11, 11),
    )
    case(
        "a mark comes before a rule",
        picture([dict(button, mask=False)], rules=[{"role": "button", "decision": "mask"}]),
        area("T", 4, 4, 14, 10),
    )
    case(
        "the first rule wins",
        picture(
            [dict(button, name="Pay now")],
            rules=[
                {"name": "/^pay/", "decision": "mask"},
                {"name": "pay*", "decision": "mask"},
                {"role": "entry", "name": "Pay*", "decision": "mask"},
                {"name": ["x", "P?y*"], "decision": "unmask"},
                {"id": "b", "decision": "mask"},
            ],
        ),
        area("T", 4, 4, 14, 10),
    )
    case(
        "type is the role as written",
        picture(
            [dict(button, role="Button")],
            rules=[{"type": "push button", "decision": "mask"}, {"type": "Button", "decision": "unmask"}],
        ),
        area("T", 4, 4, 14, 10),
    )
    case(
        "a subtree is masked, outside its root too",
        picture([dict(button, mask=True), widget("label", 12, 5, 8, 2, parent="b", mask=False)]),
        area("t", 4, 4, 14, 10),
        area("t", 12, 5, 20, 7),
    )
    inside = [dict(button), widget("label", 20, 5, 4, 4, id="l", parent="b")]
    show = {"id": "l", "decision": "unmask", "insideMasked": True}
    case(
        "insideMasked shows under a default",
        picture(inside, rules=[show]),
        area("t", 4, 4, 14, 10),
        area("T", 20, 5, 24, 9),
    )
    case(
        "insideMasked under a later rule",
        picture(inside, rules=[show, {"id": "b", "decision": "mask"}]),
        area("t", 4, 4, 14, 10),
        area("T", 20, 5, 24, 9),
    )
    case(
        "not under an earlier rule",
        picture(inside, rules=[{"id": "b", "decision": "mask"}, show]),
        area("t", 4, 4, 14, 10),
        area("t", 20, 5, 24, 9),
    )
    case(
        "not under a mark",
        picture([dict(button, mask=True), inside[1]], rules=[show]),
        area("t", 4, 4, 14, 10),
        area("t", 20, 5, 24, 9),
    )
    row = widget("list item", 2, 2, 20, 12, id="r")
    open_buttons = {"role": "push button", "decision": "unmask", "insideMasked": True}
    opened = [row, dict(button, parent="r"), label]
    case(
        "a hole, unpadded, with its label",
        picture(opened, rules=[open_buttons], padding=1),
        area("t", 1, 1, 23, 15),
        area("T", 4, 4, 14, 10),
    )
    case(
        "content that a rule by role alone meets",
        picture([panel, dict(button, states=["content"])], rules=[open_buttons]),
        area("t", 4, 4, 14, 10),
        rest="G",
    )
    case(
        "content that a rule by state shows",
        picture(
            [panel, dict(button, states=["content"])],
            rules=[{"role": "push button", "state": "content", "decision": "unmask"}],
        ),
        area("T", 4, 4, 14, 10),
        rest="G",
    )
    tabs = [widget("page tab", x, 4, 8, 6, id=f"t{x}", parent="p") for x in (4, 12)]
    case(
        "tabs of which one can be closed",
        picture([panel, *tabs, widget("push button", 9, 5, 2, 2, parent="p")], rules=[{"role": "tab", "decision": "unmask"}]),
        area("t", 4, 4, 20, 10),
        rest="G",
    )
    case(
        "tabs of which none can",
        picture([panel, *tabs, widget("push button", 30, 5, 2, 2, parent="p")], rules=[{"role": "tab", "decision": "unmask"}]),
        area("T", 4, 4, 20, 10),
        area("t", 30, 5, 32, 7),
        rest="G",
    )
    path = [widget("toggle button", x, 4, 8, 6, parent="p") for x in (4, 12)]
    case(
        "a path bar",
        picture([panel, path[0], dict(path[1], states=["pressed"])], rules=[{"role": "toggle", "decision": "unmask"}]),
        area("t", 4, 4, 20, 10),
        rest="G",
    )
    case(
        "a card is a gap, and its label is not shown with it",
        picture(
            [panel, widget("push button", 1, 1, 481, 9, id="c", parent="p"), dict(label, parent="c")],
            rules=[{"role": "push button", "decision": "unmask"}],
        ),
        area("t", 6, 5, 10, 9),
        rest="G",
    )
    case(
        "others' masks cover a hole, padding included",
        picture(opened + [widget("label", 15, 4, 4, 4)], rules=[open_buttons], padding=2),
        area("t", 0, 0, 24, 16),
        area("T", 4, 4, 14, 10),
        area("t", 13, 2, 21, 10),
    )
    case(
        "no hole in a field that is masked with its row",
        picture(
            [row, widget("combo box", 3, 3, 18, 10, id="c", parent="r"), dict(button, parent="c")],
            rules=[{"role": "combo box", "decision": "unmask"}, open_buttons],
        ),
        area("t", 2, 2, 22, 14),
        area("n", 3, 3, 21, 13),
    )
    case(
        "a label outside its opened button",
        picture(opened[:2] + [dict(label, x=12)], rules=[open_buttons]),
        area("t", 2, 2, 22, 14),
        area("T", 4, 4, 14, 10),
        area("t", 12, 5, 16, 9),
    )
    case(
        "a label that is shown anyway",
        picture(opened[:2] + [dict(label, mask=False)], rules=[open_buttons]),
        area("t", 2, 2, 22, 14),
        area("T", 4, 4, 14, 10),
    )
    shown = [{"role": "push button", "decision": "unmask"}]
    case(
        "a shown control shows its label",
        picture([panel, button, label], rules=shown),
        area("T", 4, 4, 14, 10),
        rest="G",
    )
    case(
        "but not what a rule masks",
        picture([panel, button, label], rules=shown + [{"role": "label", "decision": "mask"}]),
        area("T", 4, 4, 14, 10),
        area("t", 6, 5, 10, 9),
        rest="G",
    )
    case(
        "nor an entry",
        picture([panel, button, dict(label, role="entry")], rules=shown),
        area("T", 4, 4, 14, 10),
        area("n", 6, 5, 10, 9),
        rest="G",
    )
    case(
        "masks win over the shown",
        picture([widget("label", 0, 0, 9, 9), widget("icon", 5, 5, 9, 9, mask=False)]),
        area("T", 5, 5, 14, 14),
        area("t", 0, 0, 9, 9),
    )
    case(
        "kinds are painted in order",
        picture([widget("entry", 0, 0, 6, 6), widget("label", 3, 3, 6, 6), widget("icon", 6, 6, 6, 6)]),
        area("i", 6, 6, 12, 12),
        area("t", 3, 3, 9, 9),
        area("n", 0, 0, 6, 6),
    )
    window = dict(x=4, y=6, w=30, h=10, frame_extents=[1, 1, 3, 0])
    frame = widget("frame", 4, 6, 30, 10, id="f")
    child = widget("label", 6, 8, 4, 4, parent="f")
    ring = [area("t", 3, 3, 35, 16), area("G", 4, 6, 34, 16), area("t", 6, 8, 10, 12)]
    case(
        "a title bar is text, the rest uncovered",
        picture([frame, child], [window], whole=True),
        *ring,
        rest="u",
    )
    case("uncovered: keep", picture([frame, child], [window], whole=True, uncovered="keep"), *ring)
    case(
        "titleBars: keep is a gap",
        picture([frame, child], [window], titleBars="keep"),
        area("G", 3, 3, 35, 16),
        area("t", 6, 8, 10, 12),
    )
    case(
        "gaps: mask",
        picture([frame, child], [window], gaps="mask"),
        area("t", 3, 3, 35, 16),
        area("g", 4, 6, 34, 16),
        area("t", 6, 8, 10, 12),
    )
    case(
        "a treeless window",
        picture([widget("frame", 0, 0, 6, 20, id="f")], [window], whole=True),
        area("o", 0, 0, 6, 20),
        area("o", 4, 6, 34, 16),
        area("t", 3, 3, 35, 6),
        area("t", 3, 3, 4, 16),
        area("t", 34, 3, 35, 16),
        rest="u",
    )
    case(
        "treelessWindows: keep claims nothing",
        picture([], [dict(window, frame_extents=None)], treelessWindows="keep"),
    )
    case(
        "it agrees with a widget by half",
        picture(
            [panel, widget("panel", 4, 6, 30, 7, id="q", parent="p"), dict(child, parent="q")],
            [window],
            titleBars="keep",
        ),
        area("t", 6, 8, 10, 12),
        rest="G",
    )
    for title, broken in {
        "NaN": widget("label", float("nan"), 0, 1, 1),
        "infinity": widget("label", 0, 0, float("inf"), 1),
        "overflow": widget("label", 1e200, 0, 1, 1),
        "a negative size": widget("label", 0, 0, -1, 1),
        "a missing number": dict(role="label", x=1, y=1, w=1),
        "a wrong type": widget("label", "1", 0, 1, 1),
        "a truth value": widget("label", True, 0, 1, 1),
        "no role": dict(x=1, y=1, w=1, h=1),
        "a duplicate id": dict(label),
        "a cycle": widget("label", 0, 0, 1, 1, id="c", parent="c"),
    }.items():
        case("fails closed on " + title, picture([label, broken]), rest="o")
    case("a parent that is not listed", picture([dict(label, parent="gone")]), area("t", 6, 5, 10, 9))
    case(
        "nested children",
        picture([dict(panel, children=[dict(button, parent=None)])]),
        area("t", 4, 4, 14, 10),
        rest="G",
    )
    everything = [panel, button, label, widget("password text", 20, 4, 4, 4, id="pw", parent="p")]
    case(
        "the preset none",
        picture(everything + [widget("panel", 30, 4, 4, 4, parent="p")], preset="none", padding=0),
        area("T", 4, 4, 14, 10),
        area("p", 20, 4, 24, 8),
        rest="G",
    )
    case(
        "the preset strict",
        picture(everything, preset="strict", padding=0),
        area("t", 4, 4, 14, 10),
        area("p", 20, 4, 24, 8),
        rest="g",
    )
    for alias, name in {
        "android.widget.EditText": "entry",
        "XCUIElementTypeButton": "push button",
        "img": "image",
        "PUSH_BUTTON": "push button",
        "XCUIElementTypeSecureTextField": "password text",
    }.items():
        report.check(f"{alias} is {name}", masks.role_name(alias) == name, masks.role_name(alias))
    for bad in ({"maskAllTexts": True}, {"rules": [{"decision": "mask"}]}, {"rules": [{"rôle": "x"}]}):
        try:
            masks.policy(bad)
            report.check(f"refuses {bad}", False)
        except masks.Refused:
            report.check(f"refuses {bad}", True)
    sys.exit(report.close())


if __name__ == "__main__":
    main()
