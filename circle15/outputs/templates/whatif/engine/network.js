"use strict";
// The walking network, edge by edge as a run reads it: what changes are made to and places are found on.

/**
 * Indices of nodes and edges are those of the study's network; what a change adds stands behind them. An edge that a
 * change took out keeps its number and is `gone`. Times are milliseconds, Infinity where the profile may not walk.
 * @typedef {object} Network
 * @property {number} nNodes
 * @property {number} nEdges
 * @property {Float64Array} lon of nodes
 * @property {Float64Array} lat
 * @property {Int32Array} tail
 * @property {Int32Array} head
 * @property {Float64Array} lengthM
 * @property {Uint8Array} isIsland
 * @property {Uint8Array} isSpan
 * @property {Uint8Array} isStreet
 * @property {Uint8Array} isGone
 * @property {Int32Array} depth of nodes: private gates before them
 * @property {Int32Array} links pairs of nodes that a private gate joins
 * @property {Record<string, Times>} times by profile
 */

/** @typedef {{forward: Float64Array, backward: Float64Array}} Times of edges, from tail to head and back */

/** @param {Pack} pack @returns {Network} */
function unpackNetwork(pack) {
  const lon = pack.degrees("node_lon");
  const lat = pack.degrees("node_lat");
  const tail = pack.ints("tail");
  const head = pack.ints("head");
  // Nodes are numbered as edges meet them: most edges go on where the one before ends, and lead to a new node.
  for (let e = 0, last = -1, nMet = 0; e < tail.length; e++) {
    tail[e] = tail[e] === 0 ? last : nMet - tail[e] + 1;
    nMet = Math.max(nMet, tail[e] + 1);
    head[e] = nMet - head[e];
    nMet = Math.max(nMet, head[e] + 1);
    last = head[e];
  }
  const lengthM = new Float64Array(tail.length);
  for (let e = 0; e < tail.length; e++) lengthM[e] = haversineM(lon[tail[e]], lat[tail[e]], lon[head[e]], lat[head[e]]);
  const stated = pack.doubles("length_m");
  pack.whole("length_at").forEach((e, k) => (lengthM[e] = stated[k]));
  /** @type {Record<string, Times>} */
  const times = {};
  for (const { name, speed_m_s: speed } of pack.facts.profiles) {
    const forward = unpackTimes(pack, `${name}/forward`, lengthM.map((m) => metresToMs(m, speed)));
    times[name] = { forward, backward: unpackTimes(pack, `${name}/backward`, forward) };
  }
  return {
    nNodes: lon.length,
    nEdges: tail.length,
    lon,
    lat,
    tail,
    head,
    lengthM,
    isIsland: pack.flags("is_island"),
    isSpan: pack.flags("is_span"),
    isStreet: pack.flags("is_street"),
    isGone: new Uint8Array(tail.length),
    depth: pack.ints("depth"),
    links: pack.ints("links"),
    times,
  };
}

/** @param {Pack} pack @param {string} name @param {Float64Array} usual */
function unpackTimes(pack, name, usual) {
  const more = pack.whole(name);
  const isBarred = pack.flags(`${name}_barred`);
  const times = usual.map((ms, e) => (isBarred[e] ? Infinity : ms + more[e]));
  const alone = pack.whole(`${name}_alone`);
  pack.whole(`${name}_at`).forEach((e, k) => (times[e] = alone[k]));
  return times;
}
