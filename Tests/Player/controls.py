"""Every key and every button works, used once and again after a click; and the documented properties of the page hold."""
import base64
import io
import json
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image

from browsers import PageError
from pictures import shown_at
from sessions import TRACE


def center(browser, selector):
    return browser.evaluate(f"""(() => {{
      const {{ left, top, width, height }} = document.querySelector({json.dumps(selector)}).getBoundingClientRect();
      return [left + width / 2, top + height / 2];
    }})()""")


def click(browser, selector):
    browser.click(*center(browser, selector))


def expect(browser, expression, what):
    try:
        browser.until(expression, 6)
    except PageError as error:
        raise AssertionError(f"{browser.name}: {what}: {error}") from None


def seek(browser, seconds):
    browser.evaluate(f"scrim.player.pause() ?? scrim.player.seek({seconds})")


# Key, with shift, the time before in the session, the condition that must become true. `p` is the player.
KEYS = [
    (" ", False, 3, "!p.paused"), (" ", False, None, "p.paused"), ("k", False, 3, "!p.paused"), ("k", False, None, "p.paused"),
    ("ArrowRight", False, 3, "p.currentTime === 8"), ("ArrowLeft", False, 8, "p.currentTime === 3"),
    ("ArrowRight", True, 3, "p.currentTime === 4"), ("ArrowLeft", True, 4, "p.currentTime === 3"),
    (".", False, 3, "Math.abs(p.currentTime - 3.1) < 1e-6"), (",", False, 3, "Math.abs(p.currentTime - 2.9) < 1e-6"),
    ("Home", False, 3, "p.currentTime === p.start"), ("End", False, 3, "p.currentTime === p.duration"),
    ("5", False, 3, "Math.abs(p.currentTime - (p.start + p.duration) / 2) < 1e-6"), ("0", False, 3, "p.currentTime === p.start"),
    *((str(tenth), False, 3, f"Math.abs(p.currentTime - p.start - (p.duration - p.start) * {tenth} / 10) < 1e-6") for tenth in range(1, 10)),
    (">", True, 3, "p.speed === 2"), ("<", True, 3, "p.speed === 1"), ("]", False, 3, "p.speed === 2"),
    ("[", False, 3, "p.speed === 1"), ("s", False, 3, "p.skipsIdle"), ("s", False, 3, "!p.skipsIdle"),
    ("ArrowDown", False, 2.21, "Math.abs(p.currentTime - 2.4) < 1e-6"), ("ArrowUp", False, 2.3, "Math.abs(p.currentTime - 2.2) < 1e-6"),
    ("l", False, 2.21, "Math.abs(p.currentTime - 2.4) < 1e-6"), ("j", False, 2.3, "Math.abs(p.currentTime - 2.2) < 1e-6"),
    ("z", False, 3, "id('zoom').textContent === '100 %' && pressed('fit') === 'false'"), ("z", False, 3, "pressed('fit') === 'true'"),
    ("p", False, 3, "pressed('pointer') === 'false'"), ("p", False, 3, "pressed('pointer') === 'true'"),
    ("m", False, 3, "id('toast').textContent.includes('masks record')"),
    ("t", False, 3, "document.documentElement.dataset.theme === 'light'"),
    ("t", False, 3, "document.documentElement.dataset.theme === 'dark'"),
    ("t", False, 3, "document.documentElement.dataset.theme === 'auto'"),
    ("b", False, 3, "id('panel').hidden"), ("b", False, 3, "!id('panel').hidden"),
    ("n", False, 3, "id('tab-network').ariaSelected === 'true'"), ("g", False, 3, "id('tab-log').ariaSelected === 'true'"),
    ("r", False, 3, "id('tab-errors').ariaSelected === 'true'"), ("e", False, 3, "id('tab-events').ariaSelected === 'true'"),
    ("w", False, 3, "pressed('follow') === 'false'"), ("w", False, 3, "pressed('follow') === 'true'"),
    ("i", False, 3, "p.clip?.from === 3e9"), ("o", False, 6, "p.clip?.until === 6e9"),
    ("x", False, 3, "p.clip === null"),
    ("?", True, 3, "id('help').open"), ("?", True, None, "!id('help').open"),
    ("v", False, 3, "id('about').open"), ("Escape", False, None, "!id('about').open"),
    ("c", False, 3, "/clipboard|downloads/.test(id('toast').textContent)"), ("d", False, 3, "/^Given to the browser's downloads: .*png$/.test(id('toast').textContent)"),
    ("y", False, 3, "/link/i.test(id('toast').textContent)"),
    ("f", False, 3, "document.fullscreenElement !== null || /fill the screen/.test(id('toast').textContent)"),
    ("f", False, 3, "!document.fullscreenElement"),
]

# A button, the time before in the session, the condition that must become true.
BUTTONS = [
    ("#play", 3, "!p.paused"), ("#play", None, "p.paused"),
    ("[data-action=frame-on]", 3, "Math.abs(p.currentTime - 3.1) < 1e-6"),
    ("[data-action=frame-back]", 3, "Math.abs(p.currentTime - 2.9) < 1e-6"),
    ("#speed", 3, "id('speeds').matches(':popover-open')"), ("[data-speed='4']", None, "p.speed === 4 && !id('speeds').matches(':popover-open')"),
    ("#speed", 3, "id('speeds').matches(':popover-open')"), ("[data-speed='1']", None, "p.speed === 1"),
    ("#speed", 3, "id('speeds').matches(':popover-open')"), ("#speed", 3, "!id('speeds').matches(':popover-open')"),
    ("#speed", 3, "id('speeds').matches(':popover-open')"), ("#title", 3, "!id('speeds').matches(':popover-open')"),
    ("[data-action=idle]", 3, "p.skipsIdle"), ("[data-action=idle]", 3, "!p.skipsIdle"),
    ("[data-action=style-wireframe]", 3, "id('toast').textContent.includes('masks record')"),
    ("[data-action=style-outline]", 3, "id('toast').textContent.includes('masks record')"),
    ("[data-action=style-fill]", 3, "pressed('style-fill') === 'true'"),
    ("[data-action=pointer]", 3, "pressed('pointer') === 'false'"), ("[data-action=pointer]", 3, "pressed('pointer') === 'true'"),
    ("[data-action=fit]", 3, "pressed('fit') === 'false'"), ("[data-action=fit]", 3, "pressed('fit') === 'true'"),
    ("[data-action=clip-in]", 3, "p.clip?.from === 3e9"), ("[data-action=clip-out]", 6, "p.clip?.until === 6e9"),
    ("[data-action=clip-clear]", None, "p.clip === null && id('clip').hidden"),
    ("[data-action=copy-frame]", 3, "/clipboard|downloads/.test(id('toast').textContent)"),
    ("[data-action=copy-link]", 3, "/link/i.test(id('toast').textContent)"),
    ("[data-action=screen]", 3, "document.fullscreenElement !== null || /fill the screen/.test(id('toast').textContent)"),
    ("[data-action=screen]", None, "!document.fullscreenElement"),
    ("[data-action=panel]", 3, "id('panel').hidden"), ("[data-action=panel]", 3, "!id('panel').hidden"),
    ("[data-action=theme]", 3, "document.documentElement.dataset.theme === 'light'"),
    ("[data-action=theme]", 3, "document.documentElement.dataset.theme === 'dark'"),
    ("[data-action=theme]", 3, "document.documentElement.dataset.theme === 'auto'"),
    ("[data-action=help]", 3, "id('help').open"), ("[data-action=close-help]", None, "!id('help').open"),
    ("#badge", 3, "id('about').open"), ("[data-action=close-about]", None, "!id('about').open"),
    ("#tab-network", 3, "id('list').querySelectorAll('[role=option]').length === 6"),
    ("#tab-log", 3, "id('list').querySelectorAll('[role=option]').length === 4"),
    ("#tab-errors", 3, "id('list').querySelectorAll('[role=option]').length === 2"),
    ("#tab-events", 3, "id('list').querySelectorAll('[role=option]').length > 10"),
    ("[data-kind=network].chip", 3, "!id('list').textContent.includes('/api/cart')"),
    ("[data-kind=network].chip", 3, "id('list').textContent.includes('/api/cart')"),
    ("[data-action=follow]", 3, "pressed('follow') === 'false'"), ("[data-action=follow]", 3, "pressed('follow') === 'true'"),
    ("#list [data-kind=log]", 9, "Math.abs(p.currentTime - 2.2) < 1e-6 && id('detail').textContent.includes('cart restored')"),
    ("#sheet", 3, "!p.paused"), ("#sheet", None, "p.paused"),
]

HELPERS = """(() => {
  window.p = scrim.player;
  window.id = (name) => document.getElementById(name);
  window.pressed = (action) => document.querySelector(`[data-action="${action}"]`).getAttribute("aria-pressed");
  window.heard = [];
  for (const name of ["play", "pause", "time", "ended", "error"]) p.addEventListener(name, () => heard.push(name));
})()"""


def check_keys(browser):
    for key, shift, where, truth in KEYS:
        if where is not None:
            seek(browser, where)
        browser.evaluate("void (id('toast').textContent = '')")
        browser.key(key, shift)
        expect(browser, truth, f"the key {key!r}")


def check_buttons(browser):
    for selector, where, truth in BUTTONS:
        if where is not None:
            seek(browser, where)
        browser.evaluate("void (id('toast').textContent = '')")
        click(browser, selector)
        expect(browser, truth, f"the button {selector}")


def check_controls(browser, url):
    """Keys, buttons, and keys after the buttons, which must not have taken the focus."""
    browser.open_player(url)
    browser.until("scrim.player.timeline.isWhole")
    browser.evaluate(HELPERS)
    check_keys(browser)
    check_buttons(browser)
    check_keys(browser)
    # All keys of the help sheet were pressed: here, and those of the search below.
    names = {" ": "Space", "ArrowLeft": "←", "ArrowRight": "→", "ArrowUp": "↑", "ArrowDown": "↓", "Escape": "Esc"}
    pressed = {("⇧ " if shift and key.startswith("Arrow") else "") + names.get(key, key.upper() if len(key) == 1 else key) for key, shift, *_ in KEYS}
    pressed = {key for key in pressed if not key.isdigit()} | {"0 – 9", "/", "Enter"}
    named = browser.evaluate("[...document.querySelectorAll('#help-keys kbd')].map(({ textContent }) => textContent)")
    assert set(named) == pressed and len(named) == len(pressed), f"{browser.name}: {sorted(set(named) ^ pressed)}"


def check_menu(browser):
    """The menu of speeds by keyboard alone: its focus, its roles, and that its keys are not the player's."""
    seek(browser, 3)
    menu = "id('speeds').matches(':popover-open')"
    focused = "document.activeElement.dataset.speed"
    browser.evaluate("(p.speed = 1, id('speed').focus())")
    assert browser.evaluate("[id('speed').ariaHasPopup, id('speed').ariaExpanded, id('speed').getAttribute('aria-controls')]") == ["menu", "false", "speeds"]
    browser.key("Enter")
    expect(browser, f"{menu} && {focused} === '1' && id('speed').ariaExpanded === 'true'", "Enter opens the menu at the present speed")
    roles = browser.evaluate("[id('speeds').role, ...[...id('speeds').children].map(({ role, ariaChecked, tabIndex }) => [role, ariaChecked, tabIndex])]")
    assert roles == ["menu"] + [["menuitemradio", "true" if place == 2 else "false", -1] for place in range(7)], roles
    for key, speed in (("ArrowDown", "2"), ("ArrowDown", "4"), ("ArrowUp", "2"), ("End", "16"), ("ArrowDown", "0.25"), ("ArrowUp", "16"), ("Home", "0.25"), ("l", "0.25")):
        browser.key(key)
        expect(browser, f"{menu} && {focused} === '{speed}'", f"{key} in the menu")
    assert browser.evaluate("p.currentTime === 3 && p.paused && p.speed === 1"), "keys of the menu are not those of the player"
    browser.key("Escape")
    expect(browser, f"!{menu} && document.activeElement === id('speed') && id('speed').ariaExpanded === 'false' && p.speed === 1", "Esc closes the menu")
    for confirm in ("Enter", " "):
        browser.key(confirm)
        expect(browser, menu, "the menu is open again")
        browser.key("ArrowDown")
        browser.key(confirm)
        expect(browser, f"!{menu} && document.activeElement === id('speed')", "a choice returns the focus")
    expect(browser, "p.speed === 4", "two choices, each one step on")
    browser.key("Enter")
    browser.key("Tab")
    expect(browser, f"!{menu} && document.activeElement !== document.body", "Tab leaves the menu")
    browser.evaluate("(p.speed = 1, document.activeElement.blur())")


def check_announced(browser):
    """During playback, errors and presses are announced, at most one a second; other events and seeks are not."""
    browser.evaluate("""void (() => {
      window.said = [];
      new MutationObserver(() => said.push([performance.now(), id('announce').textContent])).observe(id('announce'), { childList: true, characterData: true, subtree: true });
    })()""")
    assert browser.evaluate("id('announce').ariaLive") == "polite"
    seek(browser, 1.2)
    browser.evaluate("p.play()")
    expect(browser, "p.currentTime > 5.6", "it plays")
    browser.evaluate("p.pause()")
    said = [(when, text) for when, text in browser.evaluate("said") if text not in ("Playing", "Paused")]
    texts = [text for _, text in said]
    assert texts[0] == "Click at 150, 125" and any("total is undefined" in text and text.startswith("Error") for text in texts), texts
    assert not any("cart restored" in text or text.startswith(("Key", "GET")) for text in texts), texts
    gaps = [later[0] - earlier[0] for earlier, later in zip(said, said[1:])]
    assert all(gap >= 990 for gap in gaps), (gaps, texts)
    browser.evaluate("(said.length = 0, p.seek(1).then(() => { p.play(); return p.seek(7); }))")
    expect(browser, "p.currentTime > 7.3", "it plays after a seek")
    browser.evaluate("p.pause()")
    texts = [text for _, text in browser.evaluate("said")]
    assert not any("Error" in text or "Click" in text for text in texts), texts
    # Many at once are one announcement.
    events = [{"time": (9 + 0.05 * step) * 1e9, "event": {"type": "button", "x": step, "y": 2}} for step in range(20)]
    browser.evaluate(f"(said.length = 0, {json.dumps(events)}.forEach(({{ time, event }}) => p.timeline.addEvent(time, event, -2)), p.timeline.entries.sort((a, b) => a.time - b.time), p.seek(8.9).then(() => p.play()))")
    expect(browser, "p.currentTime > 11.5", "it plays over many presses")
    browser.evaluate("p.pause()")
    texts = [text for _, text in browser.evaluate("said") if text.startswith("Click")]
    assert 1 <= len(texts) <= 3 and " more" in texts[-1], texts


def check_search(browser):
    seek(browser, 1)
    browser.key("/")
    for letter in "api pay":
        browser.key(letter)
    expect(browser, "id('found').textContent === '2 matches' && id('list').querySelectorAll('[role=option]').length === 2", "search")
    assert browser.evaluate("p.paused && p.speed === 1"), "keys of a search are not commands"
    browser.key("Enter")
    expect(browser, "Math.abs(p.currentTime - 7.8) < 1e-6", "the next match")
    browser.key("Escape")
    expect(browser, "id('search').value === '' && id('found').textContent === ''", "escape clears the search")
    browser.key("Escape")
    browser.key(" ")
    expect(browser, "!p.paused", "keys work after a search")
    browser.key(" ")


def check_scrubber(browser):
    left, top, width = browser.evaluate("(() => { const b = id('track').getBoundingClientRect(); return [b.left, b.top, b.width]; })()")
    browser.move(left + width * 0.5, top + 20)
    expect(browser, "!id('preview').hidden && id('thumbnail').width > 160", "a thumbnail")
    # It is the picture of that time, scaled as the browser scales it.
    same = browser.evaluate("""(async () => {
      const seconds = p.start + (p.duration - p.start) / 2;
      const { width, height } = id('thumbnail');
      const small = await p.thumbnail(seconds, width, height);
      await p.seek(seconds);
      const scaled = await createImageBitmap(p.context.getImageData(0, 0, p.canvas.width, p.canvas.height), { resizeWidth: width, resizeHeight: height, resizeQuality: 'high' });
      const data = [small, scaled].map((bitmap) => {
        const context = new OffscreenCanvas(width, height).getContext('2d');
        context.drawImage(bitmap, 0, 0);
        return context.getImageData(0, 0, width, height).data;
      });
      const colours = new Set(new Uint32Array(data[0].buffer));
      return [small.width === width, colours.size > 4, data[0].every((value, i) => value === data[1][i])];
    })()""")
    assert same == [True, True, True], f"{browser.name}: the thumbnail: {same}"
    browser.click(left + width * 0.25, top + 20)
    expect(browser, "Math.abs(p.currentTime - (p.start + (p.duration - p.start) / 4)) < 0.05", "a click on the track")
    browser.move(left + 5, top - 300)
    expect(browser, "id('preview').hidden", "the thumbnail goes")
    # By Tab to the slider and further; the arrows work there too.
    browser.evaluate("id('track').focus()")
    seek(browser, 3)
    browser.key("ArrowRight")
    expect(browser, "p.currentTime === 8", "an arrow on the slider")
    browser.evaluate("document.activeElement.blur()")


def check_playing(browser):
    """Plays at the given speed, sends its events, ends, starts again, and skips idle time."""
    seek(browser, 2)
    browser.evaluate("void (heard.length = 0)")
    start = browser.evaluate("(p.play(), performance.now())")
    time.sleep(1.5)
    moment, now = browser.evaluate("[p.currentTime, performance.now()]")
    assert abs((moment - 2) - (now - start) / 1000) < 0.35, f"{browser.name}: played {moment - 2} s in {(now - start) / 1000} s"
    browser.evaluate("p.speed = 16")
    expect(browser, "heard.includes('ended') && p.paused && p.currentTime === p.duration", "the end")
    heard = browser.evaluate("heard.filter((name, i) => name !== 'time' || i === 1)")
    assert heard[0] == "play" and heard[-2:] == ["pause", "ended"], heard
    browser.evaluate("(p.speed = 1, p.play())")
    expect(browser, "p.currentTime < 3", "plays again from the start")
    seek(browser, 8.9)
    browser.evaluate("(p.skipsIdle = true, p.play())")
    expect(browser, "p.currentTime > 13", "idle time is skipped")
    browser.evaluate("(p.pause(), p.skipsIdle = false)")
    browser.evaluate("(p.clip = { from: 3e9, until: 4e9 }, p.seek(9).then(() => p.play()))")
    expect(browser, "p.paused && p.currentTime === 4", "a clip ends where it says")
    browser.evaluate("void (p.clip = null)")


def check_pointer(browser):
    """The pointer is drawn where it is: the tip of the arrow at its pixel, the ring of a press around it."""
    box = """(() => {
      const { width, height } = id('pointer');
      const c = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
      c.drawImage(id('pointer'), 0, 0);
      const { data } = c.getImageData(0, 0, width, height);
      let [left, top, right, bottom] = [width, height, 0, 0];
      for (let i = 3; i < data.length; i += 4) if (data[i]) {
        const [x, y] = [(i >> 2) % width, Math.floor((i >> 2) / width)];
        [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x + 1), Math.max(bottom, y + 1)];
      }
      return [left, top, right, bottom, width / p.canvas.width];
    })()"""
    for moment, x, y in ((0.6, 100, 80), (3.0, 292, 200), (7.5, 652, 425)):
        seek(browser, moment)
        left, top, right, bottom, unit = browser.evaluate(box)
        assert abs(left + 1 - x * unit) <= 2 and abs(top + 1 - y * unit) <= 3, f"{browser.name}: {(left, top, unit)} at {moment} s"
        assert right - left <= 18 and bottom - top <= 26, f"{browser.name}: {(left, top, right, bottom)} at {moment} s"
    seek(browser, 15.1)
    left, top, right, bottom, unit = browser.evaluate(box)
    assert abs((left + right) / 2 - 300 * unit) <= 2 and abs((top + bottom) / 2 - 200 * unit) <= 6 and right - left > 20, f"{browser.name}: a press"


def check_copies(browser, frames):
    """The picture that is copied, the one that is saved, and the screen at 1:1 are exactly the exported one."""
    browser.forget_saved()
    for moment in (3, 9.7, 16):
        seek(browser, moment)
        path = shown_at(frames, moment)[2]
        with Image.open(path) as image:
            expected = image.convert("RGB")
        copied = browser.evaluate("""(async () => {
          if (!navigator.clipboard) return null;
          const { promise, resolve } = Promise.withResolvers();
          navigator.clipboard.write = async ([item]) => resolve(await item.getType("image/png"));
          document.querySelector("[data-action=copy-frame]").click();
          return (await promise).bytes().then((bytes) => bytes.toBase64());
        })()""")
        assert copied or browser.name != "chromium", "a page in a file may use the clipboard"
        browser.key("d")
        saved = browser.saved()
        assert saved, f"{browser.name}: nothing was saved"
        for data in [saved] + ([base64.b64decode(copied)] if copied else []):
            with Image.open(io.BytesIO(data)) as image:
                assert image.format == "PNG" and image.convert("RGB").tobytes() == expected.tobytes(), f"{browser.name}: a copy is not {path}"
    for key in "bpz":
        browser.key(key)
    expect(browser, "id('zoom').textContent === '100 %' && id('toast').textContent.includes('for one')", "1:1")
    browser.evaluate("void (id('toast').hidden = true)")
    browser.move(2, 2)
    time.sleep(0.3)
    left, top = browser.evaluate("(() => { const { left, top } = id('sheet').getBoundingClientRect(); return [left, top]; })()")
    assert left == int(left) and top == int(top), f"{browser.name}: the picture begins at {left}, {top}, between pixels"
    seen = browser.picture().crop((int(left), int(top), int(left) + expected.width, int(top) + expected.height))
    assert seen.size == expected.size and seen.tobytes() == expected.tobytes(), f"{browser.name}: 1:1 is not {path}"
    for key in "bpz":
        browser.key(key)


def check_phone(browser, url):
    """Nothing is wider than a phone, whatever is open."""
    for width in (390, 320):
        browser.resize(width, 844, 1, True)
        browser.open_player(url)
        browser.until("scrim.player.timeline.isWhole")
        browser.evaluate(HELPERS)
        for state in ("void 0", "p.clip = null, id('tab-network').click()", "id('tab-errors').click()", "id('help').showModal()", "(id('help').close(), id('about').showModal())", "id('about').close()"):
            browser.evaluate(state)
            wide = browser.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert wide[0] <= width and wide[1] <= width, f"{browser.name}: {wide} of {width} pixels: {state}"
    browser.resize(1440, 900)


def check_interface(browser):
    """The page's script interface: seeks, failed seeks, replaced seeks."""
    assert browser.evaluate("p.ready.then(() => true)")
    assert browser.evaluate("p.seek(4).then(() => [p.currentTime, p.shown.time / 1e9])") == [4, 4]
    assert browser.evaluate("p.seek(NaN).catch((error) => error.name)") == "RangeError"
    assert browser.evaluate("p.seek(-50).then(() => p.currentTime === p.start)")
    assert browser.evaluate("p.seek(1e9).then(() => p.currentTime === p.duration)")
    names = browser.evaluate("Promise.allSettled([p.seek(2), p.seek(9), p.seek(17)]).then((all) => all.map((one) => one.reason?.name ?? 'kept'))")
    assert names == ["AbortError", "AbortError", "kept"], names
    assert browser.evaluate("p.canvas instanceof HTMLCanvasElement && p.canvas.width === 960 && p.canvas.height === 600")
    assert browser.evaluate("(() => { try { p.speed = 0 } catch (error) { return error.name } })()") == "RangeError"


def check_link(browser, url):
    browser.open_player(url + "#t=7.3")
    assert browser.evaluate("[scrim.player.currentTime, scrim.player.shown.time]") == [7.3, 7.3e9], "a link to a moment"
    browser.evaluate("void (location.hash = '#t=3,5')")
    browser.until("scrim.player.currentTime === 3 && scrim.player.clip?.until === 5e9")


def check_events(browser, url):
    """Texts of a recording are shown as text; a trace's link contains hexadecimal digits only."""
    browser.open_player(url)
    browser.until("scrim.player.timeline.isWhole")
    browser.evaluate(HELPERS)
    browser.key("r")
    expect(browser, "id('list').querySelectorAll('[role=option]').length === 2", "errors")
    click(browser, "#list [data-index='1']")
    expect(browser, "id('detail').textContent.includes('<img src=x')", "the error's message as text")
    events = [{"time": 16e9, "event": {"type": "error", "name": "E", "message": "late", "trace_id": TRACE}},
              {"time": 17e9, "event": {"type": "error", "name": "E", "message": "bad", "trace_id": "javascript:alert(1)"}},
              {"time": 18e9, "event": {"type": "__proto__", "x": 1, "y": 2}}, {"time": 18.5e9, "event": {"type": "constructor"}}]
    browser.evaluate(f"(({{ time, event }} = {{}}) => {{ for (const {{ time, event }} of {json.dumps(events)}) p.timeline.addEvent(time, event); p.emit('scan'); }})()")
    expect(browser, "id('list').querySelectorAll('[role=option]').length === 4", "further errors")
    click(browser, "#list [data-index='2']")
    expect(browser, f"id('detail').querySelector('a')?.href === 'https://traces.example/{TRACE}'", "a trace's link")
    click(browser, "#list [data-index='3']")
    expect(browser, "id('detail').textContent.includes('javascript:') && !id('detail').querySelector('a')", "no link of other words")
    # The list is rebuilt while the session is read; a click during that chooses its row.
    place = center(browser, "#list [data-index='1']")
    browser.press(*place)
    browser.evaluate("p.emit('scan')")
    time.sleep(0.5)
    browser.release(*place)
    expect(browser, "document.querySelector('#list [data-index=\"1\"]').ariaSelected === 'true'", "a click on a row while the list is rebuilt")
    browser.evaluate("(() => { p.timeline.addEvent(19e9, { type: 'error', name: 'E', message: 'last' }); p.emit('scan'); })()")
    assert browser.evaluate("id('list').querySelectorAll('[role=option]').length === 5"), f"{browser.name}: the list follows at once"
    assert browser.evaluate("window.broken === undefined && document.querySelectorAll('img, iframe').length === 0"), "markup"


def check_masks(browser, url):
    """Why is this black: kind, role and reason of a mask; outlines and wireframes on a canvas of their own."""
    browser.open_player(url)
    browser.until("scrim.player.timeline.isWhole")
    browser.evaluate(HELPERS)
    assert browser.evaluate("!id('no-masks').hidden && id('no-masks').textContent.includes('no masks record')")
    kinds = ["text", "image", "input", "password", "gap", "uncovered", "other"]
    masks = [dict(x=20 + 130 * i, y=300, width=120, height=80, kind=kind, role=f"role-{kind}", reason=f"rule {i}") for i, kind in enumerate(kinds)]
    browser.evaluate(f"(() => {{ const masks = {json.dumps(masks)}; Object.defineProperties(p.timeline.masks, {{ at: {{ value: () => masks }}, isEmpty: {{ value: false }} }}); p.emit('scan'); }})()")
    assert browser.evaluate("id('no-masks').hidden")
    pixels = browser.evaluate("p.canvas.toDataURL()")
    ink = "(() => { const { width, height } = id('masks'); const c = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true }); c.drawImage(id('masks'), 0, 0); return c.getImageData(0, 0, width, height).data.filter((_, i) => i % 4 === 3).some(Boolean); })()"
    assert not browser.evaluate(ink)
    for style in ("outline", "wireframe"):
        browser.key("m")
        expect(browser, f"pressed('style-{style}') === 'true' && {ink}", style)
    assert browser.evaluate("p.canvas.toDataURL()") == pixels, "a style changed the picture"
    left, top, scale = browser.evaluate("(() => { const b = id('sheet').getBoundingClientRect(); return [b.left, b.top, b.width / p.canvas.width]; })()")
    for i, kind in enumerate(kinds):
        browser.move(left + (80 + 130 * i) * scale, top + 340 * scale)
        expect(browser, f"!id('tip').hidden && id('tip').textContent.includes('role-{kind}') && id('tip').textContent.includes('rule {i}')", "why")
    browser.move(left + 10, top + 10)
    expect(browser, "id('tip').hidden", "no tip where nothing is masked")
    browser.key("m")


def check_recorded_masks(browser, url):
    """The page shows and names the masks that a real session recorded."""
    browser.open_player(url)
    browser.until("scrim.player.timeline.isWhole")
    browser.evaluate(HELPERS)
    seek(browser, 6)
    masks = browser.evaluate("p.timeline.masks.at(p.shown.segment, p.shown.frame)")
    assert len(masks) > 10 and {mask["kind"] for mask in masks} >= {"text", "input"}, len(masks)
    mask = next(mask for mask in masks if mask["kind"] == "image")
    left, top, scale = browser.evaluate("(() => { const b = id('sheet').getBoundingClientRect(); return [b.left, b.top, b.width / p.canvas.width]; })()")
    browser.move(left + (mask["x"] + mask["width"] / 2) * scale, top + (mask["y"] + mask["height"] / 2) * scale)
    expect(browser, f"!id('tip').hidden && id('tip').textContent.includes({json.dumps(mask['reason'])})", "a recorded mask's reason")
    browser.key("m")
    expect(browser, "pressed('style-outline') === 'true' && id('no-masks').hidden", "outlines")


def axe_source(cache):
    """axe.min.js from a wheel of PyPI; None if it is not available."""
    target = Path(cache) / "axe"
    if not target.exists():
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(target), "axe-playwright-python==0.1.8"]
        for more in ([], ["--break-system-packages"]):
            if subprocess.run(command + more, capture_output=True, timeout=120).returncode == 0:
                break
    found = list(target.rglob("axe.min.js"))
    return found[0].read_text() if found else None


def check_access(browser, axe):
    """axe-core finds no error: the lists, both themes, open menus and sheets, phone width."""
    browser.evaluate_text(axe + ";'loaded'")
    run = "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html.slice(0, 200) + ' ' + nodes[0].failureSummary))"
    for state, script in (
        ("light", "void (document.documentElement.dataset.theme = 'light')"), ("network", "id('tab-network').click()"),
        ("dark", "void (document.documentElement.dataset.theme = 'dark')"), ("empty", "void (id('search').value = 'nothing has this', id('search').dispatchEvent(new Event('input')))"),
        ("events", "(id('search').value = '', id('search').dispatchEvent(new Event('input')), id('tab-events').click())"),
        ("menu", "id('speed').click()"), ("help", "(id('speed').click(), id('help').showModal())"), ("about", "(id('help').close(), id('about').showModal())"),
        ("phone", "id('about').close()")):
        browser.evaluate(script)
        if state == "phone":
            browser.resize(390, 844, 1, True)
        # Colours change over a tenth of a second.
        time.sleep(0.4)
        found = browser.evaluate(run)
        assert not found, f"{browser.name}, {state}: " + "\n".join(found)


def check_all(browser, url, frames, axe):
    check_controls(browser, url)
    check_menu(browser)
    check_search(browser)
    check_scrubber(browser)
    check_pointer(browser)
    check_copies(browser, frames)
    check_playing(browser)
    check_announced(browser)
    check_interface(browser)
    check_link(browser, url)
    check_events(browser, url)
    check_masks(browser, url)
    if axe:
        check_access(browser, axe)
    check_phone(browser, url)
