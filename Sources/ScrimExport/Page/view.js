import { DamageError } from "./bytes.js";
import { FrameDecoder } from "./frame.js";

/** @typedef {import("./segment.js").Segment & {broken: {frame: number, reason: string}[],
 *   masks: import("./masklayer.js").SegmentMasks, notes: {time: number, event: any}[]}} Loaded */
/** @typedef {{segment: number, frame: number}} Place */

/** Milliseconds after which long work is interrupted for messages. */
export const turn = 8;

/** @param {unknown} error */
export function reasonOf(error) {
  if (error instanceof DamageError) return error.message;
  return error instanceof RangeError ? "memory is short" : `the decoder failed: ${error}`;
}

/** A decoder with its position in a segment. */
export class View {
  constructor() {
    this.segment = -1;
    this.frame = -1;
    /** @type {FrameDecoder | null} */
    this.decoder = null;
    this.coding = 0;
  }

  /**
   * Decodes up to a frame.
   * @param {Loaded} loaded @param {Place} place @param {() => Promise<boolean>} pause whether to stop
   * @returns {Promise<DamageError | boolean>} true: the picture is there; false: stopped
   */
  async decode(loaded, place, pause) {
    const { frames, header } = loaded;
    let first = place.frame;
    while (!frames[first].isKey) first--;
    const broken = loaded.broken.find(({ frame }) => frame >= first && frame <= place.frame);
    if (broken) return new DamageError(broken.reason);
    const isAhead = this.segment === place.segment && this.decoder && this.frame >= first && this.frame <= place.frame;
    if (!isAhead) {
      const old = this.decoder;
      if (!old || old.width !== header.width || old.height !== header.height || this.coding !== header.coding) {
        this.decoder = new FrameDecoder(header.width, header.height, header.coding);
        this.coding = header.coding;
      }
      this.segment = place.segment;
      this.frame = first - 1;
    }
    const decoder = /** @type {FrameDecoder} */ (this.decoder);
    let start = performance.now();
    while (this.frame < place.frame) {
      const frame = frames[this.frame + 1];
      try {
        await decoder.apply(frame.coded, frame.isKey);
      } catch (error) {
        const reason = reasonOf(error);
        if (error instanceof DamageError) loaded.broken.push({ frame: this.frame + 1, reason });
        this.segment = -1;
        return new DamageError(reason);
      }
      this.frame++;
      if (performance.now() - start > turn && this.frame < place.frame) {
        if (await pause()) return false;
        start = performance.now();
      }
    }
    return true;
  }
}
