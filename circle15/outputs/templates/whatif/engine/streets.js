"use strict";
// What walks go along: the network's edges and, where private gates are, their copies (unfold.js). Own nodes and edges
// keep their numbers; those that a change adds stand behind the copies.

class Streets {
  /**
   * @param {Network} network @param {number} nNodes @param {number} nEdges
   * @param {Int32Array} tail @param {Int32Array} head @param {Uint8Array} isGone @param {Times[]} times of every profile
   * @param {Unfolded} unfolded @param {number} nOwnNodes of the network when it was unfolded @param {number} nOwnEdges
   */
  constructor(network, nNodes, nEdges, tail, head, isGone, times, unfolded, nOwnNodes, nOwnEdges) {
    this.network = network;
    this.nNodes = nNodes;
    this.nEdges = nEdges;
    this.tail = tail;
    this.head = head;
    this.isGone = isGone;
    this.times = times;
    this.unfolded = unfolded;
    this.nOwnNodes = nOwnNodes;
    this.nOwnEdges = nOwnEdges;
    /** @type {Map<number, number>} */
    this.twins = new Map();
    unfolded.edge.forEach((e, k) => e >= 0 && this.twins.set(e, nOwnEdges + k));
  }

  /** @param {Network} network */
  static of(network) {
    const unfolded = unfold(network);
    if (unfolded.edge.length === 0) return Streets.plain(network, unfolded, network.nNodes, network.nEdges);
    const { nNodes, nEdges } = network;
    const more = unfolded.edge.length;
    const tail = extended(network.tail.subarray(0, nEdges), more);
    const head = extended(network.head.subarray(0, nEdges), more);
    tail.set(unfolded.tail, nEdges);
    head.set(unfolded.head, nEdges);
    const isGone = extended(network.isGone.subarray(0, nEdges), more);
    const times = Object.values(network.times).map(({ forward, backward }) => {
      const own = { forward: extended(forward.subarray(0, nEdges), more), backward: extended(backward.subarray(0, nEdges), more) };
      unfolded.edge.forEach((e, k) => {
        own.forward[nEdges + k] = e < 0 ? 0 : forward[e];
        own.backward[nEdges + k] = e < 0 ? Infinity : backward[e];
      });
      return own;
    });
    return new Streets(network, nNodes + unfolded.node.length, nEdges + more, tail, head, isGone, times, unfolded, nNodes, nEdges);
  }

  /** A network without private gates is what walks go along. @param {Network} network @param {Unfolded} unfolded @param {number} nOwnNodes @param {number} nOwnEdges */
  static plain(network, unfolded, nOwnNodes, nOwnEdges) {
    const { nNodes, nEdges, tail, head, isGone, times } = network;
    return new Streets(network, nNodes, nEdges, tail, head, isGone, Object.values(times), unfolded, nOwnNodes, nOwnEdges);
  }

  /** The streets after a change that leaves private ones as they are. @param {Draft} draft */
  after(draft) {
    const { network } = draft;
    if (this.unfolded.edge.length === 0) return Streets.plain(network, this.unfolded, this.nOwnNodes, this.nOwnEdges);
    const [nodeShift, edgeShift] = [this.nNodes - draft.nOldNodes, this.nEdges - draft.nOldEdges];
    const nNew = network.nEdges - draft.nOldEdges;
    const tail = extended(this.tail, nNew);
    const head = extended(this.head, nNew);
    const isGone = extended(this.isGone, nNew);
    const times = this.times.map(({ forward, backward }) => ({ forward: extended(forward, nNew), backward: extended(backward, nNew) }));
    const made = new Streets(
      network, network.nNodes + nodeShift, network.nEdges + edgeShift, tail, head, isGone, times,
      this.unfolded, this.nOwnNodes, this.nOwnEdges,
    );
    const profiles = Object.values(network.times);
    for (const e of [...draft.divided, ...draft.rests, ...draft.added, ...draft.closed]) {
      const at = made.edgeAt(e);
      tail[at] = made.nodeAt(network.tail[e]);
      head[at] = made.nodeAt(network.head[e]);
      isGone[at] = network.isGone[e];
      profiles.forEach(({ forward, backward }, p) => {
        times[p].forward[at] = forward[e];
        times[p].backward[at] = backward[e];
      });
    }
    return made;
  }

  /** @param {number} v node of the network */
  nodeAt(v) {
    return v < this.nOwnNodes ? v : v + this.unfolded.node.length;
  }

  /** @param {number} e edge of the network */
  edgeAt(e) {
    return e < this.nOwnEdges ? e : e + this.unfolded.edge.length;
  }

  /** The network's node that a node is or copies. @param {number} v */
  originNode(v) {
    const beyond = v - this.nOwnNodes;
    if (beyond < 0) return v;
    return beyond < this.unfolded.node.length ? this.unfolded.node[beyond] : v - this.unfolded.node.length;
  }

  /** The network's edge that an edge is or copies, -1: a link through a gate. @param {number} e */
  originEdge(e) {
    const beyond = e - this.nOwnEdges;
    if (beyond < 0) return e;
    return beyond < this.unfolded.edge.length ? this.unfolded.edge[beyond] : e - this.unfolded.edge.length;
  }

  /** The copy of an edge that leads in, -1 where it has none. @param {number} e edge of the network */
  twinOf(e) {
    const twin = this.twins.get(e);
    return twin === undefined ? -1 : twin;
  }
}
