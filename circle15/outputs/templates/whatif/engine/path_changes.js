"use strict";
// Paths added and closed: a footbridge, a gate, a street under repair (network/changes.py says the rules).

const JOIN_TOLERANCE_M = 5;
const SAME_PLACE_M = 0.1;
const ALONG_SHARE = 0.5; // of an edge's length that shows in the direction of a line which it lies along
const SAMPLES = [0, 0.25, 0.5, 0.75, 1];

/** @typedef {[number, number][]} Line longitude, latitude */
/** @typedef {{end: "start" | "end", missM: number, isJoined: boolean, at: [number, number]}} PathEnd */

/** A network while it changes; the one that it starts from stays as it is. */
class Draft {
  /** @param {Network} network @param {Record<string, number>} speeds by profile */
  constructor(network, speeds) {
    this.speeds = speeds;
    const more = 64;
    /** @type {Network} */
    this.network = {
      ...network,
      lon: extended(network.lon, more),
      lat: extended(network.lat, more),
      depth: extended(network.depth, more),
      tail: extended(network.tail, more),
      head: extended(network.head, more),
      lengthM: extended(network.lengthM, more),
      isIsland: extended(network.isIsland, more),
      isSpan: extended(network.isSpan, more),
      isStreet: extended(network.isStreet, more),
      isGone: extended(network.isGone, more),
      times: Object.fromEntries(
        Object.entries(network.times).map(([name, { forward, backward }]) => [
          name,
          { forward: extended(forward, more), backward: extended(backward, more) },
        ]),
      ),
    };
    this.nOldNodes = network.nNodes;
    /** Edges that this change added, not divided off another. @type {number[]} */
    this.added = [];
    /** Edges that were divided: they end at a new node. @type {number[]} */
    this.divided = [];
    /** @type {number[]} */
    this.rests = [];
    /** @type {number[]} */
    this.closed = [];
    /** Edges that were an island's and are none any more. @type {number[]} */
    this.opened = [];
  }

  /** @param {number} lon @param {number} lat */
  addNode(lon, lat) {
    const { network } = this;
    this.makeRoom();
    network.lon[network.nNodes] = lon;
    network.lat[network.nNodes] = lat;
    network.depth[network.nNodes] = 0;
    return network.nNodes++;
  }

  makeRoom() {
    const { network } = this;
    if (network.nNodes < network.lon.length && network.nEdges < network.tail.length) return;
    /** @type {Record<string, any>} */
    const columns = network;
    for (const name of ["lon", "lat", "depth", "tail", "head", "lengthM", "isIsland", "isSpan", "isStreet", "isGone"]) {
      columns[name] = extended(columns[name], columns[name].length);
    }
    for (const name of Object.keys(network.times)) {
      const { forward, backward } = network.times[name];
      network.times[name] = { forward: extended(forward, forward.length), backward: extended(backward, backward.length) };
    }
  }

  /** @param {number} tail @param {number} head @param {number} lengthM */
  appendEdge(tail, head, lengthM) {
    const { network } = this;
    this.makeRoom();
    const e = network.nEdges++;
    network.tail[e] = tail;
    network.head[e] = head;
    network.lengthM[e] = lengthM;
    network.isGone[e] = 0;
    network.isSpan[e] = 0;
    network.isStreet[e] = 1;
    network.isIsland[e] = 0;
    return e;
  }

  /** A level edge that everyone may walk both ways. @param {number} u @param {number} v */
  addEdge(u, v) {
    const { network } = this;
    const lengthM = haversineM(network.lon[u], network.lat[u], network.lon[v], network.lat[v]);
    const e = this.appendEdge(u, v, lengthM);
    network.isIsland[e] = 1; // until it is seen what it joins
    for (const [name, times] of Object.entries(network.times)) {
      times.forward[e] = times.backward[e] = metresToMs(lengthM, this.speeds[name]);
    }
    this.added.push(e);
    return lengthM;
  }

  /** The node at a place on an edge, which is divided where there is none. @param {number} e @param {number} fraction */
  nodeAt(e, fraction) {
    const { network } = this;
    const lengthM = network.lengthM[e];
    const tail = network.tail[e];
    const head = network.head[e];
    if (fraction * lengthM <= SAME_PLACE_M) return tail;
    if ((1 - fraction) * lengthM <= SAME_PLACE_M) return head;
    const { lon, lat } = network;
    const node = this.addNode(lon[tail] + fraction * (lon[head] - lon[tail]), lat[tail] + fraction * (lat[head] - lat[tail]));
    const rest = this.appendEdge(node, head, (1 - fraction) * lengthM);
    for (const name of /** @type {const} */ (["isIsland", "isSpan", "isStreet"])) {
      this.network[name][rest] = this.network[name][e];
    }
    for (const times of Object.values(this.network.times)) {
      for (const side of [times.forward, times.backward]) {
        const whole = side[e];
        const first = whole === Infinity ? Infinity : halfUp(fraction * whole); // as for a place: both parts add up
        side[rest] = whole === Infinity ? Infinity : whole - first;
        side[e] = first;
      }
    }
    this.network.head[e] = node;
    this.network.lengthM[e] = fraction * lengthM;
    if (this.added.includes(e)) this.added.push(rest);
    this.divided.push(e);
    this.rests.push(rest);
    return node;
  }

  /** Takes edges out. @param {number[]} edges */
  close(edges) {
    for (const e of edges) this.network.isGone[e] = 1;
    this.closed.push(...edges);
  }

  /** Settles what the change means for islands and private gates. */
  settle() {
    const { network } = this;
    this.settleDepth();
    if (this.added.length === 0) return;
    const component = components(network, true);
    const isNew = new Uint8Array(network.nEdges);
    for (const e of this.added) isNew[e] = 1;
    const hasRest = new Uint8Array(network.nNodes);
    const isTouched = new Uint8Array(network.nNodes);
    for (let e = 0; e < network.nEdges; e++) {
      if (network.isGone[e]) continue;
      const of = component[network.tail[e]];
      if (isNew[e]) isTouched[of] = 1;
      else if (!network.isIsland[e]) hasRest[of] = 1;
    }
    for (let e = 0; e < network.nEdges; e++) {
      const of = component[network.tail[e]];
      if (network.isGone[e] || !isTouched[of]) continue;
      const isIsland = hasRest[of] ? 0 : 1;
      if (network.isIsland[e] && !isIsland) this.opened.push(e);
      network.isIsland[e] = isIsland;
    }
  }

  /** What a new edge joins is as public as the most public street of it. */
  settleDepth() {
    const { network } = this;
    if (network.links.length === 0) return;
    const component = components(network, false);
    const least = new Int32Array(network.nNodes).fill(127);
    for (let v = 0; v < this.nOldNodes; v++) least[component[v]] = Math.min(least[component[v]], network.depth[v]);
    for (let v = 0; v < network.nNodes; v++) network.depth[v] = least[component[v]] === 127 ? 0 : least[component[v]];
    const kept = [];
    for (let k = 0; k < network.links.length; k += 2) {
      const [u, v] = [network.links[k], network.links[k + 1]];
      if (network.depth[u] > 0 || network.depth[v] > 0) kept.push(u, v);
    }
    network.links = Int32Array.from(kept);
  }
}

/**
 * @template {Float64Array | Int32Array | Uint8Array} T
 * @param {T} values @param {number} more
 * @returns {T}
 */
function extended(values, more) {
  const longer = new /** @type {any} */ (values.constructor)(values.length + more);
  longer.set(values);
  return longer;
}

/**
 * The nearest edge, islands included, the fraction along it and the distance in metres; of equally near ones the first.
 * @param {Network} network @param {number} lon0 @param {number} lat0
 */
function nearestEdge(network, lon0, lat0) {
  const { lon, lat, tail, head } = network;
  const perLon = EARTH_RADIUS_M * Math.cos(lat0 * RADIANS);
  let edge = -1;
  let along = NaN;
  let nearest = Infinity;
  for (let e = 0; e < network.nEdges; e++) {
    if (network.isGone[e]) continue;
    const t = tail[e];
    const h = head[e];
    const ax = perLon * ((lon[t] - lon0) * RADIANS);
    const ay = EARTH_RADIUS_M * ((lat[t] - lat0) * RADIANS);
    const dx = perLon * ((lon[h] - lon0) * RADIANS) - ax;
    const dy = EARTH_RADIUS_M * ((lat[h] - lat0) * RADIANS) - ay;
    const squared = dx * dx + dy * dy;
    const fraction = squared > 0 ? Math.min(Math.max(-(ax * dx + ay * dy) / squared, 0), 1) : 0;
    const x = ax + fraction * dx;
    const y = ay + fraction * dy;
    if (Math.abs(x) > nearest || Math.abs(y) > nearest) continue;
    const distance = hypotenuse(x, y);
    if (distance < nearest) {
      edge = e;
      along = fraction;
      nearest = distance;
    }
  }
  return { edge, fraction: along, distanceM: nearest };
}

/**
 * The place of a point on its nearest edge, and whether a path's end joins it.
 * @param {Network} network @param {[number, number]} point @param {number} toleranceM
 */
function joinAt(network, [lon, lat], toleranceM) {
  const { edge, fraction, distanceM } = nearestEdge(network, lon, lat);
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
 * @param {Network} network @param {Record<string, number>} speeds @param {Line} line @param {number} toleranceM
 */
function addPath(network, speeds, line, toleranceM) {
  const draft = new Draft(network, speeds);
  /** @type {PathEnd[]} */
  const ends = [];
  const [start, end] = /** @type {const} */ (["start", "end"]).map((name) => {
    const point = name === "start" ? line[0] : line[line.length - 1];
    const { edge, fraction, missM, isJoined, at } = joinAt(draft.network, point, toleranceM);
    ends.push({ end: name, missM, isJoined, at });
    return isJoined ? draft.nodeAt(edge, fraction) : draft.addNode(...point);
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
 * @param {Network} network @param {Record<string, number>} speeds @param {Line} line @param {number} toleranceM
 */
function closePath(network, speeds, line, toleranceM) {
  const draft = new Draft(network, speeds);
  for (const point of [line[0], line[line.length - 1]]) {
    const { edge, fraction, isJoined } = joinAt(draft.network, point, toleranceM);
    if (isJoined) draft.nodeAt(edge, fraction);
  }
  const closed = edgesAlong(draft.network, line, toleranceM);
  const lengthM = closed.reduce((sum, e) => sum + (draft.network.isStreet[e] ? draft.network.lengthM[e] : 0), 0);
  const [lon, lat] = middleOf(line);
  const { distanceM } = nearestEdge(draft.network, lon, lat);
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
