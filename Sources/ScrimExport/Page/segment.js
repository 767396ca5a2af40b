import { ByteReader, DamageError, crc32c, hex } from "./bytes.js";

/**
 * @typedef {object} FrameRecord
 * @property {number} time nanoseconds on the session's clock
 * @property {number} number
 * @property {boolean} isKey
 * @property {number} withheld tiles that show older content
 * @property {number} status bit 0: withheld in part; bit 1: failed closed
 * @property {Uint8Array} coded
 */
/** @typedef {{time: number, json: Uint8Array}} EventRecord */
/**
 * Records that readers of version 1 skip, kept for modules that read them.
 * @typedef {{type: number, frame: number, payload: Uint8Array}} OtherRecord `frame`: the number of frames before it
 */
/**
 * @typedef {object} Segment
 * @property {{session: string, start: bigint, width: number, height: number, coding: number, policy: string,
 *   producer: string}} header
 * @property {FrameRecord[]} frames
 * @property {EventRecord[]} events
 * @property {OtherRecord[]} others
 * @property {{index: number, previous: string, content: string, offset: number} | null} seal null while it is being recorded
 */

const limits = {
  magic: [0x9d, 0x53, 0x43, 0x52, 0x49, 0x4d, 1, 0x0a],
  bytes: 2 ** 30,
  payload: 2 ** 28,
  records: 2 ** 20,
  event: 2 ** 20,
  producer: 255,
  side: 2 ** 15,
  pixels: 2 ** 26,
  time: 2 ** 61,
};

/** Record types of Format.md. */
export const recordTypes = { header: 1, frame: 2, event: 3, note: 4, masks: 5, seal: 127 };

/**
 * Reads a complete segment, or throws; digests are compared elsewhere, since the browser computes them asynchronously.
 * @param {Uint8Array} bytes anything @param {boolean} [isOpen] whether it is being recorded, so that its seal may be missing
 * @returns {Segment} @throws {DamageError}
 */
export function readSegment(bytes, isOpen = false) {
  limits.magic.forEach((byte, i) => {
    if (bytes[i] !== byte) throw new DamageError(i === 6 ? "a version that this player doesn't know" : "not a segment");
  });
  /** @type {Segment | undefined} */
  let segment;
  let records = 0;
  /** @type {{offset: number, time: number, isKey: boolean}[]} */
  const table = [];
  let sealed = false;
  let offset = 8;
  let behind = 0;
  while (offset < bytes.length) {
    if (sealed) throw new DamageError(`${bytes.length - offset} bytes behind the seal`);
    const record = readRecord(bytes, offset);
    const reader = new ByteReader(record.payload);
    if (!segment) {
      if (record.type !== recordTypes.header) throw new DamageError("the first record is not the header");
      segment = { header: readHeader(reader), frames: [], events: [], others: [], seal: null };
      records++;
    } else if (record.type === recordTypes.seal) {
      segment.seal = readSeal(reader, segment, table, offset);
      sealed = true;
    } else {
      if (record.type === recordTypes.header) throw new DamageError("a second header");
      if (record.type === recordTypes.frame) {
        const frame = readFrame(reader, record.isKey);
        checkOrder(frame, segment.frames.at(-1));
        table.push({ offset, time: frame.time, isKey: frame.isKey });
        segment.frames.push(frame);
      } else if (record.type === recordTypes.event) {
        segment.events.push(readEvent(reader));
      } else {
        if (record.type === recordTypes.masks && behind !== recordTypes.frame) {
          throw new DamageError("masks that don't stand behind a frame");
        }
        segment.others.push({ type: record.type, frame: segment.frames.length, payload: record.payload });
      }
      if (++records > limits.records) throw new DamageError("too many records");
      if (record.end > limits.bytes) throw new DamageError("the segment is too long");
    }
    offset = record.end;
    behind = record.type;
  }
  if (!segment || !(sealed || isOpen)) throw new DamageError("the seal is missing: the file was cut off");
  if (!segment.frames.length) throw new DamageError("nothing of it is recorded yet");
  return segment;
}

/** @param {Uint8Array} bytes @param {number} offset */
function readRecord(bytes, offset) {
  const reader = new ByteReader(bytes);
  reader.offset = offset;
  const type = reader.u8();
  const isKey = (reader.u8() & 1) === 1;
  const length = reader.u32();
  if (length > limits.payload) throw new DamageError("a record is too long");
  const checksum = reader.u32();
  const payload = reader.take(length);
  const crc = crc32c(bytes, offset + 10, offset + 10 + length, crc32c(bytes, offset, offset + 6));
  if (crc !== checksum) throw new DamageError(`a wrong checksum at byte ${offset}`);
  return { type, isKey, payload, end: offset + 10 + length };
}

/** @param {ByteReader} reader */
function readHeader(reader) {
  const id = hex(reader.take(16));
  const session = [id.slice(0, 8), id.slice(8, 12), id.slice(12, 16), id.slice(16, 20), id.slice(20)].join("-");
  const start = reader.i64();
  const [width, height] = [reader.u32(), reader.u32()];
  const coding = reader.u8();
  if (coding !== 1 && coding !== 2) throw new DamageError("an entropy coding that this player doesn't know");
  const policy = hex(reader.take(32));
  const length = reader.varint();
  if (length > limits.producer) throw new DamageError("the producer is too long");
  let producer;
  try {
    producer = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(reader.take(length));
  } catch (error) {
    throw error instanceof DamageError ? error : new DamageError("the producer is not UTF-8");
  }
  if (!width || !height || width > limits.side || height > limits.side || width * height > limits.pixels) {
    throw new DamageError(`a picture of ${width} × ${height} pixels is beyond the limits`);
  }
  return { session, start, width, height, coding, policy, producer };
}

/** @param {ByteReader} reader */
function readTime(reader) {
  const time = reader.zigzag();
  if (Math.abs(time) > limits.time) throw new DamageError("a time is beyond the limits");
  return time;
}

/** @param {ByteReader} reader @param {boolean} isKey @returns {FrameRecord} */
function readFrame(reader, isKey) {
  const time = readTime(reader);
  const number = reader.varint();
  const withheld = reader.varint();
  const status = reader.u8() & 3;
  if (number > limits.time || withheld > limits.pixels) throw new DamageError("a frame's number is beyond the limits");
  return { time, number, isKey, withheld, status, coded: reader.take(reader.left) };
}

/** @param {FrameRecord} frame @param {FrameRecord | undefined} before */
function checkOrder(frame, before) {
  if (!before) {
    if (!frame.isKey) throw new DamageError("the first frame is no keyframe");
  } else if (frame.time < before.time || frame.number <= before.number) {
    throw new DamageError("the frames are out of order");
  }
}

/**
 * A note as an event of the lists; null for an unknown note.
 * @param {Uint8Array} payload @returns {{time: number, event: any} | null} @throws {DamageError}
 */
export function readNote(payload) {
  const reader = new ByteReader(payload);
  const time = readTime(reader);
  const kind = reader.u8();
  const offset = readTime(reader);
  if (kind === 1 && offset <= 0) throw new DamageError("a gap has no length");
  if (kind === 1) return { time, event: { type: "gap", duration_ms: offset / 1e6 } };
  return kind === 2 ? { time, event: { type: "clock step", offset_ms: offset / 1e6 } } : null;
}

/** @param {ByteReader} reader @returns {EventRecord} */
function readEvent(reader) {
  const time = readTime(reader);
  if (reader.left > limits.event) throw new DamageError("an event is too long");
  return { time, json: reader.take(reader.left) };
}

/**
 * The data of the seal are only compared with the records, never used instead of them.
 * @param {ByteReader} reader @param {Segment} segment
 * @param {{offset: number, time: number, isKey: boolean}[]} table @param {number} offset
 */
function readSeal(reader, segment, table, offset) {
  const index = reader.u32();
  const previous = hex(reader.take(32));
  if ((index === 0) !== /^0+$/.test(previous)) throw new DamageError("the seal names a wrong segment before it");
  const content = hex(reader.take(32));
  let first = Infinity;
  let last = -Infinity;
  for (const { time } of [segment.frames, segment.events].flat()) {
    first = Math.min(first, time);
    last = Math.max(last, time);
  }
  let agrees = segment.frames.length > 0 && reader.varint() === segment.frames.length
    && reader.varint() === segment.events.length && reader.zigzag() === first && reader.zigzag() === last;
  let before = { offset: 0, time: 0 };
  for (const entry of table) {
    agrees &&= reader.varint() === (entry.offset - before.offset) * 2 + (entry.isKey ? 1 : 0);
    const step = reader.zigzag();
    // Times above 2^53 are rounded, and so are their differences.
    agrees &&= step === entry.time - before.time || Math.abs(entry.time) > 2 ** 52;
    before = entry;
  }
  if (!agrees) throw new DamageError("the seal disagrees with the records");
  if (reader.left < 4) throw new DamageError("the seal is cut off");
  reader.take(reader.left - 4);
  if (reader.u32() !== offset) throw new DamageError("the seal is not where it says");
  return { index, previous, content, offset };
}
