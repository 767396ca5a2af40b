"""The recorded applications, and the actions on them."""
import json
import time
from urllib.parse import quote

from recording import HERE, read_tree

NAMES = ["Lindqvist", "Okonkwo", "Wilczynski", "Novakova", "Delacroix", "Abernathy", "Petrosyan", "Takahashi"]
LABELS = ["Transfer", "Cancel", "Options", "Accounts"]



def middle(widget):
    return widget["x"] + widget["w"] / 2, widget["y"] + widget["h"] / 2


class Ledger:
    """One of the applications, with its actions."""

    def __init__(self, kind, desktop, options, chance):
        self.kind, self.desktop, self.chance = kind, desktop, chance
        self.secrets = [f"{name} {chance.randint(1000, 9999)}" for name in chance.sample(NAMES, 5)]
        path = f"{desktop.folder}/secrets.json"
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self.secrets, file)
        if kind == "chromium":
            command = ["chromium", f"--user-data-dir={desktop.folder}/chromium", "--no-sandbox", "--test-type"]
            command += ["--force-renderer-accessibility", "--no-first-run", "--disable-gpu", "--password-store=basic"]
            command += ["--no-default-browser-check", "--disable-background-networking"]
            command += ["--window-position=20,20", "--window-size=900,620"]
            page = f"file://{HERE}/Apps/ledger.html#{quote(json.dumps(self.secrets))}"
            self.process = desktop.spawn(command + [page])
        else:
            self.process = desktop.spawn(["/usr/bin/python3", f"{HERE}/Apps/{kind}_ledger.py", path])
        self.window = desktop.wait_for_window("Ledger")
        time.sleep(3 if kind == "chromium" else 1)
        desktop.place(self.window, 60 + chance.randint(0, 60), 60 + chance.randint(0, 40))
        self.probe = options.probe
        self.look()

    def look(self):
        """Finds the positions of all widgets."""
        self.window = self.desktop.wait_for_window("Ledger")
        time.sleep(0.7)
        self.tree = read_tree(self.desktop, self.probe)["widgets"]

    def find(self, role, name=None):
        for widget in self.tree:
            if widget["role"] in role and (name is None or widget["name"] == name):
                return widget
        return None

    def type(self):
        self.tab(0)
        if self.kind == "chromium":
            self.rest()
        fields = [w for w in self.tree if w["role"] in ("text", "entry") and w["h"] < 60]
        fields = [w for w in fields if "Address" not in w["name"]] or [self.window]
        self.desktop.click(*middle(self.chance.choice(fields)))
        self.desktop.key("ctrl+a")
        self.desktop.type(self.chance.choice(self.secrets), pause=self.chance.choice([0.01, 0.05]))

    def scroll(self):
        self.tab(1)
        x, y = self.window["x"] + self.window["w"] / 2, self.window["y"] + self.window["h"] / 2
        self.desktop.xdotool("mousemove", int(x), int(y))
        self.desktop.wheel(self.chance.randint(2, 6), pause=self.chance.choice([0.02, 0.1]))
        self.desktop.wheel(self.chance.randint(0, 3), button=4)

    def menu(self):
        if self.kind == "chromium":
            self.desktop.key("alt+f", pause=0.5)
        else:
            opener = self.find(("menu", "toggle button", "push button menu"))
            self.desktop.click(*middle(opener)) if opener else self.desktop.key("F10")
        time.sleep(self.chance.uniform(0.2, 1.2))
        self.desktop.key("Escape", "Escape")

    def tab(self, number=None):
        number = self.chance.randint(0, 2) if number is None else number
        if self.kind == "chromium":
            if self.chance.random() < 0.5:
                self.desktop.key("ctrl+t", "ctrl+1", "ctrl+2", pause=0.4)
                self.desktop.key("ctrl+w")
            self.desktop.key("ctrl+1")
            return
        page = self.find(("page tab",), ["Accounts", "History", "Options"][number])
        if page:
            self.desktop.click(*middle(page))
            time.sleep(0.2)

    def move(self):
        """Drags the window and puts it back, so that the positions found in its tree stay valid."""
        before = self.desktop.wait_for_window("Ledger")
        top = before.get("frame_extents", [0, 0, 0, 0])[2]
        # Right of the middle: dragged by a tab, Chromium makes a second window.
        x, y = before["x"] + before["w"] * 3 // 4, before["y"] - top // 2 if top else before["y"] + 20
        self.desktop.drag(x, y, x + self.chance.randint(-40, 200), y + self.chance.randint(0, 120))
        time.sleep(self.chance.uniform(0, 0.8))
        frame = before.get("frame_extents", [0, 0, 0, 0])
        self.desktop.xdotool("windowmove", before["xid"], before["x"] - frame[0], before["y"] - frame[2])
        time.sleep(0.2)

    def rest(self):
        """Scrolls until no partly visible row lies over buttons and tabs, which its mask would cover."""
        if self.kind == "chromium":
            self.desktop.xdotool("mousemove", *map(int, middle(self.window)))
            self.desktop.wheel(30, button=4, pause=0.01)
            time.sleep(0.4)
        else:
            self.tab(2)

    def resize(self):
        """Makes the window larger or smaller for a while."""
        xid, size = self.window["xid"], (self.window["w"], self.window["h"])
        for _ in range(self.chance.randint(1, 4)):
            width, height = (part + self.chance.randint(-120, 160) for part in size)
            self.desktop.xdotool("windowsize", xid, width, height)
            time.sleep(self.chance.choice([0, 0.1, 0.7]))
        self.desktop.xdotool("windowsize", xid, *size)
        time.sleep(0.2)

    def act(self, steps):
        """Does each action once, then random ones; returns the start of each, in seconds of CLOCK_MONOTONIC."""
        actions = [self.type, self.scroll, self.menu, self.tab, self.move, self.resize]
        self.chance.shuffle(actions)
        actions += self.chance.choices(actions, k=max(steps - len(actions), 0))
        done = []
        for action in actions[:steps]:
            done.append((time.monotonic(), action.__name__))
            action()
            time.sleep(self.chance.choice([0, 0.3, 1.5]))
        return done
