"use strict";
// The study as the page holds it: named arrays behind a table of contents (outputs/whatif_pack.py writes them).

const STEPS_PER_DEGREE = 10000000;

class Pack {
  /** @param {Uint8Array} bytes inflated */
  constructor(bytes) {
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    const contents = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
    /** @type {Record<string, any>} */
    this.facts = contents.facts;
    /** @type {Record<string, {kind: string, n: number, at: number}>} */
    this.arrays = contents.arrays;
    this.bytes = bytes.subarray(4 + length);
  }

  /** @param {string} name */
  has(name) {
    return name in this.arrays;
  }

  /** Whole numbers, as doubles: edges and times pass 2^31 on their way. @param {string} name */
  whole(name) {
    const { kind, n, at } = this.arrays[name];
    const values = new Float64Array(n);
    let byte = at;
    let last = 0;
    for (let i = 0; i < n; i++) {
      let coded = 0;
      let worth = 1;
      let more;
      do {
        more = this.bytes[byte++];
        coded += (more & 127) * worth;
        worth *= 128;
      } while (more > 127);
      const value = coded % 2 === 1 ? -(coded + 1) / 2 : coded / 2;
      last = kind === "whole" ? value : last + value;
      values[i] = last;
    }
    return values;
  }

  /** @param {string} name */
  ints(name) {
    return new Int32Array(this.whole(name));
  }

  /** @param {string} name */
  flags(name) {
    const { n, at } = this.arrays[name];
    const values = new Uint8Array(n);
    for (let i = 0; i < n; i++) values[i] = (this.bytes[at + (i >> 3)] >> (i & 7)) & 1;
    return values;
  }

  /** @param {string} name */
  doubles(name) {
    const { n, at } = this.arrays[name];
    const values = new Float64Array(n);
    const raw = new Uint8Array(values.buffer); // little-endian, as every machine with a browser is
    for (let k = 0; k < 8; k++) for (let i = 0; i < n; i++) raw[8 * i + k] = this.bytes[at + k * n + i];
    return values;
  }

  /** @param {string} name */
  degrees(name) {
    if (this.arrays[name].kind === "doubles") return this.doubles(name);
    const values = this.whole(name);
    for (let i = 0; i < values.length; i++) values[i] /= STEPS_PER_DEGREE;
    if (this.has(`${name}/at`)) {
      const other = this.doubles(`${name}/other`);
      this.whole(`${name}/at`).forEach((i, k) => (values[i] = other[k]));
    }
    return values;
  }
}
