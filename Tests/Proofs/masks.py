#!/usr/bin/python3
"""A second, naive implementation of Masking.md, per pixel, written from that text alone.

`Capture(folder).plan(line, policy)` returns a `Plan`: for every pixel of the picture of that line whether it is
masked and with which kind, trusted, or claimed by gaps only. Run as a program it tests itself on small trees
with results computed by hand, or prints its masks: `masks.py CAPTURE LINE [POLICY]`."""
import json
import math
import os
import re
import sys

import numpy as np

from roles import CONTROLS, NATURE, flat, role_name

# Order of painting: a later kind covers an earlier one. In a plan 0 means "not masked".
KINDS = ["uncovered", "gap", "other", "image", "text", "input", "password"]
CODE = {kind: i + 1 for i, kind in enumerate(KINDS)}


class Refused(Exception):
    """An invalid tree or policy."""


DEFAULTS = dict(
    maskAllText=True,
    maskAllImages=True,
    maskAllInputs=True,
    unknown="mask",
    uncovered="auto",
    titleBars="mask",
    treelessWindows="mask",
    gaps="guard",
    padding=2,
    fill="#000000",
    clearance="settled",
    staleAfter_ms=1000,
    hideInteraction=["password text"],
    rules=[],
)
PRESETS = {
    "default": {},
    "strict": dict(gaps="mask", uncovered="mask"),
    "controls": dict(
        rules=[dict(role=sorted(CONTROLS - {"link", "disclosure triangle"}), decision="unmask", insideMasked=True)]
    ),
    "none": dict(
        maskAllText=False,
        maskAllImages=False,
        maskAllInputs=False,
        unknown="keep",
        uncovered="keep",
        titleBars="keep",
        treelessWindows="keep",
        gaps="keep",
        clearance="latest",
    ),
}
CONDITIONS = {"role", "type", "id", "name", "state"}


def policy(spec="default", **more):
    """A policy from a preset's name, a file's path or a dictionary; keyword arguments override its keys."""
    if isinstance(spec, str):
        if spec in PRESETS:
            return {**DEFAULTS, **PRESETS[spec], **more}
        with open(spec, encoding="utf-8") as file:
            spec = json.load(file)
    for rule in spec.get("rules", []):
        if not CONDITIONS & set(rule) or set(rule) - CONDITIONS - {"decision", "insideMasked"}:
            raise Refused("a rule")
        if any(role_name(role) is None for role in values(rule, "role")):
            raise Refused("an unknown role")
    if set(spec) - set(DEFAULTS):
        raise Refused("a key")
    return {**DEFAULTS, **spec, **more}


def values(rule, key):
    """The values that a condition of a rule allows; none where it does not have the condition."""
    given = rule.get(key, [])
    return given if isinstance(given, list) else [given]


def matches(pattern, value):
    regex = re.fullmatch(r"/(.*)/(i?)", pattern, re.S)
    if regex:
        return re.search(regex[1], value, re.S | re.A | (re.I if regex[2] else 0)) is not None
    if pattern.startswith("/"):
        raise Refused("a pattern")
    glob = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern)
    return re.fullmatch(glob, value, re.S) is not None


def holds(rule, widget):
    """Whether every condition of a rule holds for a widget."""

    def pattern(key, text):
        if key not in rule:
            return True
        if text is not None and len(text) > 1000:
            return rule["decision"] == "mask"
        return text is not None and any(matches(value, text) for value in values(rule, key))

    return (
        ("role" not in rule or widget.role in map(role_name, values(rule, "role")))
        and pattern("type", widget.type)
        and pattern("id", widget.id)
        and pattern("name", widget.name)
        and ("state" not in rule or any(flat(state) in widget.states for state in values(rule, "state")))
    )


class Widget:
    """One validated widget. `rect` is in pixels, not clipped and without padding; None if it has none."""

    def __init__(self, given, scale):
        if not isinstance(given, dict):
            raise Refused("a widget that is not an object")
        text = lambda key: self.checked(given.get(key), str) or ""
        self.type, self.name, self.text = given.get("role"), text("name"), text("text")
        if not isinstance(self.type, str):
            raise Refused("role")
        self.id, self.parent_id = self.checked(given.get("id"), str), self.checked(given.get("parent"), str)
        self.mark = self.checked(given.get("mask"), bool)
        states = self.checked(given.get("states"), list) or []
        if not all(isinstance(state, str) for state in states):
            raise Refused("a state")
        self.states = {flat(state) for state in states}
        x, y, w, h = (number(given, *keys) for keys in PLACE)
        if w < 0 or h < 0:
            raise Refused("a negative size")
        if any(abs(v * scale) > 2**30 for v in (x, y, w, h)):
            raise Refused("overflow")
        edges = (
            math.floor(x * scale),
            math.floor(y * scale),
            math.ceil((x + w) * scale),
            math.ceil((y + h) * scale),
        )
        self.rect = edges if w and h and area(edges) else None
        self.role = role_name(self.type) or "unknown"
        self.parent, self.children = None, []

    @staticmethod
    def checked(value, kind):
        if value is not None and not isinstance(value, kind):
            raise Refused("a wrong type")
        return value

    @property
    def nature(self):
        nature = NATURE[self.role]
        if nature == "password" or self.states & {"password", "protected"}:
            return "password"
        if nature != "input" and self.text.replace("\ufffc", "").strip():
            nature = "text"
        if nature == "text" and "editable" in self.states:
            return "input"
        if nature == "unknown" and self.children:
            return "container"
        return nature


NOWHERE = 0, 0, 0, 0
PLACE = ("x",), ("y",), ("w", "width"), ("h", "height")


def number(given, *keys):
    """The number under one of the keys; if under several, the same."""
    found = [given[key] for key in keys if given.get(key) is not None]
    for value in found:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise Refused("a number")
    if not found or found[0] != found[-1]:
        raise Refused("a number")
    return found[0]


def tree(given, scale=1):
    """The checked widgets of a list, in order, with parents and children tied."""
    found, by_id = [], {}
    if not 1 / 16 <= scale <= 64:
        raise Refused("box_scale")

    def add(items, parent):
        if not isinstance(items, list):
            raise Refused("widgets is not a list")
        for item in items:
            widget = Widget(item, scale)
            found.append(widget)
            if widget.id is not None:
                if widget.id in by_id:
                    raise Refused("a duplicate id")
                by_id[widget.id] = widget
            widget.parent = parent
            if parent is not None and widget.parent_id not in (None, parent.id):
                raise Refused("two parents")
            children = item.get("children")
            add([] if children is None else children, widget)

    add(given, None)
    for widget in found:
        if widget.parent is None and widget.parent_id is not None:
            widget.parent = by_id.get(widget.parent_id)
        if widget.parent is not None:
            widget.parent.children.append(widget)
    for widget in found:
        seen, up = {id(widget)}, widget.parent
        while up is not None:
            if id(up) in seen:
                raise Refused("a parent cycle")
            seen.add(id(up))
            up = up.parent
    return found


BUTTONS = {"push button", "toggle button"}


def shows_document(page):
    """Whether half of a page is a text of several lines, a terminal or a document."""
    all_of_it = [page]
    for widget in all_of_it:
        all_of_it += widget.children
        if len(all_of_it) > 1000:
            return False
    is_text = lambda w: "multiline" in w.states or w.role == "terminal" or w.role.startswith("document")
    return any(is_text(w) and 2 * area(w.rect or NOWHERE) >= area(page.rect or NOWHERE) for w in all_of_it)


def holds_button(widget, box, depth=3):
    inside = [child for child in widget.children if within(child.rect, box)]
    return depth > 0 and any(c.role == "push button" or holds_button(c, box, depth - 1) for c in inside)


def content_labels(widgets):
    """Controls named after a document, a folder or a part of a page."""
    found = {id(w) for w in widgets if "content" in w.states}
    for row in [w.children for w in widgets if w.children]:
        tabs = [w for w in row if w.role == "page tab"]
        around = row[0].parent
        pages = [w for w in around.parent.children if w is not around] if around.parent else []
        beside, level = False, around
        for _ in range(3):
            if level.parent is not None:
                beside |= any(w is not level and w.role.startswith("document") for w in level.parent.children)
                level = level.parent
        for tab in tabs:
            closes = any(w.role == "push button" and within(w.rect, tab.rect) for w in row)
            below = any(not within(w.rect, tab.rect) and shows_document(w) for w in tab.children)
            if closes or below or beside or holds_button(tab, tab.rect) or any(map(shows_document, pages)):
                found |= {id(w) for w in tabs}
        pressed = [w for w in row if w.states & {"pressed", "checked"}]
        if len(row) > 1 and {w.role for w in row} <= BUTTONS and len(pressed) == 1:
            found |= {id(w) for w in row}
    for widget in widgets:
        around, up = {widget.role}, widget.parent
        while up is not None:
            around.add(up.role)
            up = up.parent
        if widget.role == "toggle button" and "file chooser" in around:
            found.add(id(widget))
        opens_part = widget.states & {"expandable", "expanded", "collapsed"}
        if widget.role in BUTTONS and opens_part and any(role.startswith("document") for role in around):
            found.add(id(widget))
    return found


class Faces:
    """Properties of controls for rules by role alone: whether the label is content, and whether the size is a control's."""

    def __init__(self, widgets, width, height, scale, has_windows):
        self.content = content_labels(widgets)
        self.scale = max(scale, width / 480 if height > width and not has_windows else 1, 1)

    def fits(self, rect, width, height):
        return rect is None or (
            rect[2] - rect[0] <= width * self.scale and rect[3] - rect[1] <= height * self.scale
        )

    def is_card(self, widget):
        texts, below = 0, list(widget.children)
        for child in below:
            below += child.children
            texts += child.nature == "text" and not child.children and within(child.rect, widget.rect)
        return not self.fits(widget.rect, 480, 96) or texts > (2 if self.fits(widget.rect, 480, 64) else 1)

    def is_icon(self, widget):
        return self.fits(widget.rect, 64, 64)


def by_role_alone(rule):
    return set(rule) & CONDITIONS == {"role"}


def own_decision(widget, rules, faces):
    """The decision for one widget alone: (mask, show or gap; the cause; the rule's index)."""
    nature = widget.nature
    if nature == "password":
        return "mask", "password", None
    if widget.mark is not None:
        return ("mask" if widget.mark else "show"), "mark", None
    otherwise = "default"
    for index, rule in enumerate(rules["rules"]):
        if holds(rule, widget):
            if rule["decision"] == "unmask" and by_role_alone(rule) and widget.role in CONTROLS:
                if id(widget) in faces.content:
                    otherwise = "content"
                    break
                if faces.is_card(widget):
                    return "gap", "rule", index
            return {"mask": "mask", "unmask": "show"}[rule["decision"]], "rule", index
    switch = {"text": "maskAllText", "image": "maskAllImages", "input": "maskAllInputs"}.get(nature)
    if switch:
        verdict = "mask" if rules[switch] else "show"
    elif nature == "unknown":
        verdict = "mask" if rules["unknown"] == "mask" else "gap"
    elif nature == "container" and not widget.children:
        verdict = "mask" if rules["unknown"] == "mask" else "gap"
    else:
        verdict = "gap"
    return verdict, otherwise, None


def within(rect, control):
    return (
        rect is not None
        and control is not None
        and control[0] <= rect[0]
        and control[1] <= rect[1]
        and rect[2] <= control[2]
        and rect[3] <= control[3]
    )


def opens(rule, index, masked_above):
    """Whether a rule shows a widget under these masked ancestors, (widget, cause, index of the rule) each."""
    if not rule.get("insideMasked"):
        return False
    for ancestor, cause, by in masked_above:
        if cause in ("password", "mark") or ancestor.nature == "input" or cause == "rule" and by < index:
            return False
    return True


def decide(widgets, rules, faces):
    """For every widget mask, show or gap, ancestors considered; the boxes cut out of its mask; the shown widgets for
    whose whole box a mark or a rule vouches; and the shown controls, and widgets in one, that the containers around clip."""
    result, holes, vouched, clipped = {}, {id(w): [] for w in widgets}, set(), set()
    # Inherited: masked ancestors with the cause, the box of the shown control, and whether the user vouches for it.
    pending = [(w, [], None, False) for w in widgets if w.parent is None]
    while pending:
        widget, masked_above, control, is_vouched = pending.pop()
        verdict, cause, index = own_decision(widget, rules, faces)
        part = widget.nature in ("text", "image", "decoration", "container") and within(widget.rect, control)
        part = part and cause != "content" and (widget.nature != "image" or faces.is_icon(widget))
        if part and (cause == "default" or verdict == "show"):
            verdict = "show"
        elif verdict != "mask" and masked_above:
            if verdict == "show" and cause == "rule" and opens(rules["rules"][index], index, masked_above):
                for ancestor, _, _ in masked_above:
                    holes[id(ancestor)].append(widget.rect)
            else:
                verdict, cause = "mask", "inside"
        result[id(widget)] = verdict
        by_user = cause == "mark" or cause == "rule" and not by_role_alone(rules["rules"][index])
        if verdict == "show" and (by_user or is_vouched and part and cause == "default"):
            vouched.add(id(widget))
        if verdict == "mask":
            masked_above, control = masked_above + [(widget, cause, index)], None
        elif verdict == "show" and cause not in ("default", "content") and widget.role in CONTROLS:
            control, is_vouched = widget.rect, by_user
        if verdict == "show" and (widget.role in CONTROLS or control is not None) and id(widget) not in vouched:
            clipped.add(id(widget))
        pending += [(child, masked_above, control, is_vouched) for child in widget.children]
    return result, holes, vouched, clipped


SCROLLERS = "scroll pane", "viewport", "document web"


def overlap(a, b):
    return max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])


def visible_part(widget):
    """The box of a control, cut by those of the containers around it."""
    rect, visible, around = widget.rect, widget.rect, widget.parent
    for _ in range(256):
        if around is None:
            return visible
        shared = overlap(rect, around.rect or NOWHERE)
        if around.role in CONTROLS and around.role != "page tab" and not area(shared):
            return visible
        if around.nature == "container" and around.rect:
            wide, high = (max(shared[n + 2] - shared[n], 0) if area(shared) else 0 for n in (0, 1))
            excess = max(rect[2] - rect[0] - wide, rect[3] - rect[1] - high)
            if around.role in SCROLLERS or area(shared) and excess >= 5:
                visible = overlap(visible, shared)
        around = around.parent
    return NOWHERE


def covered(widgets, verdicts, vouched, grow, width, height):
    """By shown widget, the boxes of the gaps that are painted after it and cover part of some widget."""
    spans, order = {}, 0
    pending = [(w, id(w), None) for w in reversed(widgets) if w.parent is None]
    while pending:
        widget, top, start = pending.pop()
        if start is None:
            pending.append((widget, top, order))
            pending += [(child, top, None) for child in reversed(widget.children)]
            order += 1
        else:
            spans[id(widget)] = (start, order, top)
    picture = (0, 0, width, height)

    def box(widget):
        """The part of a box that no scroller around it clips."""
        rect, around = widget.rect or (0, 0, 0, 0), widget.parent
        while around is not None:
            if around.role in SCROLLERS:
                other = around.rect or (0, 0, 0, 0)
                rect = (max(rect[0], other[0]), max(rect[1], other[1]), min(rect[2], other[2]), min(rect[3], other[3]))
            around = around.parent
        return rect

    layers = [w for w in widgets if w.rect and verdicts[id(w)] == "gap" and common(w.rect, picture)]
    shown = [w for w in widgets if w.rect and verdicts[id(w)] == "show" and id(w) not in vouched]

    def above(widget, grow):
        _, end, top = spans[id(widget)]
        x0, y0, x1, y1 = widget.rect
        near = (max(x0 - grow, 0), max(y0 - grow, 0), min(x1 + grow, width), min(y1 + grow, height))
        least = 1 if grow else 5

        def shares(a):
            return min(min(a[2], near[2]) - max(a[0], near[0]), min(a[3], near[3]) - max(a[1], near[1])) >= least

        return [g for g in layers if spans[id(g)][0] >= end and spans[id(g)][2] == top and shares(box(g))]

    real = {id(g) for w in shown for g in above(w, 0)}
    return {id(w): [box(g) for g in above(w, grow) if id(g) in real] for w in shown}


class Plan:
    """Per pixel: `kind` (0 if not masked, else CODE), `trusted`, `gap` (only gaps claim it)."""

    def __init__(self, width, height):
        self.kind = np.zeros((height, width), np.uint8)
        self.trusted = np.zeros((height, width), bool)
        self.gap = np.zeros((height, width), bool)

    @property
    def masked(self):
        return self.kind > 0

    def colours(self, fill):
        """The picture of fills, 0 where nothing is masked."""
        table = [0] * (len(KINDS) + 1)
        for kind, code in CODE.items():
            table[code] = int((fill.get(kind, "#000000") if isinstance(fill, dict) else fill)[1:], 16)
        return np.array(table, np.uint32)[self.kind]


def cut(array, rect, grow=0):
    """The part of an array that a rectangle covers after growing."""
    x0, y0, x1, y1 = rect
    height, width = array.shape
    low, high = (lambda v, top: min(max(v - grow, 0), top)), (lambda v, top: min(max(v + grow, 0), top))
    return array[low(y0, height) : high(y1, height), low(x0, width) : high(x1, width)]


def area(rect):
    return max(rect[2] - rect[0], 0) * max(rect[3] - rect[1], 0)


def common(a, b):
    return area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))


def window_rects(window):
    """A window's client area, its outside, and the sides of its ring that are not empty."""
    if not isinstance(window, dict):
        raise Refused("a window that is not an object")
    x, y, w, h = (number(window, *keys) for keys in PLACE)
    extents = window.get("frame_extents")
    extents = (0, 0, 0, 0) if extents is None else extents
    if w < 0 or h < 0 or not all(e == int(e) and 0 <= e <= 2**14 for e in extents):
        raise Refused("a window's size")
    left, right, top, bottom = map(int, extents)
    x0, y0, x1, y1 = math.floor(x), math.floor(y), math.ceil(x + w), math.ceil(y + h)
    outer = (x0 - left, y0 - top, x1 + right, y1 + bottom)
    sides = [
        (outer[0], outer[1], outer[2], y0),
        (outer[0], y1, outer[2], outer[3]),
        (outer[0], y0, x0, y1),
        (x1, y0, outer[2], y1),
    ]
    return outer, [s for s in sides if area(s)]


def make_plan(given, windows, rules, width, height, scale=1, whole=True, partial=False):
    """The plan for one list of widgets. `whole`: the input describes whole windows. `partial`: boxes are
    missing, so that the look of gaps is no evidence. Fails closed."""
    plan = Plan(width, height)
    try:
        widgets = tree(given, scale)
        outlines = [window_rects(w) for w in windows or []]
    except (Refused, TypeError, ValueError, RecursionError):
        plan.kind[:] = CODE["other"]
        return plan
    grow = rules["padding"]

    def mask(rect, kind, holes=()):
        covered = np.zeros((height, width), bool)
        cut(covered, rect, grow)[:] = True
        for hole in holes:
            if hole is not None:
                cut(covered, hole)[:] = False
        plan.kind[covered] = np.maximum(plan.kind[covered], CODE[kind])

    verdicts, holes, vouched, clipped = decide(widgets, rules, Faces(widgets, width, height, scale, bool(windows)))
    layers = covered(widgets, verdicts, vouched, grow, width, height)
    for widget in widgets:
        if widget.rect is None:
            continue
        verdict = verdicts[id(widget)]
        if verdict == "mask":
            mask(widget.rect, widget.nature if widget.nature in CODE else "other", holes[id(widget)])
        elif verdict == "gap":
            cut(plan.gap, widget.rect)[:] = True
        else:
            own = np.zeros((height, width), bool)
            rect = visible_part(widget) if id(widget) in clipped else widget.rect
            if area(rect):
                cut(own, rect)[:] = True
            for rect in layers.get(id(widget), ()):
                cut(own, rect, grow)[:] = False
            plan.trusted |= own
    for outer, ring in outlines:
        if area(outer) <= 1 or not common(outer, (0, 0, width, height)):
            continue
        boxes = [(w, w.rect) for w in widgets if w.rect]
        described = any(
            w.parent is None
            and 2 * common(r, outer) >= area(r)
            or 2 * common(r, outer) >= area(r) + area(outer) - common(r, outer)
            for w, r in boxes
        )
        if not described and rules["treelessWindows"] == "mask":
            mask(outer, "other")
        for side in ring:
            if rules["titleBars"] == "mask":
                mask(side, "text")
            else:
                cut(plan.gap, side)[:] = True
    plan.gap &= ~plan.trusted & ~plan.masked
    if rules["gaps"] == "mask" or rules["gaps"] == "guard" and partial:
        plan.kind[plan.gap] = CODE["gap"]
    if rules["uncovered"] == "mask" or rules["uncovered"] == "auto" and whole:
        plan.kind[~(plan.masked | plan.trusted | plan.gap)] = CODE["uncovered"]
    plan.trusted &= ~plan.masked
    plan.gap &= ~plan.masked
    return plan


class Capture:
    """A capture folder: `lines` as parsed, each with its tree and its windows found."""

    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "capture.json"), encoding="utf-8") as file:
            self.head = json.load(file)
        with open(os.path.join(folder, "frames.jsonl"), encoding="utf-8") as file:
            self.lines = [json.loads(line) for line in file if line.strip()]
        self.width, self.height = self.head["width"], self.head["height"]
        windows, by_index = None, {}
        self.trees, self.windows, self.plans = [], [], {}
        for line in self.lines:
            windows = line.get("windows", windows)
            if "widgets" in line:
                found = line["widgets"], line.get("box_scale", 1)
            else:
                found = by_index.get(line.get("widgets_of_frame"), (None, 1))
            by_index[line["index"]] = found
            self.trees.append(found)
            self.windows.append(windows)

    def image(self, i):
        return os.path.join(self.folder, self.lines[i]["image"])

    def plan(self, i, rules):
        """The plan of a line's own tree; equal trees, windows and policies share one."""
        line, (widgets, scale) = self.lines[i], self.trees[i]
        # Such a snapshot clears nothing if frames wait for one; otherwise it is the only information.
        partial = line.get("tree_complete") is False or (line.get("tree_errors") or 0) > 0
        partial &= rules["clearance"] != "settled" or line.get("tree_t_ms") is None
        key = id(widgets), id(self.windows[i]), partial, json.dumps(rules, sort_keys=True)
        if key not in self.plans:
            self.plans[key] = make_plan(
                widgets, self.windows[i], rules, self.width, self.height, scale, partial=partial
            )
        return self.plans[key]

    def masked_by_image(self, rules):
        """For each image file, the pixels masked in every line that uses it."""
        result = {}
        for i, line in enumerate(self.lines):
            masked = self.plan(i, rules).masked
            result[line["image"]] = result[line["image"]] & masked if line["image"] in result else masked
        return result


if __name__ == "__main__":
    if len(sys.argv) == 1:
        import masks_test

        masks_test.main()
    else:
        shown = Capture(sys.argv[1]).plan(int(sys.argv[2]), policy(*sys.argv[3:4]))
        for name, code in CODE.items():
            print(f"{name:10} {np.count_nonzero(shown.kind == code)}")
        print(f"{'trusted':10} {np.count_nonzero(shown.trusted)}\n{'gap':10} {np.count_nonzero(shown.gap)}")
