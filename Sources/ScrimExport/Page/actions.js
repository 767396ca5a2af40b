import { byId } from "./format.js";

/**
 * Every command of the page, with its keys, in the groups of the help sheet.
 * @param {import("./app.js").Page} page @returns {import("./commands.js").Group[]}
 */
export function commandGroups(page) {
    const { player } = page;
    const quietly = (/** @type {Promise<void>} */ done) => { done.catch(() => {}); };
    const by = (/** @type {number} */ seconds) => () => quietly(player.seek(player.currentTime + seconds));
    const command = (/** @type {string} */ id, /** @type {string[]} */ keys, /** @type {string} */ label, /** @type {(event?: any) => void} */ run) => ({ id, keys, label, run });
    const tenths = Array.from({ length: 10 }, (_, i) => String(i));
    return [
      { name: "Play", commands: [
        command("play", [" ", "k"], "Play or pause", () => player.isPlaying ? player.pause() : player.play()),
        command("slower", ["<", "["], "Slower", () => page.changeSpeed(-1)),
        command("faster", [">", "]"], "Faster", () => page.changeSpeed(1)),
        command("idle", ["s"], "Skip idle time", () => page.toggleIdle()),
        ...(page.data.server?.isRecording ? [command("live", ["u"], "Follow what is being recorded", () => page.live?.toggle())] : []),
        command("speed-menu", [], "Speed", () => page.speeds.toggle()),
      ] },
      { name: "Move", commands: [
        command("back", ["ArrowLeft"], "5 seconds back", by(-5)),
        command("on", ["ArrowRight"], "5 seconds on", by(5)),
        command("back-1", ["Shift+ArrowLeft"], "1 second back", by(-1)),
        command("on-1", ["Shift+ArrowRight"], "1 second on", by(1)),
        command("frame-back", [","], "One frame back", () => quietly(player.step(-1))),
        command("frame-on", ["."], "One frame on", () => quietly(player.step(1))),
        command("event-back", ["ArrowUp", "j"], "Event before", () => page.panel.jump(-1)),
        command("event-on", ["ArrowDown", "l"], "Next event", () => page.panel.jump(1)),
        command("home", ["Home"], "To the start", () => quietly(player.seek(player.start))),
        command("end", ["End"], "To the end", () => quietly(player.seek(player.duration))),
        command("tenth", tenths, "Tenths of the session", (event) => {
          quietly(player.seek(player.start + (player.duration - player.start) * Number(event.key) / 10));
        }),
      ] },
      { name: "See", commands: [
        command("fit", ["z"], "Fit, or one pixel for one", () => page.toggleFit()),
        command("screen", ["f"], "Full screen", () => page.toggleScreen()),
        command("pointer", ["p"], "Show the pointer", () => page.togglePointer()),
        command("style", ["m"], "Masks as fill, outline, wireframe", () => page.nextStyle()),
        command("style-fill", [], "Masks as fill", () => page.setStyle("fill")),
        command("style-outline", [], "Masks with outlines", () => page.setStyle("outline")),
        command("style-wireframe", [], "Masks as a wireframe", () => page.setStyle("wireframe")),
        command("theme", ["t"], "Light, dark, as the system", () => page.nextTheme()),
        command("panel", ["b"], "Show the lists", () => page.togglePanel()),
      ] },
      { name: "Lists", commands: [
        command("search", ["/"], "Search", () => {
          page.togglePanel(true);
          byId("search").focus();
          byId("search").select();
        }),
        command("find-next", ["Enter"], "Next match", () => page.panel.jump(1)),
        command("tab-events", ["e"], "Events", () => page.panel.open("events")),
        command("tab-network", ["n"], "Network", () => page.panel.open("network")),
        command("tab-log", ["g"], "Log", () => page.panel.open("log")),
        command("tab-errors", ["r"], "Errors", () => page.panel.open("errors")),
        command("follow", ["w"], "Lists follow the picture", () => page.toggleFollow()),
      ] },
      { name: "Share", commands: [
        command("copy-frame", ["c"], "Copy the picture as PNG", () => page.copyFrame(false)),
        command("save-frame", ["d"], "Save the picture as PNG", () => page.copyFrame(true)),
        command("copy-link", ["y"], "Copy a link to this moment", () => page.copyLink()),
        command("clip-in", ["i"], "Clip begins here", () => page.markClip("from")),
        command("clip-out", ["o"], "Clip ends here", () => page.markClip("until")),
        command("clip-clear", ["x"], "No clip", () => page.setClip(null)),
      ] },
      { name: "Page", commands: [
        command("help", ["?"], "This sheet", () => byId("help").showModal()),
        command("about", ["v"], "What was verified", () => byId("about").showModal()),
        command("escape", ["Escape"], "Leave the search, close what is open", () => page.escape()),
        command("close-help", [], "Close", () => byId("help").close()),
        command("close-about", [], "Close", () => byId("about").close()),
        command("after-gap", [], "Go to what follows", () => quietly(player.leaveGap())),
      ] },
    ];
}
