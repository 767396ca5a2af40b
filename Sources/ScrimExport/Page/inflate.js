import { DamageError } from "./bytes.js";

/** Decodes a deflate stream in pieces that end with a sync flush, by the browser's own decoder. */
export class InflateStream {
  count = 0;
  /** @type {Uint8Array[]} */
  chunks = [];

  constructor() {
    /** @type {WritableStreamDefaultWriter | null} */
    this.writer = null;
    this.reset();
  }

  /** Begins another stream. */
  reset() {
    this.writer?.abort().catch(() => {});
    this.writer = null;
    this.chunks = [];
    this.count = 0;
  }

  open() {
    const stream = new DecompressionStream("deflate-raw");
    const reader = stream.readable.getReader();
    const writer = stream.writable.getWriter();
    writer.closed.catch(() => {});
    this.writer = writer;
    // A read is always pending, so a write is done when all of its output was read.
    const pump = async () => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done || !value) return;
        if (this.writer !== writer) continue;
        this.chunks.push(value);
        this.count += value.length;
      }
    };
    pump().catch(() => {});
  }

  /**
   * @param {Uint8Array} piece @param {number} limit bytes that may come out
   * @returns {Promise<Uint8Array>}
   */
  async append(piece, limit) {
    if (!piece.length) return new Uint8Array(0);
    if (!this.writer) this.open();
    const writer = /** @type {WritableStreamDefaultWriter} */ (this.writer);
    this.chunks = [];
    this.count = 0;
    // In parts, so that a few bytes can't allocate far more memory than the limit.
    for (let at = 0; at < piece.length; at += 4096) {
      try {
        await writer.write(piece.slice(at, at + 4096));
      } catch {
        throw new DamageError("deflate: the stream is damaged");
      }
      if (this.count > limit) throw new DamageError("deflate: more comes out than a frame may hold");
    }
    await new Promise((resolve) => {
      const channel = new MessageChannel();
      channel.port1.onmessage = resolve;
      channel.port2.postMessage(0);
    });
    if (this.count > limit) throw new DamageError("deflate: more comes out than a frame may hold");
    if (this.chunks.length === 1) return this.chunks[0];
    const whole = new Uint8Array(this.count);
    let place = 0;
    for (const chunk of this.chunks) {
      whole.set(chunk, place);
      place += chunk.length;
    }
    return whole;
  }

  /** Ends the stream, which must contain its own end. */
  async finish() {
    try {
      await this.writer?.close();
    } catch {
      throw new DamageError("deflate: the stream has no end");
    }
    this.writer = null;
  }
}
