"use strict";
// The best place near here: of the streets' corners around, then step by step uphill.

const NEAR_M = 300;
const MOST_CORNERS = 300;
const STEPS_M = [40, 20, 10];
const COMPASS = [[1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1]];

/** @typedef {ReturnType<Drag["step"]>} Step */

/**
 * The place within `NEAR_M` metres that newly covers most people, of equals the one that closes most of the gap, then the
 * nearest: a local optimum, not a proof.
 * @param {Drag} drag @param {{lon: number, lat: number}} here
 */
function bestPlaceNear(drag, here) {
  const perLon = METRES_PER_DEGREE * Math.cos(here.lat * RADIANS);
  /** @param {number} lon @param {number} lat */
  const away = (lon, lat) => Math.hypot((lon - here.lon) * perLon, (lat - here.lat) * METRES_PER_DEGREE);
  let best = drag.step(here);
  let tried = 1;
  /** @param {number} lon @param {number} lat */
  const look = (lon, lat) => {
    if (away(lon, lat) > NEAR_M) return false;
    tried++;
    const step = drag.step({ lon, lat });
    if (!step.ok || !isBetter(step, best, away)) return false;
    best = step;
    return true;
  };
  for (const [lon, lat] of cornersNear(drag.basket.walker.world.network, here, away)) look(lon, lat);
  for (const metres of STEPS_M) {
    for (let moved = true; moved; ) {
      const { lon, lat } = best;
      const around = COMPASS.map(([x, y]) => look(lon + (x * metres) / perLon, lat + (y * metres) / METRES_PER_DEGREE));
      moved = around.includes(true);
    }
  }
  return { lon: best.lon, lat: best.lat, step: best, tried };
}

/** @param {Step} a @param {Step} b @param {(lon: number, lat: number) => number} away */
function isBetter(a, b, away) {
  if (a.ok !== b.ok) return a.ok;
  if (Math.abs(a.covered_gain - b.covered_gain) > 1e-9) return a.covered_gain > b.covered_gain;
  const [gapA, gapB] = [a.gap_closed || 0, b.gap_closed || 0];
  if (Math.abs(gapA - gapB) > 1e-9) return gapA > gapB;
  return away(a.lon, a.lat) < away(b.lon, b.lat) - 1e-6;
}

/** Nodes of streets within reach, thinned evenly where they are many. @param {Network} network @param {{lon: number, lat: number}} here @param {(lon: number, lat: number) => number} away @returns {[number, number][]} */
function cornersNear(network, here, away) {
  const isCorner = new Uint8Array(network.nNodes);
  for (let e = 0; e < network.nEdges; e++) {
    if (network.isGone[e] || network.isIsland[e] || network.isSpan[e]) continue;
    isCorner[network.tail[e]] = isCorner[network.head[e]] = 1;
  }
  /** @type {[number, number][]} */
  const corners = [];
  for (let v = 0; v < network.nNodes; v++) {
    if (isCorner[v] && away(network.lon[v], network.lat[v]) <= NEAR_M) corners.push([network.lon[v], network.lat[v]]);
  }
  const every = Math.max(1, Math.ceil(corners.length / MOST_CORNERS));
  return corners.filter((_, k) => k % every === 0);
}
