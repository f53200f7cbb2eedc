"use strict";
// A packed R-tree over straight pieces: the edge nearest to a point, and what a straight leg crosses.

const FAN_OUT = 16;

/** @typedef {{edge: number, fraction: number, accessM: number}} Link edge -1: on no street */

/** Ends of pieces in degrees. @typedef {{tailLon: Float64Array, tailLat: Float64Array, headLon: Float64Array, headLat: Float64Array}} Pieces */

/** A bound that may lie a rounding error above the exact distance must not cut off an equally near edge. @param {number} squared */
const withSlack = (squared) => squared * (1 + 1e-9) + 1e-9;

class EdgeTree {
  /** @param {Pieces} pieces */
  constructor(pieces) {
    this.pieces = pieces;
    this.order = alongCurve(pieces);
    /** Boxes, level after level: west, south, east, north in turn. @type {Float64Array[]} */
    this.levels = [];
    const n = this.order.length;
    let below = new Float64Array(4 * n);
    this.order.forEach((e, i) => {
      below[4 * i] = Math.min(pieces.tailLon[e], pieces.headLon[e]);
      below[4 * i + 1] = Math.min(pieces.tailLat[e], pieces.headLat[e]);
      below[4 * i + 2] = Math.max(pieces.tailLon[e], pieces.headLon[e]);
      below[4 * i + 3] = Math.max(pieces.tailLat[e], pieces.headLat[e]);
    });
    this.levels.push(below);
    while (below.length > 4 * FAN_OUT) this.levels.push((below = boxesAround(below)));
  }

  /**
   * Calls `visit(piece)` for the pieces whose box is within a squared distance, nearer boxes first; `bound()` gives it
   * anew each time.
   * @param {number} lon @param {number} lat @param {() => number} bound squared metres @param {(piece: number) => void} visit
   */
  near(lon, lat, bound, visit) {
    const perLon = METRES_PER_DEGREE * Math.cos(lat * RADIANS);
    const descend = (/** @type {number} */ level, /** @type {number} */ begin) => {
      const boxes = this.levels[level];
      const end = Math.min(begin + FAN_OUT, boxes.length / 4);
      /** @type {[number, number][]} */
      const children = [];
      for (let k = begin; k < end; k++) {
        const dx = Math.max(0, boxes[4 * k] - lon, lon - boxes[4 * k + 2]) * perLon;
        const dy = Math.max(0, boxes[4 * k + 1] - lat, lat - boxes[4 * k + 3]) * METRES_PER_DEGREE;
        const squared = dx * dx + dy * dy;
        if (squared <= bound()) children.push([squared, k]);
      }
      if (level > 0) children.sort((a, b) => a[0] - b[0]);
      for (const [squared, k] of children) {
        if (squared > bound()) continue;
        if (level === 0) visit(this.order[k]);
        else descend(level - 1, k * FAN_OUT);
      }
    };
    if (this.order.length > 0) descend(this.levels.length - 1, 0);
  }

  /** Calls `visit(piece)`, until it gives true, for the pieces whose box meets another. @param {number} west @param {number} south @param {number} east @param {number} north @param {(piece: number) => boolean} visit @returns {boolean} */
  meets(west, south, east, north, visit) {
    const descend = (/** @type {number} */ level, /** @type {number} */ begin) => {
      const boxes = this.levels[level];
      const end = Math.min(begin + FAN_OUT, boxes.length / 4);
      for (let k = begin; k < end; k++) {
        const apart =
          boxes[4 * k] > east || boxes[4 * k + 2] < west || boxes[4 * k + 1] > north || boxes[4 * k + 3] < south;
        if (!apart && (level === 0 ? visit(this.order[k]) : descend(level - 1, k * FAN_OUT))) return true;
      }
      return false;
    };
    return this.order.length > 0 && descend(this.levels.length - 1, 0);
  }
}

/** Pieces in an order in which neighbours lie near each other: by the interleaved bits of their middles. @param {Pieces} pieces */
function alongCurve({ tailLon, tailLat, headLon, headLat }) {
  const n = tailLon.length;
  const keys = new Float64Array(n);
  const [west, east] = bounds(tailLon, headLon);
  const [south, north] = bounds(tailLat, headLat);
  const extent = Math.max(east - west, north - south, 1e-9);
  const side = 2 ** 15 - 1;
  for (let e = 0; e < n; e++) {
    const x = spread((((tailLon[e] + headLon[e]) / 2 - west) / extent) * side);
    const y = spread((((tailLat[e] + headLat[e]) / 2 - south) / extent) * side);
    keys[e] = (x + 2 * y) * 2 ** 22 + e; // 30 bits of place, 22 of number
  }
  keys.sort();
  const order = new Int32Array(n);
  for (let i = 0; i < n; i++) order[i] = keys[i] % 2 ** 22;
  return order;
}

/** @param {Float64Array} a @param {Float64Array} b */
function bounds(a, b) {
  let least = Infinity;
  let most = -Infinity;
  for (let i = 0; i < a.length; i++) {
    least = Math.min(least, a[i], b[i]);
    most = Math.max(most, a[i], b[i]);
  }
  return [least, most];
}

/** Puts a zero between the 15 bits of a number. @param {number} value */
function spread(value) {
  let v = value & 0x7fff;
  v = (v | (v << 8)) & 0x00ff00ff;
  v = (v | (v << 4)) & 0x0f0f0f0f;
  v = (v | (v << 2)) & 0x33333333;
  return (v | (v << 1)) & 0x55555555;
}

/** @param {Float64Array} below */
function boxesAround(below) {
  const n = below.length / 4;
  const above = new Float64Array(4 * Math.ceil(n / FAN_OUT));
  for (let k = 0; k < above.length / 4; k++) {
    let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = k * FAN_OUT; i < Math.min((k + 1) * FAN_OUT, n); i++) {
      west = Math.min(west, below[4 * i]);
      south = Math.min(south, below[4 * i + 1]);
      east = Math.max(east, below[4 * i + 2]);
      north = Math.max(north, below[4 * i + 3]);
    }
    above.set([west, south, east, north], 4 * k);
  }
  return above;
}

/**
 * The place on a straight piece that is nearest to a point, and its squared distance in metres.
 * @param {number} tailLon @param {number} tailLat @param {number} headLon @param {number} headLat
 * @param {number} lon @param {number} lat @param {number} perLon metres per degree of longitude there
 */
function nearestOn(tailLon, tailLat, headLon, headLat, lon, lat, perLon) {
  const ax = (tailLon - lon) * perLon;
  const ay = (tailLat - lat) * METRES_PER_DEGREE;
  const bx = (headLon - lon) * perLon;
  const by = (headLat - lat) * METRES_PER_DEGREE;
  const dx = bx - ax;
  const dy = by - ay;
  const squaredLength = dx * dx + dy * dy;
  const t = squaredLength > 0 ? -(ax * dx + ay * dy) / squaredLength : 0;
  // Ends are taken as they are, so that edges which share a nearest node tie exactly.
  const x = t <= 0 ? ax : t >= 1 ? bx : ax + t * dx;
  const y = t <= 0 ? ay : t >= 1 ? by : ay + t * dy;
  return { fraction: Math.min(Math.max(t, 0), 1), squaredM: x * x + y * y };
}
