import { byId, element } from "./format.js";

/** @typedef {{id: string, keys: string[], label: string, run: (event?: any) => void}} Command */
/** @typedef {{name: string, commands: Command[]}} Group */

/** @type {Record<string, string>} */
const keyNames = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };

/** A key as the help sheet shows it. @param {string} key */
function keyName(key) {
  const name = key.replace("Shift+", "");
  return (key === name ? "" : "⇧ ") + (keyNames[name] ?? (name.length === 1 ? name.toUpperCase() : name));
}

/** The list of all commands, from which keys, buttons and the help sheet are made. */
export class Commands {
  /** @param {Group[]} groups */
  constructor(groups) {
    this.groups = groups;
    /** @type {Map<string, Command>} */
    this.byKey = new Map();
    /** @type {Map<string, Command>} */
    this.byId = new Map();
    for (const command of groups.flatMap((group) => group.commands)) {
      this.byId.set(command.id, command);
      for (const key of command.keys) this.byKey.set(key, command);
    }
    document.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("click", (event) => {
      const button = /** @type {Element} */ (event.target).closest("[data-action]");
      const id = /** @type {HTMLElement | null} */ (button)?.dataset.action;
      if (id) this.byId.get(id)?.run(event);
    });
    // A click doesn't move the focus, so keys keep their meaning; Tab reaches every control.
    document.addEventListener("mousedown", (event) => {
      const target = /** @type {Element} */ (event.target);
      if (target.closest("button, [role=slider], [role=listbox]")) {
        event.preventDefault();
        if (document.activeElement instanceof HTMLInputElement) document.activeElement.blur();
      }
    });
    for (const [id, command] of this.byId) this.label(id, command);
    this.fillHelp();
  }

  /** @param {string} id @param {Command} command */
  label(id, command) {
    for (const button of document.querySelectorAll(`[data-action="${id}"]`)) {
      const [key] = command.keys;
      button.setAttribute("title", key ? `${command.label} (${keyName(key)})` : command.label);
      if (!button.textContent?.trim()) button.setAttribute("aria-label", command.label);
      if (key) button.setAttribute("aria-keyshortcuts", key === " " ? "Space" : key);
    }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const isTyping = target instanceof HTMLInputElement && target.type !== "checkbox";
    if (isTyping && event.key !== "Escape" && event.key !== "Enter") return;
    // A focused control handles its own key.
    const isControl = target.matches?.("button, a, input, summary");
    if (isControl && (event.key === "Enter" || (event.key === " " && !isTyping)) && !isTyping) return;
    const dialog = /** @type {HTMLDialogElement | null} */ (document.querySelector("dialog[open]"));
    if (dialog) {
      if (event.key === "?") dialog.close();
      return;
    }
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const command = this.byKey.get(event.shiftKey ? `Shift+${key}` : key) ?? this.byKey.get(key);
    if (!command) return;
    event.preventDefault();
    command.run(event);
  }

  fillHelp() {
    const box = byId("help-keys");
    for (const { name, commands } of this.groups) {
      const section = element("section");
      section.append(element("h3", "", name));
      const list = element("dl");
      for (const { keys, label } of commands) {
        if (!keys.length) continue;
        const term = element("dt");
        const shown = keys.length > 3 ? [`${keys[0]} – ${keys.at(-1)}`] : keys.map(keyName);
        for (const name of shown) term.append(element("kbd", "", name));
        list.append(term, element("dd", "", label));
      }
      section.append(list);
      box.append(section);
    }
  }
}
