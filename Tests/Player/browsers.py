"""Drives headless Chromium (DevTools protocol) and Firefox (WebDriver BiDi) in one way. Needs python3-websocket."""
import base64
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import websocket
from PIL import Image

# Named keys: DOM name -> (code, Windows key code, WebDriver's character).
NAMED = {
    "ArrowLeft": ("ArrowLeft", 37, "\ue012"), "ArrowUp": ("ArrowUp", 38, "\ue013"),
    "ArrowRight": ("ArrowRight", 39, "\ue014"), "ArrowDown": ("ArrowDown", 40, "\ue015"),
    "Home": ("Home", 36, "\ue011"), "End": ("End", 35, "\ue010"), "Escape": ("Escape", 27, "\ue00c"),
    "Enter": ("Enter", 13, "\ue007"), "Tab": ("Tab", 9, "\ue004"), "Shift": ("ShiftLeft", 16, "\ue008"),
}


class PageError(Exception):
    """A script of the page or of a test failed."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Browser:
    """The common part of both browsers: a program, a profile of its own, one socket, and the page's reports."""

    def __init__(self, command, profile, port, url_of_socket, log):
        self.profile = profile
        self.downloads = Path(profile, "downloads")
        self.port = port
        self.log = open(log, "wb")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, start_new_session=True)
        self.number = 0
        self.console = []
        self.requests = []
        deadline = time.monotonic() + 60
        while True:
            try:
                self.socket = websocket.create_connection(url_of_socket(port), timeout=120, suppress_origin=True)
                break
            except Exception:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.close()
                    raise
                time.sleep(0.2)

    def call(self, method, **parameters):
        self.number += 1
        number = self.number
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") != number:
                self.note(message)
                continue
            if message.get("type") == "error" or ("error" in message and "result" not in message):
                raise PageError(f"{method}: {json.dumps(message)[:500]}")
            return message["result"]

    def evaluate(self, expression):
        """The value of an expression as JSON, after its promise is resolved."""
        wrapped = f"(async()=>JSON.stringify((await ({expression}))??null))()"
        return json.loads(self.evaluate_text(wrapped))

    def until(self, expression, seconds=20):
        """Waits until an expression is true."""
        deadline = time.monotonic() + seconds
        while True:
            if self.evaluate(expression):
                return
            if time.monotonic() > deadline:
                raise PageError(f"not true within {seconds} s: {expression}")
            time.sleep(0.05)

    def picture(self):
        """What the window shows, as an image of its pixels."""
        with tempfile.NamedTemporaryFile(suffix=".png") as file:
            self.screenshot(file.name)
            with Image.open(file.name) as image:
                return image.convert("RGB")

    def saved(self, seconds=10):
        """The bytes of the only file in the folder of downloads, which is removed; None if none comes."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = list(self.downloads.iterdir()) if self.downloads.exists() else []
            if len(found) == 1 and found[0].suffix == ".png" and found[0].stat().st_size:
                time.sleep(0.2)
                data = found[0].read_bytes()
                found[0].unlink()
                return data
            time.sleep(0.05)
        return None

    def forget_saved(self):
        time.sleep(0.5)
        for path in self.downloads.iterdir() if self.downloads.exists() else []:
            path.unlink()

    def click(self, x, y):
        self.press(x, y)
        self.release(x, y)

    def open_player(self, url):
        """Opens a page of the player and waits for its first picture."""
        self.open(url)
        self.until("Boolean(window.scrim)")
        return self.evaluate("scrim.player.ready.then(()=>true)")

    def close(self):
        try:
            self.socket.close()
        except Exception:
            pass
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Chromium(Browser):
    name = "chromium"

    def __init__(self, size=(1440, 900), touch=False):
        profile = tempfile.mkdtemp(prefix="player-chromium-")
        command = [
            shutil.which("chromium") or shutil.which("google-chrome"), "--headless=new", "--no-sandbox", "--disable-gpu",
            "--remote-debugging-port=0", f"--user-data-dir={profile}", f"--window-size={size[0]},{size[1]}",
            "--disable-background-networking", "--enable-precise-memory-info", "about:blank",
        ]
        super().__init__(command, profile, 0, self.find, profile + "/log")
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(self.downloads))
        self.resize(*size)

    def find(self, _):
        with open(self.profile + "/DevToolsActivePort") as file:
            port = int(file.readline())
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=5) as answer:
            return next(page["webSocketDebuggerUrl"] for page in json.load(answer) if page["type"] == "page")

    def resize(self, width, height, scale=1, mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=mobile)

    def note(self, message):
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Log.entryAdded":
            self.console.append(parameters["entry"]["level"] + ": " + parameters["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.console.append("error: " + json.dumps(parameters["exceptionDetails"])[:500])
        elif method == "Runtime.consoleAPICalled":
            self.console.append(parameters["type"] + ": " + json.dumps(parameters["args"])[:300])
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])

    def open(self, url):
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=url)

    def evaluate_text(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise PageError(details.get("exception", {}).get("description") or json.dumps(details)[:500])
        return result["result"]["value"]

    def evaluate_in_frame(self, expression):
        """The value of an expression in the first frame of the page, of any origin; it can access the document, but not the page's variables.
        None if there is no lasting frame."""
        children = self.call("Page.getFrameTree")["frameTree"].get("childFrames")
        if not children:
            return None
        try:
            world = self.call("Page.createIsolatedWorld", frameId=children[0]["frame"]["id"])["executionContextId"]
            return self.call("Runtime.evaluate", expression=expression, contextId=world, returnByValue=True)["result"].get("value")
        except PageError:
            # The frame is loading another page at the moment.
            return None

    def key(self, key, shift=False):
        code, number, _ = NAMED.get(key, ("", ord(key.upper()[0]) if len(key) == 1 else 0, None))
        text = key if len(key) == 1 else "\r" if key == "Enter" else ""
        values = dict(key=key, code=code, windowsVirtualKeyCode=number, modifiers=8 if shift else 0)
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **values)
        self.call("Input.dispatchKeyEvent", type="keyUp", **values)

    def move(self, x, y):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def press(self, x, y):
        self.move(x, y)
        self.call("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, button="left", clickCount=1)

    def release(self, x, y):
        self.call("Input.dispatchMouseEvent", type="mouseReleased", x=x, y=y, button="left", clickCount=1)

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("Page.captureScreenshot")["data"]))


class Firefox(Browser):
    name = "firefox"

    def __init__(self, size=(1440, 900)):
        profile = tempfile.mkdtemp(prefix="player-firefox-")
        with open(profile + "/user.js", "w") as file:
            for name, value in {
                "app.normandy.enabled": False, "app.update.enabled": False, "browser.aboutwelcome.enabled": False,
                "browser.shell.checkDefaultBrowser": False, "datareporting.policy.dataSubmissionEnabled": False,
                "browser.startup.page": 0, "network.captive-portal-service.enabled": False,
                "network.connectivity-service.enabled": False, "services.settings.server": "data:,",
                "toolkit.telemetry.reportingpolicy.firstRun": False, "dom.events.testing.asyncClipboard": True,
                "browser.download.folderList": 2, "browser.download.dir": profile + "/downloads",
                "browser.download.useDownloadDir": True, "browser.download.always_ask_before_handling_new_types": False,
            }.items():
                file.write(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n")
        port = free_port()
        command = [
            shutil.which("firefox-esr") or shutil.which("firefox"), "--headless", "--no-remote", "--profile", profile,
            f"--remote-debugging-port={port}", "--width", str(size[0]), "--height", str(size[1]), "about:blank",
        ]
        super().__init__(command, profile, port, lambda port: f"ws://127.0.0.1:{port}/session", profile + "/log")
        self.call("session.new", capabilities={})
        self.call("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
        self.context = self.call("browsingContext.getTree")["contexts"][0]["context"]
        self.resize(*size)

    def resize(self, width, height, scale=1, mobile=False):
        self.call("browsingContext.setViewport", context=self.context, viewport={"width": width, "height": height}, devicePixelRatio=float(scale))

    def note(self, message):
        method, parameters = message.get("method"), message.get("params", {})
        if method == "log.entryAdded":
            self.console.append(parameters["level"] + ": " + str(parameters.get("text")))
        elif method == "network.beforeRequestSent":
            self.requests.append(parameters["request"]["url"])

    def open(self, url):
        self.call("browsingContext.navigate", context=self.context, url="about:blank", wait="complete")
        self.call("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def evaluate_text(self, expression):
        result = self.call(
            "script.evaluate", expression=expression, target={"context": self.context}, awaitPromise=True, userActivation=True)
        if result["type"] == "exception":
            raise PageError(result["exceptionDetails"]["text"])
        return result["result"]["value"]

    def evaluate_in_frame(self, expression):
        tree = self.call("browsingContext.getTree", root=self.context)["contexts"][0]
        if not tree["children"]:
            return None
        result = self.call(
            "script.evaluate", expression=expression, target={"context": tree["children"][0]["context"], "sandbox": "test"},
            awaitPromise=False)
        return result.get("result", {}).get("value")

    def act(self, kind, actions, **more):
        self.call("input.performActions", context=self.context, actions=[{"type": kind, "id": kind, "actions": actions, **more}])

    def key(self, key, shift=False):
        value = NAMED[key][2] if key in NAMED else key
        presses = [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        if shift:
            presses = [{"type": "keyDown", "value": "\ue008"}, *presses, {"type": "keyUp", "value": "\ue008"}]
        self.act("key", presses)

    def move(self, x, y):
        self.act("pointer", [{"type": "pointerMove", "x": round(x), "y": round(y)}], parameters={"pointerType": "mouse"})

    def press(self, x, y):
        self.move(x, y)
        self.act("pointer", [{"type": "pointerDown", "button": 0}], parameters={"pointerType": "mouse"})

    def release(self, x, y):
        self.act("pointer", [{"type": "pointerUp", "button": 0}], parameters={"pointerType": "mouse"})

    def screenshot(self, path):
        data = self.call("browsingContext.captureScreenshot", context=self.context)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))


def available():
    """The browsers of this machine; a missing one is skipped with a message, and fails if SCRIM_NO_SKIP is set."""
    found = []
    for browser, programs in ((Chromium, ("chromium", "google-chrome")), (Firefox, ("firefox-esr", "firefox"))):
        if any(shutil.which(program) for program in programs):
            found.append(browser)
        elif os.environ.get("SCRIM_NO_SKIP"):
            raise SystemExit(f"{browser.name} is missing: .ci/install test")
        else:
            print(f"skipped: {browser.name} is missing")
    only = os.environ.get("PLAYER_BROWSER")
    return [browser for browser in found if not only or browser.name == only]
