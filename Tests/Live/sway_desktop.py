"""A headless sway with a session bus and the accessibility bus. sway refuses to run as root, so root runs it as another user."""
import json
import os
import subprocess
import time

import limits
from desktop import Desktop

NOBODY = 65534


class SwayDesktop(Desktop):
    def __init__(self, width=1280, height=800, outputs=1):
        """The outputs lie side by side; the last one is recorded."""
        self.outputs = outputs
        self.output = f"HEADLESS-{outputs}"
        self.source = ["--wayland"] + (["--output", self.output] if outputs > 1 else [])
        super().__init__(width, height)

    @property
    def left(self):
        """Left edge of the recorded output."""
        return self.width * (self.outputs - 1)

    def _start(self, manager):
        self.user = []
        if os.getuid() == 0:
            for path in (self.folder, *(f"{self.folder}/{name}" for name in ("run", "home", "frames"))):
                os.chown(path, NOBODY, NOBODY)
            self.user = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
        self.environment.pop("DISPLAY", None)
        self.environment.update(
            GDK_BACKEND="wayland",
            QT_QPA_PLATFORM="wayland",
            WLR_BACKENDS="headless",
            WLR_RENDERER="pixman",
            WLR_LIBINPUT_NO_DEVICES="1",
        )
        self._start_buses()
        config = f"{self.folder}/config"
        with open(config, "w", encoding="ascii") as file:
            for number in range(self.outputs):
                size, left = f"{self.width}x{self.height}", self.width * number
                file.write(f"output HEADLESS-{number + 1} resolution {size} position {left} 0\n")
            file.write("output * bg #d8d8d0 solid_color\nxwayland disable\n")
            file.write('for_window [title="Ledger"] floating enable\n')
        self.spawn(["sway", "-c", config])
        end = time.time() + 15
        while time.time() < end and "SWAYSOCK" not in self.environment:
            time.sleep(0.1)
            names = os.listdir(f"{self.folder}/run")
            displays = [name for name in names if name.startswith("wayland-") and "." not in name]
            sockets = [name for name in names if name.startswith("sway-ipc")]
            if displays and sockets:
                self.environment["WAYLAND_DISPLAY"] = displays[0]
                self.environment["SWAYSOCK"] = f"{self.folder}/run/{sockets[0]}"
        if "SWAYSOCK" not in self.environment:
            raise RuntimeError(f"sway did not start; its log: {self.tail()}")
        for _ in range(1, self.outputs):
            self.message("create_output")
        self.message("focus", "output", self.output)
        time.sleep(1)

    def spawn(self, command, **options):
        return super().spawn([*self.user, *command], **options)

    def run(self, command):
        return super().run([*self.user, *command])

    def message(self, *words):
        return self.run(["swaymsg", *words])

    def window(self, part, seconds=30):
        """sway's description of the window whose title contains `part`."""
        end = time.time() + seconds
        while time.time() < end:
            nodes = [json.loads(self.message("-t", "get_tree", "-r") or "{}")]
            while nodes:
                node = nodes.pop()
                if part in (node.get("name") or "") and node.get("pid"):
                    return node
                nodes += node.get("nodes", []) + node.get("floating_nodes", [])
            time.sleep(0.2)
        raise RuntimeError(f"no window {part!r} within {seconds} s; the log ends: {self.tail()}")

    def grab(self):
        """The current screen, as a PNG."""
        return limits.run(
            [*self.user, "grim", "-o", self.output, "-"], env=self.environment, stdout=subprocess.PIPE, check=True
        ).stdout
