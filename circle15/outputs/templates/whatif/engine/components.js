"use strict";
// Which nodes hang together, walking any edge either way.

/**
 * The component of each node: its smallest node.
 * @param {Network} network
 * @param {boolean} throughGates whether private gates join
 */
function components(network, throughGates) {
  const parent = Int32Array.from({ length: network.nNodes }, (_, v) => v);
  /** @param {number} v */
  const root = (v) => {
    while (parent[v] !== v) {
      parent[v] = parent[parent[v]];
      v = parent[v];
    }
    return v;
  };
  /** @param {number} u @param {number} v */
  const join = (u, v) => {
    const a = root(u);
    const b = root(v);
    if (a !== b) parent[Math.max(a, b)] = Math.min(a, b);
  };
  for (let e = 0; e < network.nEdges; e++) if (!network.isGone[e]) join(network.tail[e], network.head[e]);
  if (throughGates) for (let k = 0; k < network.links.length; k += 2) join(network.links[k], network.links[k + 1]);
  for (let v = 0; v < network.nNodes; v++) parent[v] = root(v);
  return parent;
}
