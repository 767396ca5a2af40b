import { fromBase64 } from "./bytes.js";
import { byId } from "./format.js";

// The sources of a page's segments. Player, lists and decoder use only `bytes(index)`.

/** @typedef {{segments: string, worker: string, live: string, open: string, interval: number}} ServerAddresses */

/** The segments embedded in the page, each as base64 in its own element, so that only requested ones are decoded. */
export class EmbeddedSource {
  constructor() {
    /** Resolved when the whole page was read. */
    this.loaded = document.readyState === "loading"
      ? new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve, { once: true }))
      : Promise.resolve();
    this.address = URL.createObjectURL(new Blob([byId("scrim-worker").textContent], { type: "text/javascript" }));
    this.worker = new Worker(this.address);
  }

  /** @param {number} index @returns {Promise<Uint8Array<ArrayBuffer>>} */
  async bytes(index) {
    if (!byId(`segment-${index}`)?.nextSibling) await this.loaded;
    const held = byId(`segment-${index}`);
    if (!held?.textContent) throw new Error(held?.dataset.missing ?? "the page does not hold this segment");
    try {
      return fromBase64(held.textContent);
    } catch {
      throw new Error("its text in the page is damaged");
    }
  }

  /** Releases the worker's script; called when the worker has loaded it. */
  settle() {
    URL.revokeObjectURL(this.address);
  }
}

/** The waits in milliseconds between attempts of a request that may succeed later. */
const pauses = [300, 1000, 3000];

/** The segments of a server, each requested when it is needed. */
export class ServerSource {
  /** @param {ServerAddresses} addresses */
  constructor(addresses) {
    this.addresses = addresses;
    this.worker = new Worker(addresses.worker);
    /** The known bytes of the segment that is being recorded; they only grow. */
    this.growing = { index: -1, bytes: new Uint8Array(0) };
  }

  /** @param {number} index @param {boolean} [isOpen] whether the segment is being recorded @returns {Promise<Uint8Array<ArrayBuffer>>} */
  async bytes(index, isOpen = false) {
    if (isOpen) {
      const bytes = await this.openBytes(index);
      if (bytes) return bytes;
    }
    const answer = await this.ask(this.addresses.segments + String(index).padStart(8, "0"));
    return new Uint8Array(await answer.arrayBuffer());
  }

  /** The complete part of the open segment; null if it was sealed since. @param {number} index */
  async openBytes(index) {
    if (this.growing.index !== index) this.growing = { index, bytes: new Uint8Array(0) };
    const { growing } = this;
    const from = growing.bytes.length;
    const answer = await this.ask(`${this.addresses.open}?index=${index}&from=${from}`);
    if (answer.status === 204) return null;
    const tail = new Uint8Array(await answer.arrayBuffer());
    const bytes = new Uint8Array(from + tail.length);
    bytes.set(growing.bytes);
    bytes.set(tail, from);
    growing.bytes = bytes;
    // The bytes are transferred to the worker.
    return bytes.slice();
  }

  /** The changes of the session; segments before `known` are not sent again. @param {number} known @returns {Promise<any>} */
  async live(known) {
    return (await this.ask(`${this.addresses.live}?known=${known}`, 0)).json();
  }

  /** @param {string} address @param {number} [tries] further attempts after a failure of the network or the server */
  async ask(address, tries = pauses.length) {
    for (let attempt = 0; ; attempt++) {
      let reason = "the server can't be reached";
      let mayPass = true;
      try {
        const answer = await fetch(address, { credentials: "same-origin", redirect: "error" });
        if (answer.ok) return answer;
        mayPass = answer.status === 429 || answer.status >= 500;
        reason = answer.status === 401 ? "sign in again to see it"
          : answer.status === 404 ? "the server does not have it"
            : answer.status === 410 ? "the session was deleted" : `the server answered with ${answer.status}`;
      } catch {
        // The message above has the reason.
      }
      if (!mayPass || attempt >= tries) throw new Error(reason);
      await new Promise((resolve) => setTimeout(resolve, pauses[attempt]));
    }
  }

  settle() {}
}
