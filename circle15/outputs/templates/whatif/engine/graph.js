"use strict";
// One profile's times on the chains, and the arcs between junctions.

class Graph {
  /** @param {Chains} chains @param {Times} times of the edges that the chains run through */
  constructor(chains, times) {
    this.chains = chains;
    const nSlots = chains.edgeOf.length;
    /** Times along each slot, left to right, and back. */
    this.ahead = new Float64Array(nSlots);
    this.behind = new Float64Array(nSlots);
    /** Sums of those from the chain's left end to the slot. */
    this.aheadBefore = new Float64Array(nSlots);
    this.behindBefore = new Float64Array(nSlots);
    this.chainAhead = new Float64Array(chains.nChains);
    this.chainBehind = new Float64Array(chains.nChains);
    for (let c = 0; c < chains.nChains; c++) {
      let there = 0;
      let back = 0;
      for (let s = chains.firstSlot[c]; s < chains.firstSlot[c + 1]; s++) {
        const e = chains.edgeOf[s];
        this.ahead[s] = chains.isTurned[s] ? times.backward[e] : times.forward[e];
        this.behind[s] = chains.isTurned[s] ? times.forward[e] : times.backward[e];
        this.aheadBefore[s] = there;
        this.behindBefore[s] = back;
        there += this.ahead[s];
        back += this.behind[s];
      }
      this.chainAhead[c] = there;
      this.chainBehind[c] = back;
    }
    const isSymmetric = this.chainAhead.every((ms, c) => ms === this.chainBehind[c]);
    this.out = arcsAlong(chains, this.chainAhead, this.chainBehind);
    /** Arcs against the walk: towards a place instead of from it. */
    this.in = isSymmetric ? this.out : arcsAlong(chains, this.chainBehind, this.chainAhead);
    this.search = new Search(this);
  }
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
  const [head, ms, chain] = [new Int32Array(n), new Float64Array(n), new Int32Array(n)];
  const next = first.slice();
  for (let c = 0; c < nChains; c++) {
    for (const [from, to, time] of [[left[c], right[c], fromLeft[c]], [right[c], left[c], fromRight[c]]]) {
      if (time === Infinity) continue;
      const at = next[from]++;
      head[at] = to;
      ms[at] = time;
      chain[at] = c;
    }
  }
  return { first, head, ms, chain };
}
