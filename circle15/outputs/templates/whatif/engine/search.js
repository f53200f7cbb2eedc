"use strict";
// Walking times of junctions up to a cutoff, and from them those of origins.

const NARROWEST_BUCKET = 12; // 4 s: a few street edges
const MOST_BUCKETS = 1024;

class Search {
  /** @param {Graph} graph */
  constructor(graph) {
    this.graph = graph;
    this.time = new Float64Array(graph.chains.nJunctions).fill(Infinity);
    this.reached = new Int32Array(graph.chains.nJunctions);
    this.nReached = 0;
    this.cutoff = 0;
    /** Buckets of junction and time in turn. @type {number[][]} */
    this.buckets = [];
    this.shift = NARROWEST_BUCKET;
    this.stamp = 0;
    this.seenChain = new Int32Array(graph.chains.nChains);
  }

  /** @param {number} cutoff */
  start(cutoff) {
    for (let k = 0; k < this.nReached; k++) this.time[this.reached[k]] = Infinity;
    this.nReached = 0;
    this.cutoff = cutoff;
    this.shift = NARROWEST_BUCKET;
    while (cutoff / 2 ** this.shift >= MOST_BUCKETS) this.shift++;
    while (this.buckets.length <= cutoff / 2 ** this.shift) this.buckets.push([]);
  }

  /** @param {number} junction @param {number} time */
  offer(junction, time) {
    if (!(time <= this.cutoff && time < this.time[junction])) return;
    if (this.time[junction] === Infinity) this.reached[this.nReached++] = junction;
    this.time[junction] = time;
    this.buckets[time >>> this.shift].push(junction, time);
  }

  /** Offers a place's ends, for walks to it. @param {Places} places @param {number} i */
  offerGoal(places, i) {
    const { left, right } = this.graph.chains;
    if (places.junction[i] >= 0) this.offer(places.junction[i], places.access[i]);
    else if (places.chain[i] >= 0) {
      this.offer(left[places.chain[i]], places.fromLeft[i] + places.access[i]);
      this.offer(right[places.chain[i]], places.fromRight[i] + places.access[i]);
    }
  }

  /** Offers a place's ends, for walks from it. @param {Places} places @param {number} i */
  offerStart(places, i) {
    const { left, right } = this.graph.chains;
    if (places.junction[i] >= 0) this.offer(places.junction[i], places.access[i]);
    else if (places.chain[i] >= 0) {
      this.offer(left[places.chain[i]], places.access[i] + places.toLeft[i]);
      this.offer(right[places.chain[i]], places.access[i] + places.toRight[i]);
    }
  }

  /** @param {Arcs} arcs `graph.in` for walks to what was offered, `graph.out` for walks from it */
  settle({ first, head, ms }) {
    for (let b = 0; b < this.buckets.length; b++) {
      const bucket = this.buckets[b];
      while (bucket.length > 0) {
        const time = /** @type {number} */ (bucket.pop());
        const junction = /** @type {number} */ (bucket.pop());
        if (time !== this.time[junction]) continue;
        for (let a = first[junction]; a < first[junction + 1]; a++) this.offer(head[a], time + ms[a]);
      }
    }
  }

  /** Walks to goals from everywhere. @param {Places} goals @param {number} cutoff @param {ArrayLike<number>} [rows] */
  towards(goals, cutoff, rows) {
    this.start(cutoff);
    if (rows) for (let k = 0; k < rows.length; k++) this.offerGoal(goals, rows[k]);
    else for (let i = 0; i < goals.n; i++) this.offerGoal(goals, i);
    this.settle(this.graph.in);
  }

  /** The walk from an origin to the nearest of the goals, but for straight ways along one chain. @param {Places} origins @param {number} i */
  timeFrom(origins, i) {
    const { left, right } = this.graph.chains;
    const chain = origins.chain[i];
    if (origins.junction[i] >= 0) return this.time[origins.junction[i]] + origins.access[i];
    if (chain < 0) return Infinity;
    return Math.min(this.time[left[chain]] + origins.toLeft[i], this.time[right[chain]] + origins.toRight[i]) + origins.access[i];
  }

  /**
   * Calls `visit(chain)` once for every chain that a walk may end in: those at reached junctions, and `own` ones.
   * @param {ArrayLike<number>} own @param {(chain: number) => void} visit
   */
  forEachChain(own, visit) {
    const { firstAt, chainsAt } = this.graph.chains;
    const stamp = ++this.stamp;
    for (let k = 0; k < this.nReached; k++) {
      const junction = this.reached[k];
      for (let a = firstAt[junction]; a < firstAt[junction + 1]; a++) {
        if (this.seenChain[chainsAt[a]] === stamp) continue;
        this.seenChain[chainsAt[a]] = stamp;
        visit(chainsAt[a]);
      }
    }
    for (let k = 0; k < own.length; k++) {
      if (own[k] < 0 || this.seenChain[own[k]] === stamp) continue;
      this.seenChain[own[k]] = stamp;
      visit(own[k]);
    }
  }
}

/**
 * Milliseconds from every origin to the nearest goal, Infinity beyond the cutoff.
 * @param {Graph} graph @param {Places} origins @param {Places} goals @param {number} cutoff
 */
function nearestTimes(graph, origins, goals, cutoff) {
  const { search } = graph;
  search.towards(goals, cutoff);
  const inChain = new PlaceIndex(graph.chains, goals);
  const times = new Float64Array(origins.n);
  for (let i = 0; i < origins.n; i++) {
    let time = search.timeFrom(origins, i);
    const chain = origins.chain[i];
    if (chain >= 0) {
      for (let at = inChain.first[chain]; at < inChain.first[chain + 1]; at++) {
        const k = inChain.place[at];
        time = Math.min(time, alongChain(origins, i, goals, k) + origins.access[i] + goals.access[k]);
      }
    }
    times[i] = time <= cutoff ? time : Infinity;
  }
  return times;
}

/** Origins within a cutoff of one facility. @typedef {{origin: Int32Array, ms: Float64Array}} Column */

/**
 * The origins from which a facility, reached at the nearest of its places, is within the cutoff.
 * @param {Graph} graph @param {Places} origins @param {PlaceIndex} index of the origins
 * @param {Places} goals @param {ArrayLike<number>} rows the facility's places among the goals @param {number} cutoff
 * @returns {Column}
 */
function columnOf(graph, origins, index, goals, rows, cutoff) {
  const { search } = graph;
  search.towards(goals, cutoff, rows);
  /** @type {number[]} */
  const origin = [];
  /** @type {number[]} */
  const ms = [];
  /** @param {number} i @param {number} time */
  const take = (i, time) => {
    if (time > cutoff) return;
    origin.push(i);
    ms.push(time);
  };
  for (let k = 0; k < search.nReached; k++) {
    for (const i of index.atJunction(search.reached[k])) take(i, search.timeFrom(origins, i));
  }
  const own = Array.from(rows, (k) => goals.chain[k]);
  search.forEachChain(own, (chain) => {
    const isOwn = own.includes(chain);
    for (const i of index.inChain(chain)) {
      let time = search.timeFrom(origins, i);
      if (isOwn) {
        for (const k of Array.from(rows)) {
          time = Math.min(time, alongChain(origins, i, goals, k) + origins.access[i] + goals.access[k]);
        }
      }
      take(i, time);
    }
  });
  return { origin: Int32Array.from(origin), ms: Float64Array.from(ms) };
}
