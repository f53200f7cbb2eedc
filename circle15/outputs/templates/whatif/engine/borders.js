"use strict";
// Hard borders: rivers, railways, expressways, walls, which no straight access leg may cross.

class Borders {
  /** @param {Pieces} pieces */
  constructor(pieces) {
    this.pieces = pieces;
    this.tree = new EdgeTree(pieces);
  }

  get isEmpty() {
    return this.pieces.tailLon.length === 0;
  }

  /** Tells whether a straight leg crosses a border. @param {number} lon1 @param {number} lat1 @param {number} lon2 @param {number} lat2 */
  isCrossed(lon1, lat1, lon2, lat2) {
    const { tailLon, tailLat, headLon, headLat } = this.pieces;
    return this.tree.meets(
      Math.min(lon1, lon2),
      Math.min(lat1, lat2),
      Math.max(lon1, lon2),
      Math.max(lat1, lat2),
      (b) => {
        const [ax, ay, bx, by] = [tailLon[b], tailLat[b], headLon[b], headLat[b]];
        // The end of a piece counts as inside of it, lest a leg slip through where two join.
        const ends = sideOf(lon1, lat1, lon2, lat2, ax, ay) * sideOf(lon1, lat1, lon2, lat2, bx, by);
        return ends <= 0 && sideOf(ax, ay, bx, by, lon1, lat1) * sideOf(ax, ay, bx, by, lon2, lat2) < 0;
      },
    );
  }
}

/**
 * On which side of a to b the point c lies: 1, -1, or 0 on the line. Where rounding of the products could turn the
 * sign, their exact remainders decide.
 * @param {number} ax @param {number} ay @param {number} bx @param {number} by @param {number} cx @param {number} cy
 */
function sideOf(ax, ay, bx, by, cx, cy) {
  const left = (bx - ax) * (cy - ay);
  const right = (by - ay) * (cx - ax);
  const difference = left - right;
  if (Math.abs(difference) > 1e-15 * (Math.abs(left) + Math.abs(right))) return Math.sign(difference);
  return Math.sign(difference + (remainder(bx - ax, cy - ay, left) - remainder(by - ay, cx - ax, right)));
}

/** What rounding took from a product (Dekker 1971). @param {number} a @param {number} b @param {number} product */
function remainder(a, b, product) {
  const [aHigh, aLow] = halves(a);
  const [bHigh, bLow] = halves(b);
  return aHigh * bHigh - product + aHigh * bLow + aLow * bHigh + aLow * bLow;
}

/** @param {number} a */
function halves(a) {
  const shifted = 134217729 * a;
  const high = shifted - (shifted - a);
  return [high, a - high];
}
