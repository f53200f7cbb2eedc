"use strict";
// Places on edges in one profile's milliseconds, seen from the ends of their chain.

const INSIDE_NODE = -2; // stands before every place inside the slot that begins at the node

/** Places of several points, column by column; times leave the access leg out. */
class Places {
  /** @param {number} n */
  constructor(n) {
    this.n = n;
    this.access = new Float64Array(n);
    /** Where the place is a junction; else -1. */
    this.junction = new Int32Array(n).fill(-1);
    /** Where it is inside a chain; else -1. A point that is on no street has neither. */
    this.chain = new Int32Array(n).fill(-1);
    this.slot = new Int32Array(n).fill(-1);
    /** Ascends from left to right in a slot, free of rounding. */
    this.order = new Float64Array(n);
    this.fromLeft = new Float64Array(n).fill(Infinity);
    this.fromRight = new Float64Array(n).fill(Infinity);
    this.toLeft = new Float64Array(n).fill(Infinity);
    this.toRight = new Float64Array(n).fill(Infinity);
  }

  /** The same places, to be changed. @returns {Places} */
  copy() {
    const copied = Object.assign(Object.create(Places.prototype), this);
    for (const name of ["access", "junction", "chain", "slot", "order", "fromLeft", "fromRight", "toLeft", "toRight"]) {
      copied[name] = copied[name].slice();
    }
    return copied;
  }

  /** Takes a point off the streets. @param {number} i */
  clear(i) {
    this.junction[i] = this.chain[i] = this.slot[i] = -1;
    this.order[i] = this.access[i] = 0;
    this.fromLeft[i] = this.fromRight[i] = this.toLeft[i] = this.toRight[i] = Infinity;
  }

  /** @param {number} i */
  isLinked(i) {
    return this.junction[i] >= 0 || this.chain[i] >= 0;
  }

  /**
   * @param {number} i @param {Graph} graph @param {Streets} streets
   * @param {number} edge -1: on no street @param {number} fraction from the edge's tail @param {number} accessMs
   */
  set(i, graph, streets, edge, fraction, accessMs) {
    if (edge < 0) return;
    this.access[i] = accessMs;
    if (fraction === 0) this.setNode(i, graph, streets.tail[edge]);
    else if (fraction === 1) this.setNode(i, graph, streets.head[edge]);
    else this.setInSlot(i, graph, edge, fraction);
  }

  /** A node is reached and left in no time, whatever its edges allow. @param {number} i @param {Graph} graph @param {number} node */
  setNode(i, graph, node) {
    const { chains } = graph;
    this.junction[i] = chains.junctionOf[node];
    if (this.junction[i] >= 0) return;
    const slot = chains.innerSlotOf[node];
    if (slot < 0) return;
    this.slot[i] = slot;
    this.chain[i] = chains.chainOf[slot];
    this.order[i] = INSIDE_NODE;
    this.setAhead(i, graph, graph.aheadBefore[slot]);
    this.setBehind(i, graph, graph.behindBefore[slot]);
  }

  /** @param {number} i @param {Graph} graph @param {number} edge @param {number} fraction */
  setInSlot(i, graph, edge, fraction) {
    const { chains, ahead, behind } = graph;
    const slot = chains.slotOf[edge];
    const turned = chains.isTurned[slot];
    this.slot[i] = slot;
    this.chain[i] = chains.chainOf[slot];
    this.order[i] = turned ? -fraction : fraction;
    // Rounding is half up from the edge's tail, whichever way the chain runs.
    if (ahead[slot] !== Infinity) {
      const offset = halfUp(fraction * ahead[slot]);
      this.setAhead(i, graph, graph.aheadBefore[slot] + (turned ? ahead[slot] - offset : offset));
    }
    if (behind[slot] !== Infinity) {
      const offset = halfUp(fraction * behind[slot]);
      this.setBehind(i, graph, graph.behindBefore[slot] + (turned ? behind[slot] - offset : offset));
    }
  }

  /** @param {number} i @param {Graph} graph @param {number} fromLeft */
  setAhead(i, graph, fromLeft) {
    this.fromLeft[i] = fromLeft;
    this.toRight[i] = graph.chainAhead[this.chain[i]] - fromLeft;
  }

  /** @param {number} i @param {Graph} graph @param {number} toLeft */
  setBehind(i, graph, toLeft) {
    this.toLeft[i] = toLeft;
    this.fromRight[i] = graph.chainBehind[this.chain[i]] - toLeft;
  }
}

/**
 * Straight along the chain from place i to place k of another list; Infinity where they share none or may not.
 * @param {Places} from @param {number} i @param {Places} to @param {number} k
 */
function alongChain(from, i, to, k) {
  if (from.chain[i] < 0 || from.chain[i] !== to.chain[k]) return Infinity;
  if (from.slot[i] === to.slot[k] && from.order[i] === to.order[k]) return 0;
  if (from.slot[i] < to.slot[k] || (from.slot[i] === to.slot[k] && from.order[i] < to.order[k])) {
    return from.toRight[i] === Infinity ? Infinity : to.fromLeft[k] - from.fromLeft[i];
  }
  return from.toLeft[i] === Infinity ? Infinity : from.toLeft[i] - to.toLeft[k];
}

/** Which places lie in each chain and at each junction. */
class PlaceIndex {
  /** @param {Chains} chains @param {Places} places */
  constructor(chains, places) {
    this.nChains = chains.nChains;
    this.first = new Int32Array(chains.nChains + chains.nJunctions + 1);
    /** @param {number} i */
    const row = (i) => (places.junction[i] >= 0 ? this.nChains + places.junction[i] : places.chain[i]);
    for (let i = 0; i < places.n; i++) if (places.isLinked(i)) this.first[row(i) + 1]++;
    for (let r = 0; r + 1 < this.first.length; r++) this.first[r + 1] += this.first[r];
    this.place = new Int32Array(this.first[this.first.length - 1]);
    const next = this.first.slice();
    for (let i = 0; i < places.n; i++) if (places.isLinked(i)) this.place[next[row(i)]++] = i;
  }

  /** @param {number} chain */
  inChain(chain) {
    return this.place.subarray(this.first[chain], this.first[chain + 1]);
  }

  /** @param {number} junction */
  atJunction(junction) {
    return this.inChain(this.nChains + junction);
  }
}
