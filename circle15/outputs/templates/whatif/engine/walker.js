"use strict";
// One profile at one pace on the streets of a world: its graph, where its walks start, and what facilities they reach.

/** Places of some facilities: `rows` are each one's own among them. @typedef {{places: Places, rows: number[][]}} Goals */

class Walker {
  /** @param {World} world @param {string} profile @param {number} speed metres per second */
  constructor(world, profile, speed) {
    this.world = world;
    this.profile = profile;
    this.speed = speed;
    const { study } = world;
    const p = Object.keys(world.network.times).indexOf(profile);
    const own = world.streets.times[p];
    this.graph = new Graph(world.chains, speed === study.speeds[profile] ? own : this.atPace(own));
    const links = world.originLinks(profile);
    this.origins = new Places(links.edge.length);
    for (let i = 0; i < links.edge.length; i++) this.place(this.origins, i, links.edge[i], links.fraction[i], links.accessM[i]);
    this.originIndex = new PlaceIndex(world.chains, this.origins);
    /** @type {Map<string, Column>} */
    this.columns = new Map();
    /** @type {Map<string, Ripple>} */
    this.ripples = new Map();
  }

  /** Times of a profile that pays nothing but its speed, at another one. @param {Times} own @returns {Times} */
  atPace({ forward, backward }) {
    const { lengthM, links } = this.world.network;
    const { nEdges } = this.world.streets;
    const originEdge = links.length > 0 ? unfold(this.world.network).originEdge : null;
    const ms = Float64Array.from({ length: nEdges }, (_, e) => {
      const of = originEdge ? originEdge[e] : e;
      return of < 0 ? 0 : metresToMs(lengthM[of], this.speed);
    });
    return {
      forward: ms.map((t, e) => (forward[e] === Infinity ? Infinity : t)),
      backward: ms.map((t, e) => (backward[e] === Infinity ? Infinity : t)),
    };
  }

  /** @param {Places} places @param {number} i @param {number} edge @param {number} fraction @param {number} accessM */
  place(places, i, edge, fraction, accessM) {
    if (edge >= 0) places.set(i, this.graph, this.world.streets, edge, fraction, metresToMs(accessM, this.speed));
  }

  /** Where a facility is entered. @param {Layer} layer @param {Facility} facility @returns {Link[]} */
  links(layer, facility) {
    const linker = this.world.linker(this.profile);
    const entered = this.world.entered.get(facility.key);
    if (entered) return entered.map(([lon, lat]) => linker.link(lon, lat));
    if (facility.entrances.length === 0) return [linker.link(facility.lon, facility.lat)];
    const known = this.world.entranceLinks(layer);
    return facility.entrances.map((row) => linkAt(known, row));
  }

  /** @param {Layer} layer @param {Facility[]} facilities @returns {Goals} */
  goals(layer, facilities) {
    /** @type {Link[]} */
    const links = [];
    const rows = facilities.map((facility) =>
      this.links(layer, facility).flatMap((link) => this.copies(link).map((copy) => links.push(copy) - 1)),
    );
    const places = new Places(links.length);
    links.forEach(({ edge, fraction, accessM }, i) => this.place(places, i, edge, fraction, accessM));
    return { places, rows };
  }

  /** A place behind private gates is reached on the streets that lead out, by neighbours, and on those that lead in. @param {Link} link @returns {Link[]} */
  copies(link) {
    const twin = link.edge >= 0 && this.world.network.links.length > 0 ? this.twinOf(link.edge) : -1;
    return twin < 0 ? [link] : [link, { ...link, edge: twin }];
  }

  /** @param {number} edge */
  twinOf(edge) {
    return this.world.streets && this.world.twin ? this.world.twin[edge] : -1;
  }

  /** Milliseconds from every cell to the nearest of the goals. @param {Goals} goals @param {number} cutoff */
  nearest(goals, cutoff) {
    return nearestTimes(this.graph, this.origins, goals.places, cutoff).subarray(0, this.world.study.nCells);
  }

  /**
   * The origins of each facility within the cutoff; as before the change where it is not felt.
   * @param {Layer} layer @param {Facility[]} facilities @param {number} cutoff
   * @returns {Column[]}
   */
  columnsOf(layer, facilities, cutoff) {
    /** @type {Goals | null} */
    let goals = null;
    return facilities.map((facility, f) =>
      kept(this.columns, `${facility.key}@${cutoff}`, () => {
        const known = this.columnBefore(layer, facility, cutoff);
        if (known) return known;
        goals = goals || this.goals(layer, facilities);
        return columnOf(this.graph, this.origins, this.originIndex, goals.places, goals.rows[f], cutoff);
      }),
    );
  }

  /** @param {Layer} layer @param {Facility} facility @param {number} cutoff @returns {Column | null} */
  columnBefore(layer, facility, cutoff) {
    const { parent } = this.world;
    const before = parent && parent.walkers.get(`${this.profile}@${this.speed}`);
    if (!before || before.world.network.links.length > 0) return null;
    const known = before.columns.get(`${facility.key}@${cutoff}`);
    if (!known) return null;
    const ripple = kept(this.ripples, String(cutoff), () => new Ripple(before, this, cutoff));
    return ripple.isFeltAt(layer, facility) ? null : known;
  }
}

/**
 * Chains of a walker's streets that a walk from some nodes or origins gets to within a cutoff.
 * @param {Walker} walker @param {number[]} nodes @param {number[]} origins @param {number} cutoff
 */
function chainsNear(walker, nodes, origins, cutoff) {
  const { graph } = walker;
  const { search } = graph;
  const sources = new Places(nodes.length);
  nodes.forEach((v, k) => sources.setNode(k, graph, v));
  search.start(cutoff);
  for (let k = 0; k < nodes.length; k++) search.offerStart(sources, k);
  for (const i of origins) search.offerStart(walker.origins, i);
  search.settle(graph.out);
  const isNear = new Uint8Array(graph.chains.nChains);
  search.forEachChain([...sources.chain, ...origins.map((i) => walker.origins.chain[i])], (chain) => (isNear[chain] = 1));
  return isNear;
}

/**
 * Tells which facilities a change may be felt at within a cutoff. A walk that it altered, or made possible, passes an end
 * of an edge that was added, divided or closed, or starts where the link is another.
 */
class Ripple {
  /** @param {Walker} before @param {Walker} after @param {number} cutoff */
  constructor(before, after, cutoff) {
    this.before = before;
    this.after = after;
    const { network } = after.world;
    const draft = /** @type {Draft} */ (after.world.draft);
    const edges = [...draft.added, ...draft.divided, ...draft.rests, ...draft.closed];
    const nodes = [...new Set(edges.flatMap((e) => [network.tail[e], network.head[e]]))];
    const was = before.world.originLinks(after.profile);
    const is = after.world.originLinks(after.profile);
    /** @type {number[]} */
    const moved = [];
    for (let i = 0; i < is.edge.length; i++) if (!isSameLink(linkAt(was, i), linkAt(is, i))) moved.push(i);
    this.nearBefore = chainsNear(before, nodes.filter((v) => v < before.world.network.nNodes), moved, cutoff);
    this.nearAfter = chainsNear(after, nodes, moved, cutoff);
  }

  /** @param {Layer} layer @param {Facility} facility */
  isFeltAt(layer, facility) {
    const was = this.before.links(layer, facility);
    const is = this.after.links(layer, facility);
    if (was.length !== is.length) return true;
    return is.some(
      (link, k) =>
        !isSameLink(was[k], link) ||
        (link.edge >= 0 &&
          (this.nearBefore[chainOfEdge(this.before, link.edge)] || this.nearAfter[chainOfEdge(this.after, link.edge)])),
    );
  }
}

/** @param {Walker} walker @param {number} edge */
function chainOfEdge({ graph: { chains } }, edge) {
  return chains.chainOf[chains.slotOf[edge]];
}

/** @param {Links} links @param {number} i @returns {Link} */
const linkAt = (links, i) => ({ edge: links.edge[i], fraction: links.fraction[i], accessM: links.accessM[i] });

/** @param {Link} a @param {Link} b */
const isSameLink = (a, b) => a.edge === b.edge && (a.edge < 0 || (a.fraction === b.fraction && a.accessM === b.accessM));
