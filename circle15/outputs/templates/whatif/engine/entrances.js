"use strict";
// Where facilities with an outline are entered, once streets have changed: gates on it, streets that cross it, else its
// side nearest a street (network/linking/entrances.py says the rules).

const APART_M = 10;
const FIRST_LOOK_M = 40;

/**
 * The outline of a facility: lines of longitude and latitude in turn.
 * @typedef {object} Outline
 * @property {Float64Array[]} parts
 * @property {boolean} isOne whether it is one line, so that places along it have an order
 * @property {Point[]} gates on it
 * @property {{west: number, south: number, east: number, north: number}} box
 */

/** @typedef {[number, number]} Point longitude, latitude */

/** @param {Pack} pack @param {Layer} layer @returns {Map<number, Outline>} by facility of the layer */
function unpackOutlines(pack, layer) {
  const lon = pack.degrees(`${layer.id}/outline_lon`);
  const lat = pack.degrees(`${layer.id}/outline_lat`);
  const part = pack.ints(`${layer.id}/outline_part`);
  /** @type {number[][]} */
  const parts = [];
  part.forEach((p, k) => (parts[p] = parts[p] || []).push(lon[k], lat[k]));
  const isOne = pack.flags(`${layer.id}/outline_is_one`);
  /** @type {Map<number, Outline>} */
  const outlines = new Map();
  pack.ints(`${layer.id}/outline_facility`).forEach((f, k) => {
    outlines.set(f, { parts: [], isOne: isOne[k] === 1, gates: [], box: { west: Infinity, south: Infinity, east: -Infinity, north: -Infinity } });
  });
  pack.ints(`${layer.id}/outline_owner`).forEach((f, p) => {
    const outline = /** @type {Outline} */ (outlines.get(f));
    outline.parts.push(Float64Array.from(parts[p]));
    for (let k = 0; k < parts[p].length; k += 2) {
      outline.box.west = Math.min(outline.box.west, parts[p][k]);
      outline.box.east = Math.max(outline.box.east, parts[p][k]);
      outline.box.south = Math.min(outline.box.south, parts[p][k + 1]);
      outline.box.north = Math.max(outline.box.north, parts[p][k + 1]);
    }
  });
  const gateLat = pack.degrees(`${layer.id}/gate_lat`);
  const gateLon = pack.degrees(`${layer.id}/gate_lon`);
  pack.ints(`${layer.id}/gate_owner`).forEach((f, k) => {
    /** @type {Outline} */ (outlines.get(f)).gates.push([gateLon[k], gateLat[k]]);
  });
  return outlines;
}

/** The entrances of facilities with an outline on changed streets. */
class Entrances {
  /** @param {World} world */
  constructor(world) {
    this.world = world;
    const { network } = world;
    /** @param {number} e */
    this.isEntered = (e) => !network.isGone[e] && !network.isIsland[e] && !network.isSpan[e];
    this.isLoose = new Set(world.loose);
  }

  /** Entered edges whose box meets another. @param {number} west @param {number} south @param {number} east @param {number} north */
  edgesIn(west, south, east, north) {
    const { lon, lat, tail, head } = this.world.network;
    /** @type {number[]} */
    const found = [];
    for (const e of this.isLoose) {
      const [t, h] = [tail[e], head[e]];
      const apart =
        Math.min(lon[t], lon[h]) > east || Math.max(lon[t], lon[h]) < west ||
        Math.min(lat[t], lat[h]) > north || Math.max(lat[t], lat[h]) < south;
      if (!apart && this.isEntered(e)) found.push(e);
    }
    this.world.study.tree.meets(west, south, east, north, (e) => {
      if (this.isEntered(e) && !this.isLoose.has(e)) found.push(e);
      return false;
    });
    return found.sort((a, b) => a - b);
  }

  /** @param {number} e @returns {[number, number, number, number]} */
  ends(e) {
    const { lon, lat, tail, head } = this.world.network;
    return [lon[tail[e]], lat[tail[e]], lon[head[e]], lat[head[e]]];
  }

  /** Points at which an edge meets an outline; of a stretch in common, its ends. @param {number} e @param {Outline} outline */
  meetings(e, outline) {
    const [ax, ay, bx, by] = this.ends(e);
    /** @type {Point[]} */
    const points = [];
    for (const xy of outline.parts) {
      for (let k = 2; k < xy.length; k += 2) points.push(...meetingsOf(ax, ay, bx, by, xy[k - 2], xy[k - 1], xy[k], xy[k + 1]));
    }
    return points;
  }

  /** @param {Outline} outline */
  crossings(outline) {
    const { west, south, east, north } = outline.box;
    return this.edgesIn(west, south, east, north).flatMap((e) => this.meetings(e, outline));
  }

  /** The side of an outline nearest a street, null where none is in reach. @param {Outline} outline @returns {{at: Point, away: number} | null} */
  nearestSide(outline) {
    const maxM = this.world.study.facts.max_access_m;
    const { west, south, east, north } = outline.box;
    const shrink = Math.cos(((south + north) / 2) * RADIANS);
    for (const reachM of [Math.min(FIRST_LOOK_M, maxM), maxM]) {
      const reach = reachM / METRES_PER_DEGREE;
      const near = this.edgesIn(west - reach / shrink, south - reach, east + reach / shrink, north + reach);
      const best = nearestAmong(near.map((e) => this.ends(e)), outline, shrink);
      if (best && (best.away <= reach || reachM === maxM)) return best;
    }
    return null;
  }

  /** The places by which an outline is entered. @param {Outline} outline @param {Point} otherwise @returns {Point[]} */
  placesOf(outline, otherwise) {
    const met = [...this.crossings(outline), ...outline.gates];
    if (met.length > 0) return thinned(met, outline);
    const side = this.nearestSide(outline);
    return [side ? side.at : otherwise];
  }
}

/**
 * Whether a change may alter where an outline is entered: it meets the outline, or comes as near as the nearest street.
 * @param {Entrances} before @param {Entrances} after @param {Outline} outline
 */
function isEnteredAnew(before, after, outline) {
  const draft = /** @type {Draft} */ (after.world.draft);
  const changed = [...draft.added, ...draft.opened, ...draft.closed].map((e) => after.ends(e));
  const maxDeg = after.world.study.facts.max_access_m / METRES_PER_DEGREE;
  const { west, south, east, north } = outline.box;
  const shrink = Math.cos(((south + north) / 2) * RADIANS);
  const near = changed.filter(
    ([ax, ay, bx, by]) =>
      Math.max(ax, bx) >= west - maxDeg / shrink && Math.min(ax, bx) <= east + maxDeg / shrink &&
      Math.max(ay, by) >= south - maxDeg && Math.min(ay, by) <= north + maxDeg,
  );
  if (near.length === 0) return false;
  const nearest = /** @type {{away: number}} */ (nearestAmong(near, outline, shrink));
  if (nearest.away === 0) return true;
  if (outline.gates.length > 0 || before.crossings(outline).length > 0) return false;
  const side = before.nearestSide(outline);
  return !side || nearest.away <= side.away;
}

/** Keeps one of points that lie close together, in their order along the outline. @param {Point[]} points @param {Outline} outline @returns {Point[]} */
function thinned(points, outline) {
  const shrink = Math.cos((points.reduce((sum, p) => sum + p[1], 0) / points.length) * RADIANS);
  const along = points.map(([x, y]) => (outline.isOne ? locateOn(pairsOf(outline.parts[0]), x, y).along : x));
  const order = points.map((_, k) => k).sort((a, b) => along[a] - along[b] || points[a][0] - points[b][0] || points[a][1] - points[b][1]);
  /** @type {Point[]} */
  const kept = [];
  for (const k of order) {
    const [x, y] = points[k];
    const looked = [...kept.slice(0, 1), ...kept.slice(-3)];
    const isApart = looked.every(([u, v]) => Math.hypot((x - u) * shrink, y - v) * METRES_PER_DEGREE > APART_M);
    if (isApart) kept.push(points[k]);
  }
  return kept;
}

/** @param {Float64Array} xy @returns {Point[]} */
const pairsOf = (xy) => Array.from({ length: xy.length / 2 }, (_, k) => [xy[2 * k], xy[2 * k + 1]]);

/**
 * Points at which two straight pieces meet.
 * @param {number} ax @param {number} ay @param {number} bx @param {number} by
 * @param {number} cx @param {number} cy @param {number} dx @param {number} dy
 * @returns {Point[]}
 */
function meetingsOf(ax, ay, bx, by, cx, cy, dx, dy) {
  if (Math.max(ax, bx) < Math.min(cx, dx) || Math.max(cx, dx) < Math.min(ax, bx)) return [];
  if (Math.max(ay, by) < Math.min(cy, dy) || Math.max(cy, dy) < Math.min(ay, by)) return [];
  const [c, d] = [sideOf(ax, ay, bx, by, cx, cy), sideOf(ax, ay, bx, by, dx, dy)];
  const [a, b] = [sideOf(cx, cy, dx, dy, ax, ay), sideOf(cx, cy, dx, dy, bx, by)];
  if (c * d > 0 || a * b > 0) return [];
  if (c * d < 0 && a * b < 0) {
    const across = (bx - ax) * (dy - cy) - (by - ay) * (dx - cx);
    const share = ((cx - ax) * (dy - cy) - (cy - ay) * (dx - cx)) / across;
    return [[ax + share * (bx - ax), ay + share * (by - ay)]];
  }
  /** @type {Point[]} */
  const touching = [];
  if (c === 0 && isBetween(ax, ay, bx, by, cx, cy)) touching.push([cx, cy]);
  if (d === 0 && isBetween(ax, ay, bx, by, dx, dy)) touching.push([dx, dy]);
  if (a === 0 && isBetween(cx, cy, dx, dy, ax, ay)) touching.push([ax, ay]);
  if (b === 0 && isBetween(cx, cy, dx, dy, bx, by)) touching.push([bx, by]);
  return touching;
}

/** @param {number} ax @param {number} ay @param {number} bx @param {number} by @param {number} x @param {number} y */
const isBetween = (ax, ay, bx, by, x, y) =>
  x >= Math.min(ax, bx) && x <= Math.max(ax, bx) && y >= Math.min(ay, by) && y <= Math.max(ay, by);

/**
 * The place of an outline nearest to any of some pieces, in degrees of latitude; of equally near pieces the first.
 * @param {[number, number, number, number][]} pieces @param {Outline} outline @param {number} shrink of a degree of longitude
 */
function nearestAmong(pieces, outline, shrink) {
  /** @type {{at: Point, away: number} | null} */
  let best = null;
  /** @param {number} x @param {number} y @param {number} away */
  const offer = (x, y, away) => {
    if (!best || away < best.away) best = { at: [x / shrink, y], away };
  };
  for (const [tailLon, ay, headLon, by] of pieces) {
    const [ax, bx] = [tailLon * shrink, headLon * shrink];
    for (const xy of outline.parts) {
      for (let k = 2; k < xy.length; k += 2) {
        const [cx, cy, dx, dy] = [xy[k - 2] * shrink, xy[k - 1], xy[k] * shrink, xy[k + 1]];
        const met = meetingsOf(tailLon, ay, headLon, by, xy[k - 2], xy[k - 1], xy[k], xy[k + 1]);
        if (met.length > 0) offer(met[0][0] * shrink, met[0][1], 0);
        const [a, b] = [footOn(cx, cy, dx, dy, ax, ay), footOn(cx, cy, dx, dy, bx, by)];
        offer(a.x, a.y, a.away);
        offer(b.x, b.y, b.away);
        offer(cx, cy, footOn(ax, ay, bx, by, cx, cy).away);
        offer(dx, dy, footOn(ax, ay, bx, by, dx, dy).away);
      }
    }
  }
  return /** @type {{at: Point, away: number} | null} */ (best);
}

/** The place of a piece nearest to a point. @param {number} ax @param {number} ay @param {number} bx @param {number} by @param {number} x @param {number} y */
function footOn(ax, ay, bx, by, x, y) {
  const [dx, dy] = [bx - ax, by - ay];
  const squared = dx * dx + dy * dy;
  const share = squared > 0 ? ((x - ax) * dx + (y - ay) * dy) / squared : 0;
  const at = share <= 0 ? { x: ax, y: ay } : share >= 1 ? { x: bx, y: by } : { x: ax + share * dx, y: ay + share * dy };
  return { ...at, away: Math.hypot(at.x - x, at.y - y) };
}
