"use strict";
// Private gates: who lives behind one passes out of it, visitors pass in, nobody cuts through. The streets of such
// compounds stand twice, those that lead out and those that lead in (network/streets/compounds.py).

/**
 * A network of which each edge is one of the given, or a link through a gate from tail to head alone.
 * @typedef {object} Unfolded
 * @property {number} nNodes
 * @property {Int32Array} tail
 * @property {Int32Array} head
 * @property {Int32Array} originEdge -1: a link through a gate
 * @property {Int32Array} twin of each given edge: its copy that leads in, -1 where it has none
 * @property {Int32Array} originNode
 */

/** @param {Network} network @returns {Unfolded} */
function unfold(network) {
  const { nNodes, nEdges, depth, links } = network;
  const alive = [];
  for (let e = 0; e < nEdges; e++) alive.push(e);
  const tail = Array.from(network.tail.subarray(0, nEdges));
  const head = Array.from(network.head.subarray(0, nEdges));
  const originNode = Array.from({ length: nNodes }, (_, v) => v);
  const copy = originNode.slice();
  for (let v = 0; v < nNodes; v++) {
    if (depth[v] > 0) {
      copy[v] = originNode.length;
      originNode.push(v);
    }
  }
  const twin = new Int32Array(nEdges).fill(-1);
  for (let e = 0; e < nEdges; e++) {
    if (depth[tail[e]] > 0 && !network.isGone[e]) {
      twin[e] = tail.length;
      alive.push(e);
      tail.push(copy[tail[e]]);
      head.push(copy[head[e]]);
    }
  }
  /** @param {number} from @param {number} to */
  const pass = (from, to) => {
    tail.push(from);
    head.push(to);
    alive.push(-1);
  };
  for (let k = 0; k < links.length; k += 2) {
    const [a, b] = [links[k], links[k + 1]];
    const [inner, outer] = depth[a] < depth[b] ? [b, a] : [a, b];
    const isLevel = depth[inner] === depth[outer];
    if (!isLevel) {
      pass(inner, outer);
      pass(copy[outer], copy[inner]);
    }
    if (depth[outer] > 0) pass(outer, copy[inner]); // those who live in the outer compound go on into the inner one
    if (isLevel) pass(inner, copy[outer]);
  }
  return {
    nNodes: originNode.length,
    tail: Int32Array.from(tail),
    head: Int32Array.from(head),
    originEdge: Int32Array.from(alive),
    twin,
    originNode: Int32Array.from(originNode),
  };
}
