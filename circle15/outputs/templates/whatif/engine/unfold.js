"use strict";
// Private gates: who lives behind one passes out of it, visitors pass in, nobody cuts through. The streets of such
// compounds stand twice, those that lead out and those that lead in (network/streets/compounds.py).

/**
 * Copies of nodes and edges that stand behind a network's own, and behind them links through gates, from tail to head
 * alone.
 * @typedef {object} Unfolded
 * @property {number[]} node that each copied node is of
 * @property {number[]} edge that each copied edge is of; -1: a link through a gate
 * @property {number[]} tail of copied edges and links
 * @property {number[]} head
 */

/** @param {Network} network @returns {Unfolded} */
function unfold(network) {
  const { nNodes, nEdges, depth, links } = network;
  /** @type {Unfolded} */
  const unfolded = { node: [], edge: [], tail: [], head: [] };
  if (links.length === 0) return unfolded;
  /** @type {Map<number, number>} */
  const copies = new Map();
  for (let v = 0; v < nNodes; v++) if (depth[v] > 0) copies.set(v, nNodes + unfolded.node.push(v) - 1);
  /** @param {number} v */
  const copy = (v) => /** @type {number} */ (copies.has(v) ? copies.get(v) : v);
  /** @param {number} edge @param {number} tail @param {number} head */
  const append = (edge, tail, head) => {
    unfolded.edge.push(edge);
    unfolded.tail.push(tail);
    unfolded.head.push(head);
  };
  for (let e = 0; e < nEdges; e++) {
    if (depth[network.tail[e]] > 0 && !network.isGone[e]) append(e, copy(network.tail[e]), copy(network.head[e]));
  }
  for (let k = 0; k < links.length; k += 2) {
    const [a, b] = [links[k], links[k + 1]];
    const [inner, outer] = depth[a] < depth[b] ? [b, a] : [a, b];
    const isLevel = depth[inner] === depth[outer];
    if (!isLevel) {
      append(-1, inner, outer);
      append(-1, copy(outer), copy(inner));
    }
    if (depth[outer] > 0) append(-1, outer, copy(inner)); // those who live in the outer compound go on into the inner one
    if (isLevel) append(-1, inner, copy(outer));
  }
  return unfolded;
}
