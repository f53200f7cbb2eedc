"use strict";
// Paths added and closed: a footbridge, a gate, a street under repair (network/changes.py says the rules).

const JOIN_TOLERANCE_M = 5;
const ALONG_SHARE = 0.5; // of an edge's length that shows in the direction of a line which it lies along
const SAMPLES = [0, 0.25, 0.5, 0.75, 1];

/** @typedef {[number, number][]} Line longitude, latitude */
/** @typedef {{end: "start" | "end", missM: number, isJoined: boolean, at: [number, number]}} PathEnd */

/**
 * The nearest edge, islands included, the fraction along it and the distance in metres; of equally near ones the first.
 * @param {Network} network @param {EdgeTree} tree over the study's edges; what a change divides stays within their boxes
 * @param {number} lon0 @param {number} lat0
 */
function nearestEdge(network, tree, lon0, lat0) {
  const { lon, lat, tail, head } = network;
  const perLon = EARTH_RADIUS_M * Math.cos(lat0 * RADIANS);
  const best = { edge: -1, fraction: NaN, distanceM: Infinity };
  /** @param {number} e */
  const look = (e) => {
    if (network.isGone[e]) return;
    const ax = perLon * ((lon[tail[e]] - lon0) * RADIANS);
    const ay = EARTH_RADIUS_M * ((lat[tail[e]] - lat0) * RADIANS);
    const dx = perLon * ((lon[head[e]] - lon0) * RADIANS) - ax;
    const dy = EARTH_RADIUS_M * ((lat[head[e]] - lat0) * RADIANS) - ay;
    const squared = dx * dx + dy * dy;
    const fraction = squared > 0 ? Math.min(Math.max(-(ax * dx + ay * dy) / squared, 0), 1) : 0;
    const distanceM = hypotenuse(ax + fraction * dx, ay + fraction * dy);
    if (distanceM < best.distanceM || (distanceM === best.distanceM && e < best.edge)) Object.assign(best, { edge: e, fraction, distanceM });
  };
  for (let e = tree.order.length; e < network.nEdges; e++) look(e);
  tree.near(lon0, lat0, () => withSlack(best.distanceM ** 2), look);
  return best;
}

/**
 * The place of a point on its nearest edge, and whether a path's end joins it.
 * @param {Network} network @param {EdgeTree} tree @param {[number, number]} point @param {number} toleranceM
 */
function joinAt(network, tree, [lon, lat], toleranceM) {
  const { edge, fraction, distanceM } = nearestEdge(network, tree, lon, lat);
  const [t, h] = [network.tail[edge], network.head[edge]];
  /** @type {[number, number]} */
  const at = edge < 0 ? [lon, lat] : [
    network.lon[t] + fraction * (network.lon[h] - network.lon[t]),
    network.lat[t] + fraction * (network.lat[h] - network.lat[t]),
  ];
  return { edge, fraction, missM: distanceM, isJoined: distanceM <= toleranceM, at };
}

/**
 * Adds a path that joins the streets at its two ends alone; what it crosses between them it passes over.
 * @param {Network} network @param {EdgeTree} tree @param {Record<string, number>} speeds @param {Line} line @param {number} toleranceM
 */
function addPath(network, tree, speeds, line, toleranceM) {
  const draft = new Draft(network, speeds);
  /** @type {PathEnd[]} */
  const ends = [];
  const [start, end] = /** @type {const} */ (["start", "end"]).map((name) => {
    const point = name === "start" ? line[0] : line[line.length - 1];
    const { edge, fraction, missM, isJoined, at } = joinAt(draft.network, tree, point, toleranceM);
    ends.push({ end: name, missM, isJoined, at });
    if (!isJoined) return draft.addNode(...point);
    draft.joined.push(edge);
    return draft.nodeAt(edge, fraction);
  });
  const between = line.slice(1, -1).map((point) => draft.addNode(...point));
  const nodes = [start, ...between, end];
  let lengthM = 0;
  for (let k = 1; k < nodes.length; k++) if (nodes[k - 1] !== nodes[k]) lengthM += draft.addEdge(nodes[k - 1], nodes[k]);
  draft.settle();
  return { draft, ends, lengthM };
}

/**
 * Closes the streets that lie along a line; those that only cross it stay open.
 * @param {Network} network @param {EdgeTree} tree @param {Record<string, number>} speeds @param {Line} line @param {number} toleranceM
 */
function closePath(network, tree, speeds, line, toleranceM) {
  const draft = new Draft(network, speeds);
  for (const point of [line[0], line[line.length - 1]]) {
    const { edge, fraction, isJoined } = joinAt(draft.network, tree, point, toleranceM);
    if (isJoined) draft.nodeAt(edge, fraction);
  }
  const closed = edgesAlong(draft.network, line, toleranceM);
  const lengthM = closed.reduce((sum, e) => sum + (draft.network.isStreet[e] ? draft.network.lengthM[e] : 0), 0);
  const [lon, lat] = middleOf(line);
  const { distanceM } = nearestEdge(draft.network, tree, lon, lat);
  draft.close(closed);
  draft.settle();
  return { draft, nEdges: closed.length, lengthM, nearestM: distanceM };
}

/** @param {Line} line @returns {[number, number]} */
function middleOf(line) {
  const lengths = line.slice(1).map(([x, y], k) => Math.hypot(x - line[k][0], y - line[k][1]));
  let left = lengths.reduce((a, b) => a + b, 0) / 2;
  for (let k = 0; k < lengths.length; k++) {
    if (left <= lengths[k] && lengths[k] > 0) {
      const share = left / lengths[k];
      return [line[k][0] + share * (line[k + 1][0] - line[k][0]), line[k][1] + share * (line[k + 1][1] - line[k][1])];
    }
    left -= lengths[k];
  }
  return line[line.length - 1];
}

/** Edges that keep within the tolerance of a line and run its way. @param {Network} network @param {Line} line @param {number} toleranceM */
function edgesAlong(network, line, toleranceM) {
  const lon0 = line.reduce((sum, [x]) => sum + x, 0) / line.length;
  const lat0 = line.reduce((sum, [, y]) => sum + y, 0) / line.length;
  const perLon = EARTH_RADIUS_M * Math.cos(lat0 * RADIANS);
  /** @param {number} lon @param {number} lat @returns {[number, number]} */
  const plane = (lon, lat) => [perLon * ((lon - lon0) * RADIANS), EARTH_RADIUS_M * ((lat - lat0) * RADIANS)];
  const flat = line.map(([x, y]) => plane(x, y));
  const [west, east] = [Math.min(...flat.map((p) => p[0])) - toleranceM, Math.max(...flat.map((p) => p[0])) + toleranceM];
  const [south, north] = [Math.min(...flat.map((p) => p[1])) - toleranceM, Math.max(...flat.map((p) => p[1])) + toleranceM];
  const found = [];
  for (let e = 0; e < network.nEdges; e++) {
    if (network.isGone[e] || !(network.lengthM[e] > 0)) continue;
    const [ax, ay] = plane(network.lon[network.tail[e]], network.lat[network.tail[e]]);
    if (ax < west || ax > east || ay < south || ay > north) continue;
    const [bx, by] = plane(network.lon[network.head[e]], network.lat[network.head[e]]);
    if (bx < west || bx > east || by < south || by > north) continue;
    const places = SAMPLES.map((s) => locateOn(flat, ax + s * (bx - ax), ay + s * (by - ay)));
    const runsAlong = Math.abs(places[4].along - places[0].along) >= ALONG_SHARE * network.lengthM[e];
    if (runsAlong && places.every((p) => p.distance <= toleranceM)) found.push(e);
  }
  return found;
}

/** How far from a line a point lies, and how far along the line. @param {[number, number][]} line @param {number} x @param {number} y */
function locateOn(line, x, y) {
  let distance = Infinity;
  let along = 0;
  let before = 0;
  for (let k = 1; k < line.length; k++) {
    const [ax, ay] = line[k - 1];
    const dx = line[k][0] - ax;
    const dy = line[k][1] - ay;
    const squared = dx * dx + dy * dy;
    const share = squared > 0 ? Math.min(Math.max(((x - ax) * dx + (y - ay) * dy) / squared, 0), 1) : 0;
    const away = Math.hypot(x - (ax + share * dx), y - (ay + share * dy));
    const length = Math.sqrt(squared);
    if (away < distance) {
      distance = away;
      along = before + share * length;
    }
    before += length;
  }
  return { distance, along };
}
