"use strict";
// Junctions, and the chains of edges between them: what all profiles share of a network.

const LONGEST_CHAIN_MS = 2 ** 30; // a chain is cut where its time would pass this, as in the product's core

/**
 * A chain is a run of slots from its left junction to its right one; a slot is one edge, `isTurned` where it points left.
 * @typedef {object} Chains
 * @property {number} nJunctions
 * @property {number} nChains
 * @property {Int32Array} left junction of each chain
 * @property {Int32Array} right
 * @property {Int32Array} firstSlot of each chain, and one more
 * @property {Int32Array} edgeOf each slot: edge of the unfolded network
 * @property {Uint8Array} isTurned
 * @property {Int32Array} slotOf each edge, -1: gone
 * @property {Int32Array} chainOf each slot
 * @property {Int32Array} junctionOf each node, -1: inside a chain
 * @property {Int32Array} innerSlotOf each node inside a chain: the slot that begins there
 * @property {Int32Array} nodeOf each junction
 * @property {Int32Array} firstAt of each junction: where its chains begin in `chainsAt`
 * @property {Int32Array} chainsAt
 * @property {Uint8Array} isDissolved of each chain: a change took it apart, and no walk goes along it
 */

/** @param {Streets} streets @returns {Chains} */
function layChains(streets) {
  const touching = touchingEdges(streets);
  const isJunction = findJunctions(streets, touching);
  const { nNodes, nEdges, tail, head } = streets;
  const junctionOf = new Int32Array(nNodes).fill(-1);
  const innerSlotOf = new Int32Array(nNodes).fill(-1);
  /** @type {number[]} */
  const nodeOf = [];
  for (let v = 0; v < nNodes; v++) if (isJunction[v]) junctionOf[v] = nodeOf.push(v) - 1;
  const slotOf = new Int32Array(nEdges).fill(-1);
  const edgeOf = new Int32Array(nEdges);
  const isTurned = new Uint8Array(nEdges);
  const chainOf = new Int32Array(nEdges);
  /** @type {number[][]} */
  const [left, right, firstSlot] = [[], [], []];
  let slot = 0;
  for (let j = 0; j < nodeOf.length; j++) {
    for (let i = touching.first[nodeOf[j]]; i < touching.first[nodeOf[j] + 1]; i++) {
      let e = touching.edge[i];
      if (slotOf[e] >= 0) continue;
      let node = nodeOf[j];
      firstSlot.push(slot);
      for (;;) {
        slotOf[e] = slot;
        edgeOf[slot] = e;
        isTurned[slot] = tail[e] === node ? 0 : 1;
        chainOf[slot] = left.length;
        slot++;
        node = isTurned[slot - 1] ? tail[e] : head[e];
        if (isJunction[node]) break;
        innerSlotOf[node] = slot;
        e = touching.other(node, e);
      }
      left.push(j);
      right.push(junctionOf[node]);
    }
  }
  firstSlot.push(slot);
  return {
    nJunctions: nodeOf.length,
    nChains: left.length,
    left: Int32Array.from(left),
    right: Int32Array.from(right),
    firstSlot: Int32Array.from(firstSlot),
    edgeOf: edgeOf.slice(0, slot),
    isTurned: isTurned.slice(0, slot),
    slotOf,
    chainOf: chainOf.slice(0, slot),
    junctionOf,
    innerSlotOf,
    nodeOf: Int32Array.from(nodeOf),
    isDissolved: new Uint8Array(left.length),
    ...chainsAtJunctions(nodeOf.length, left, right),
  };
}

/** @param {Streets} streets */
function touchingEdges({ nNodes, nEdges, tail, head, isGone }) {
  const first = new Int32Array(nNodes + 1);
  for (let e = 0; e < nEdges; e++) {
    if (isGone[e]) continue;
    first[tail[e] + 1]++;
    first[head[e] + 1]++;
  }
  for (let v = 0; v < nNodes; v++) first[v + 1] += first[v];
  const edge = new Int32Array(first[nNodes]);
  const next = first.slice();
  for (let e = 0; e < nEdges; e++) {
    if (isGone[e]) continue;
    edge[next[tail[e]]++] = e;
    edge[next[head[e]]++] = e;
  }
  /** The other edge at a node of two. @param {number} v @param {number} e */
  const other = (v, e) => (edge[first[v]] === e ? edge[first[v] + 1] : edge[first[v]]);
  return { first, edge, other };
}

/** @typedef {ReturnType<typeof touchingEdges>} Touching */

/** @param {Streets} streets @param {Touching} touching */
function findJunctions({ nNodes, nEdges, tail, head, isGone, times }, touching) {
  const longest = new Float64Array(nEdges);
  const isBarred = new Uint8Array(nEdges);
  for (const { forward, backward } of times) {
    for (const ms of [forward, backward]) {
      for (let e = 0; e < nEdges; e++) {
        if (ms[e] === Infinity) isBarred[e] = 1;
        else if (ms[e] > longest[e]) longest[e] = ms[e];
      }
    }
  }
  const { first, edge } = touching;
  const isJunction = new Uint8Array(nNodes);
  for (let v = 0; v < nNodes; v++) {
    const at = first[v];
    const degree = first[v + 1] - at;
    const isPlain = degree === 2 && edge[at] !== edge[at + 1] && !isBarred[edge[at]] && !isBarred[edge[at + 1]];
    isJunction[v] = degree !== 0 && !isPlain ? 1 : 0;
  }
  const isWalked = new Uint8Array(nEdges);
  /** @param {number} start */
  const walk = (start) => {
    for (let i = first[start]; i < first[start + 1]; i++) {
      let e = edge[i];
      let node = start;
      let soFar = 0;
      while (!isWalked[e]) {
        isWalked[e] = 1;
        soFar += longest[e];
        node = tail[e] === node ? head[e] : tail[e];
        if (isJunction[node]) break;
        e = touching.other(node, e);
        if (soFar + longest[e] > LONGEST_CHAIN_MS) {
          isJunction[node] = 1;
          soFar = 0;
        }
      }
    }
  };
  for (let v = 0; v < nNodes; v++) if (isJunction[v]) walk(v);
  for (let e = 0; e < nEdges; e++) {
    if (isWalked[e] || isGone[e]) continue;
    isJunction[tail[e]] = 1; // of a ring without a junction one node becomes one
    walk(tail[e]);
  }
  return isJunction;
}

/** @param {number} nJunctions @param {ArrayLike<number>} left @param {ArrayLike<number>} right */
function chainsAtJunctions(nJunctions, left, right) {
  const firstAt = new Int32Array(nJunctions + 1);
  for (let c = 0; c < left.length; c++) {
    firstAt[left[c] + 1]++;
    firstAt[right[c] + 1]++;
  }
  for (let j = 0; j < nJunctions; j++) firstAt[j + 1] += firstAt[j];
  const chainsAt = new Int32Array(2 * left.length);
  const next = firstAt.slice();
  for (let c = 0; c < left.length; c++) {
    chainsAt[next[left[c]]++] = c;
    chainsAt[next[right[c]]++] = c;
  }
  return { firstAt, chainsAt };
}

/**
 * The chains after a change: those that it touches are taken apart into their edges, each of which becomes a chain, and
 * the new edges too. Ends of edges are junctions then, which alters no walk.
 * @param {Chains} chains @param {Streets} streets @param {Draft} draft @returns {Chains}
 */
function relayChains(chains, streets, draft) {
  const fresh = [...draft.rests, ...draft.added].map((e) => streets.edgeAt(e));
  const dissolved = new Set([...draft.divided, ...draft.closed].map((e) => streets.edgeAt(e)).filter((e) => e < chains.slotOf.length).map((e) => chains.chainOf[chains.slotOf[e]]));
  for (const e of fresh) {
    for (const v of [streets.tail[e], streets.head[e]]) {
      const slot = v < chains.innerSlotOf.length ? chains.innerSlotOf[v] : -1;
      if (slot >= 0) dissolved.add(chains.chainOf[slot]);
    }
  }
  /** @type {number[]} */
  const edges = [];
  for (const c of dissolved) {
    for (let s = chains.firstSlot[c]; s < chains.firstSlot[c + 1]; s++) edges.push(chains.edgeOf[s]);
  }
  const laid = [...new Set([...edges, ...fresh])].filter((e) => !streets.isGone[e]);
  const junctionOf = extended(chains.junctionOf, streets.nNodes - chains.junctionOf.length).fill(-1, chains.junctionOf.length);
  const innerSlotOf = extended(chains.innerSlotOf, streets.nNodes - chains.innerSlotOf.length).fill(-1, chains.innerSlotOf.length);
  /** @type {number[]} */
  const newJunctions = [];
  for (const e of laid) {
    for (const v of [streets.tail[e], streets.head[e]]) {
      innerSlotOf[v] = -1;
      if (junctionOf[v] < 0) junctionOf[v] = chains.nJunctions + newJunctions.push(v) - 1;
    }
  }
  const [nSlots, nChains, nJunctions] = [chains.edgeOf.length, chains.nChains + laid.length, chains.nJunctions + newJunctions.length];
  const slotOf = extended(chains.slotOf, streets.nEdges - chains.slotOf.length).fill(-1, chains.slotOf.length);
  laid.forEach((e, k) => (slotOf[e] = nSlots + k));
  const left = appended(chains.left, laid.map((e) => junctionOf[streets.tail[e]]));
  const right = appended(chains.right, laid.map((e) => junctionOf[streets.head[e]]));
  const isDissolved = extended(chains.isDissolved, laid.length);
  for (const c of dissolved) isDissolved[c] = 1;
  return {
    nJunctions,
    nChains,
    left,
    right,
    firstSlot: appended(chains.firstSlot, laid.map((_, k) => nSlots + k + 1)),
    edgeOf: appended(chains.edgeOf, laid),
    isTurned: extended(chains.isTurned, laid.length),
    slotOf,
    chainOf: appended(chains.chainOf, laid.map((_, k) => chains.nChains + k)),
    junctionOf,
    innerSlotOf,
    nodeOf: appended(chains.nodeOf, newJunctions),
    isDissolved,
    ...chainsAtJunctions(nJunctions, left, right),
  };
}

/** @param {Int32Array} values @param {number[]} more */
function appended(values, more) {
  const longer = extended(values, more.length);
  longer.set(more, values.length);
  return longer;
}
