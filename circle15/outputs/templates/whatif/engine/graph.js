"use strict";
// One profile's times on the chains, and the arcs between junctions.

class Graph {
  /**
   * @param {Chains} chains @param {Times} times of the edges that the chains run through
   * @param {Graph | null} before the graph of the chains that these were relaid from
   */
  constructor(chains, times, before = null) {
    /** @type {Chains} */
    this.chains = chains;
    const nSlots = chains.edgeOf.length;
    /** @param {(graph: Graph) => Float64Array} of @param {number} n */
    const grown = (of, n) => (before ? extended(of(before), n - of(before).length) : new Float64Array(n));
    /** Times along each slot, left to right, and back. */
    this.ahead = grown((g) => g.ahead, nSlots);
    this.behind = grown((g) => g.behind, nSlots);
    /** Sums of those from the chain's left end to the slot. */
    this.aheadBefore = grown((g) => g.aheadBefore, nSlots);
    this.behindBefore = grown((g) => g.behindBefore, nSlots);
    this.chainAhead = grown((g) => g.chainAhead, chains.nChains);
    this.chainBehind = grown((g) => g.chainBehind, chains.nChains);
    for (let c = before ? before.chains.nChains : 0; c < chains.nChains; c++) this.layTimes(c, times);
    for (let c = 0; c < chains.nChains; c++) if (chains.isDissolved[c]) this.chainAhead[c] = this.chainBehind[c] = Infinity;
    this.isSymmetric = isSame(this.chainAhead, this.chainBehind);
    this.out = arcsAlong(chains, this.chainAhead, this.chainBehind);
    /** Arcs against the walk: towards a place instead of from it. */
    this.in = this.isSymmetric ? this.out : arcsAlong(chains, this.chainBehind, this.chainAhead);
    this.search = new Search(this);
  }

  /** @param {number} c @param {Times} times */
  layTimes(c, { forward, backward }) {
    const { firstSlot, edgeOf, isTurned } = this.chains;
    let there = 0;
    let back = 0;
    for (let s = firstSlot[c]; s < firstSlot[c + 1]; s++) {
      const e = edgeOf[s];
      this.ahead[s] = isTurned[s] ? backward[e] : forward[e];
      this.behind[s] = isTurned[s] ? forward[e] : backward[e];
      this.aheadBefore[s] = there;
      this.behindBefore[s] = back;
      there += this.ahead[s];
      back += this.behind[s];
    }
    this.chainAhead[c] = there;
    this.chainBehind[c] = back;
  }
}

/** @param {Float64Array} a @param {Float64Array} b */
function isSame(a, b) {
  for (let k = 0; k < a.length; k++) if (a[k] !== b[k]) return false;
  return true;
}

/** @typedef {{first: Int32Array, head: Int32Array, ms: Float64Array, chain: Int32Array}} Arcs */

/** @param {Chains} chains @param {Float64Array} fromLeft @param {Float64Array} fromRight @returns {Arcs} */
function arcsAlong(chains, fromLeft, fromRight) {
  const { nJunctions, nChains, left, right } = chains;
  const first = new Int32Array(nJunctions + 1);
  for (let c = 0; c < nChains; c++) {
    if (fromLeft[c] !== Infinity) first[left[c] + 1]++;
    if (fromRight[c] !== Infinity) first[right[c] + 1]++;
  }
  for (let j = 0; j < nJunctions; j++) first[j + 1] += first[j];
  const n = first[nJunctions];
  const arcs = { first, head: new Int32Array(n), ms: new Float64Array(n), chain: new Int32Array(n) };
  const next = first.slice();
  for (let c = 0; c < nChains; c++) {
    if (fromLeft[c] !== Infinity) layArc(arcs, next[left[c]]++, right[c], fromLeft[c], c);
    if (fromRight[c] !== Infinity) layArc(arcs, next[right[c]]++, left[c], fromRight[c], c);
  }
  return arcs;
}

/** @param {Arcs} arcs @param {number} at @param {number} head @param {number} ms @param {number} chain */
function layArc(arcs, at, head, ms, chain) {
  arcs.head[at] = head;
  arcs.ms[at] = ms;
  arcs.chain[at] = chain;
}
