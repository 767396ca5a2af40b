import { ByteReader } from "./bytes.js";
import { frameLimits, operandBytes, operations } from "./frame.js";

// What happens in a segment, for the lists and the curve of activity.

/** @param {string} json */
export function parseEvent(json) {
  try {
    const event = JSON.parse(json);
    if (typeof event === "object" && event !== null && typeof event.type === "string") return event;
  } catch {
    // Shown unchanged.
  }
  return { type: "unreadable" };
}

/**
 * The area that a frame's operations write to, computed from its operation stream alone.
 * @param {Uint8Array} coded @param {ReturnType<typeof import("./frame.js").entropyStream>} stream @param {number} area
 */
export async function touchedArea(coded, stream, area) {
  const outer = new ByteReader(coded);
  const packed = outer.take(outer.varint());
  const plain = new ByteReader(await stream.append(packed, frameLimits.operationBytes(area)));
  const list = new ByteReader(plain.take(plain.varint()));
  let touched = 0;
  while (list.left) {
    const code = list.u8();
    if (code === operations.colours) {
      list.take(3 * list.u8());
      continue;
    }
    list.take(4);
    const size = list.u16() * list.u16();
    if (code !== operations.keep) touched += size;
    list.take(operandBytes[code] ?? 0);
  }
  return touched;
}
