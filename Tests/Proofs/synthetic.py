"""Small random captures and policies, for the proofs that need many."""

import os

import numpy as np

from proof import save_pixels, write_capture
from roles import CANONICAL, CONTROLS, NATURE

# Known roles in several spellings, and unknown ones.
KNOWN = sorted(CANONICAL) + sorted(NATURE) + ["android.widget.EditText", "XCUIElementTypeStaticText"]
ROLES = KNOWN + ["frobnicator", "com.acme.Gauge", "lâbel"]
CONTAINERS = ["panel", "frame", "section", "filler", "table"]
COMMON = sorted(CONTROLS) + ["label", "list item", "table cell", "image", "entry", "slider", "unknown"]
STATES = ["editable", "focused", "checked", "focusable", "selected", "pressed", "expandable", "multi-line", "content"]
STATES += ["password", "protected"]
HEADS = ["pay", "card", "menu"]  # prefixes of names; rules read only these
BREAKS = [
    dict(x=None),
    dict(w=-4),
    dict(x="12"),
    dict(y=1e300),
    dict(h=True),
    dict(id="w0"),
    dict(role=7),
    dict(id="self", parent="self"),
    dict(states="focused"),
    dict(mask="no"),
]


def pick(rng, items):
    return items[int(rng.integers(len(items)))]


def random_widget(rng, index, width, height, above=None):
    x, y = rng.integers(-8, width), rng.integers(-8, height)
    w, h = rng.integers(1, width // 2), rng.integers(1, height // 2)
    box = [float(v) + (rng.random() if rng.random() < 0.2 else 0) for v in (x, y, w, h)]
    if rng.random() < 0.05:
        box[2] = 0
    kinds = CONTAINERS, COMMON, ROLES
    role = pick(rng, kinds[0 if index < 2 else int(rng.choice(3, p=[0.2, 0.4, 0.4]))])
    widget = dict(
        id=f"w{index}",
        role=role,
        x=box[0],
        y=box[1],
        w=box[2],
        h=box[3],
        name=pick(rng, HEADS) + " " + str(rng.integers(1000)),
        parent=None,
    )
    if index and rng.random() < 0.8:
        nearest = index - 1 if rng.random() < 0.5 else rng.integers(index)
        widget["parent"] = f"w{nearest}" if rng.random() < 0.95 else "gone"
        if above and widget["parent"] == above["id"] and rng.random() < 0.7:  # inside it, as in real trees
            x, y, w, h = (above[key] for key in "xywh")
            widget.update(x=x + w / 8, y=y + h / 8, w=w / 2, h=h / 2)
    if rng.random() < 0.3:
        widget["states"] = sorted({pick(rng, STATES[: 9 if rng.random() < 0.9 else 11]) for _ in range(2)})
    if rng.random() < 0.15:
        widget["text"] = pick(rng, ["some words", " \n", "\ufffc", "x"])
    if rng.random() < 0.1:
        widget["mask"] = bool(rng.random() < 0.5)
    return widget


def random_tree(rng, width, height):
    widgets = []
    for i in range(rng.integers(3, 18)):
        widgets.append(random_widget(rng, i, width, height, widgets[-1] if widgets else None))
    return widgets


def random_windows(rng, width, height):
    windows = [
        dict(xid=9, title="tiny", x=3, y=3, w=1, h=1),
        dict(xid=8, title="away", x=-500, y=0, w=40, h=40),
    ]
    for i in range(rng.integers(0, 3)):
        window = dict(xid=i, title=f"title {rng.integers(99)}", **{"class": "App"}, pid=1, managed=True)
        window.update(
            x=int(rng.integers(-5, width - 5)),
            y=int(rng.integers(0, height - 5)),
            w=int(rng.integers(8, width)),
            h=int(rng.integers(8, height)),
        )
        if rng.random() < 0.6:
            window["frame_extents"] = [int(v) for v in rng.integers(0, 8, 4)]
        windows.append(window)
    return windows


def random_policy(rng, inside=False, **fixed):
    """A random policy; `inside` allows rules with insideMasked."""
    colour = lambda: f"#{rng.integers(1 << 24):06x}"
    either = lambda *items: pick(rng, items)
    rules = []
    for _ in range(rng.integers(0, 5)):
        rule = {"decision": either("mask", "unmask", "unmask")}
        for _ in range(either(1, 1, 2)):
            rule.update(
                either(
                    {"role": [pick(rng, COMMON), pick(rng, KNOWN)]},
                    {"role": pick(rng, COMMON)},
                    {"type": pick(rng, [pick(rng, ROLES), "*box", "/^check/i"])},
                    {"id": f"w{rng.integers(9)}"},
                    {"id": "w1*"},
                    {"name": pick(rng, HEADS) + "*"},
                    {"name": f"/^{pick(rng, HEADS).upper()}/i"},
                    {"state": pick(rng, STATES)},
                )
            )
        if inside and rule["decision"] == "unmask" and rng.random() < 0.7:
            rule["insideMasked"] = True
        rules.append(rule)
    if inside:  # as the preset controls does, among the other rules
        shown = dict(role=sorted(CONTROLS), decision="unmask", insideMasked=True)
        rules.insert(int(rng.integers(len(rules) + 1)), shown)
    fill = {kind: colour() for kind in ("text", "image", "input", "password", "gap", "uncovered", "other")}
    policy = dict(
        maskAllText=either(True, False),
        maskAllImages=either(True, False),
        maskAllInputs=either(True, True, False),
        unknown=either("mask", "keep"),
        uncovered=either("auto", "keep", "mask"),
        titleBars=either("mask", "keep"),
        treelessWindows=either("mask", "keep"),
        gaps=either("keep", "guard", "mask"),
        padding=either(0, 1, 2, 5),
        fill=either(colour(), fill),
        rules=rules,
    )
    return {**policy, **fixed}


def random_picture(rng, width, height, before=None):
    """A picture of flat, striped and noisy rectangles; after `before`, one with a few of them changed."""
    picture = np.full((height, width), rng.integers(1 << 24), np.uint32) if before is None else before.copy()
    for _ in range(12 if before is None else 2):
        x, y = rng.integers(width), rng.integers(height)
        part = picture[y : y + rng.integers(1, height), x : x + rng.integers(1, width // 2)]
        look = rng.random()
        part[:] = rng.integers(1 << 24) if look < 0.5 else rng.integers(1 << 24, size=part.shape)
        if look > 0.8:
            part[::3] = 0
    return picture


def random_capture(rng, folder, settled, broken=False):
    """Writes a capture folder; `broken` makes one of its trees invalid."""
    width, height = int(rng.integers(40, 170)), int(rng.integers(30, 130))
    lines, picture = [], None
    for i in range(rng.integers(4, 8)):
        line = {"index": i, "t_ms": 100.0 * i + 7, "image": f"frames/{i:04}.png"}
        if settled:
            line.update(tree_t_ms=line["t_ms"] - 2, tree_end_ms=line["t_ms"] + 60)
        if i and rng.random() < 0.25:
            line["image"] = lines[-1]["image"]
        else:
            picture = random_picture(rng, width, height, picture)
            os.makedirs(os.path.join(folder, "frames"), exist_ok=True)
            save_pixels(os.path.join(folder, line["image"]), picture)
        if i == 0 or rng.random() < 0.3:
            line["windows"] = random_windows(rng, width, height)
        if i and rng.random() < 0.5:
            line["widgets_of_frame"] = int(rng.integers(i))
        else:
            line["widgets"] = random_tree(rng, width, height)
            if rng.random() < 0.2:
                line["box_scale"] = float(pick(rng, [0.5, 1.25, 2]))
        if rng.random() < 0.15:
            line.update(pick(rng, [{"tree_complete": False}, {"tree_errors": 2}]))
        lines.append(line)
    if broken:
        victim = pick(rng, [line for line in lines if "widgets" in line])
        victim["widgets"].append({**random_widget(rng, 99, width, height), **pick(rng, BREAKS)})
    events = [{"type": "move", "x": 5, "y": 6, "t_ms": 20}] + [
        {"type": kind, kind: pick(rng, ["a", "b", "7"]), "t_ms": 30 + 10 * k}
        for k, kind in enumerate(["key", "char", "char"])
    ]
    head = {
        "format": "capture-corpus/1",
        "name": "synthetic",
        "width": width,
        "height": height,
        "fps": 10,
        "frames": len(lines),
    }
    write_capture(folder, head, lines, events)
