"use strict";
// A network while it changes, edge by edge.

const SAME_PLACE_M = 0.1; // a join this near to a node is that node

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
    this.nOldEdges = network.nEdges;
    /** Edges that this change added, not divided off another. @type {number[]} */
    this.added = [];
    /** Edges that were divided: they end at a new node. @type {number[]} */
    this.divided = [];
    /** @type {number[]} */
    this.rests = [];
    /** @type {number[]} */
    this.closed = [];
    /** Whether the change is all among public streets, and leaves private ones as they are. */
    this.isPublic = true;
    /** Edges that a path's ends join. @type {number[]} */
    this.joined = [];
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
    const edges = [...this.divided, ...this.rests, ...this.closed, ...this.added];
    this.isPublic = edges.every((e) => network.depth[network.tail[e]] === 0 && network.depth[network.head[e]] === 0);
    if (!this.isPublic) this.settleDepth();
    if (this.added.length === 0) return;
    const isNew = new Set(this.added);
    if (this.joined.every((e) => !network.isIsland[e] && !isNew.has(e))) {
      for (const e of this.added) network.isIsland[e] = 0; // joined to the streets at either end, or at one alone
      return;
    }
    this.settleIslands();
  }

  settleIslands() {
    const { network } = this;
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
