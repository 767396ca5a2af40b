import { fromBase64 } from "./bytes.js";
import { byId, span } from "./format.js";

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

/** A failure that may pass by itself, such as one of the network. */
export class PassingError extends Error {}

/** The segments of a server, each requested when it is needed. */
export class ServerSource {
  /** @param {ServerAddresses} addresses */
  constructor(addresses) {
    this.addresses = addresses;
    this.worker = new Worker(addresses.worker);
    /** The known bytes of the segment that is being recorded; they only grow. */
    this.growing = { index: -1, bytes: new Uint8Array(0) };
    /** The maximum time in milliseconds without a byte of an answer. */
    this.patience = 30000;
  }

  /**
   * @param {number} index @param {boolean} [isOpen] whether the segment is being recorded
   * @param {AbortSignal} [signal] ends the request @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  async bytes(index, isOpen = false, signal = undefined) {
    if (isOpen) {
      const bytes = await this.openBytes(index, signal);
      if (bytes) return bytes;
    }
    return (await this.ask(this.addresses.segments + String(index).padStart(8, "0"), signal)).bytes;
  }

  /** The complete part of the open segment; null if it was sealed since. @param {number} index @param {AbortSignal} [signal] */
  async openBytes(index, signal) {
    if (this.growing.index !== index) this.growing = { index, bytes: new Uint8Array(0) };
    const { growing } = this;
    const from = growing.bytes.length;
    const { status, bytes: tail } = await this.ask(`${this.addresses.open}?index=${index}&from=${from}`, signal);
    if (status === 204) return null;
    const bytes = new Uint8Array(from + tail.length);
    bytes.set(growing.bytes);
    bytes.set(tail, from);
    growing.bytes = bytes;
    // The bytes are transferred to the worker.
    return bytes.slice();
  }

  /** The changes of the session; segments before `known` are not sent again. @param {number} known @returns {Promise<any>} */
  async live(known) {
    const { bytes } = await this.ask(`${this.addresses.live}?known=${known}`, undefined, 0);
    return JSON.parse(new TextDecoder().decode(bytes));
  }

  /**
   * @param {string} address @param {AbortSignal} [signal] @param {number} [tries] further attempts after a failure of the network or the server
   * @returns {Promise<{status: number, bytes: Uint8Array<ArrayBuffer>}>}
   */
  async ask(address, signal, tries = pauses.length) {
    for (let attempt = 0; ; attempt++) {
      let reason = "the server can't be reached";
      /** Whether it may pass, and whether that may be soon. */
      let [isPassing, isShort] = [true, true];
      const request = new AbortController();
      const end = () => request.abort();
      signal?.addEventListener("abort", end);
      let isLate = false;
      const giveUp = () => {
        isLate = true;
        request.abort();
      };
      let timer = setTimeout(giveUp, this.patience);
      try {
        const answer = await fetch(address, { credentials: "same-origin", redirect: "error", signal: request.signal });
        const { status } = answer;
        if (answer.ok) {
          const bytes = await received(answer, () => {
            clearTimeout(timer);
            timer = setTimeout(giveUp, this.patience);
          });
          return { status, bytes };
        }
        isShort = status === 429 || status >= 500;
        isPassing = isShort || status === 401;
        reason = status === 401 ? "sign in again to see it"
          : status === 404 ? "the server does not have it"
            : status === 410 ? "the session was deleted" : `the server answered with ${status}`;
      } catch {
        if (isLate) reason = `the server sent nothing for ${span(this.patience)}`;
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener("abort", end);
        request.abort();
      }
      // After so long a wait, the viewer decides about another attempt.
      if (!isShort || isLate || attempt >= tries || signal?.aborted) throw isPassing ? new PassingError(reason) : new Error(reason);
      await new Promise((resolve) => setTimeout(resolve, pauses[attempt]));
      if (signal?.aborted) throw new PassingError(reason);
    }
  }

  settle() {}
}

/** The body of an answer. @param {Response} answer @param {() => void} onPart called when some of it has come @returns {Promise<Uint8Array<ArrayBuffer>>} */
async function received(answer, onPart) {
  const parts = [];
  let size = 0;
  const reader = answer.body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    parts.push(part.value);
    size += part.value.length;
    onPart();
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
