// The one function of the app that makes ids (UUIDv7); its SQL twin is `usher_id()`. Ids of one process ascend, also within
// a millisecond, so that lists by id are lists by time.
import { randomFillSync } from 'node:crypto';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const COUNTER_MAX = 0xfff;

let last = 0;
let counter = 0;

// Asking the system costs the same for many as for few.
const pool = Buffer.alloc(4096);
let used = pool.length;

/** 16 random bytes, as good as the system's own. */
export function random16(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = Buffer.from(pool.subarray(used, used + 16));
  // Some are secret as long as what they hide.
  pool.fill(0, used, used + 16);
  used += 16;
  return bytes;
}

/** A UUIDv7. The 12 bits after the version count within a millisecond (RFC 9562, section 6.2, method 1). */
export function newId(): string {
  const now = Date.now();
  if (now > last) {
    last = now;
    counter = 0;
  } else if (counter === COUNTER_MAX) {
    // The clock stands still or went back: run ahead of it rather than repeat.
    last += 1;
    counter = 0;
  } else {
    counter += 1;
  }
  const bytes = random16();
  bytes.writeUIntBE(last, 0, 6);
  bytes.writeUInt16BE(0x7000 | counter, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Ids come back from buttons and forms, which anybody can forge: what is no id is nothing that exists. */
export function isId(text: string): boolean {
  return UUID.test(text);
}
