"use strict";
// One profile at one pace on the streets of a world: its graph, where its walks start, and what facilities they reach.

const MOST_COLUMNS = 20000; // kept, of all thresholds that were tried

/** Places of some facilities: `rows` are each one's own among them, `links` where each is. @typedef {{places: Places, rows: number[][], links: Link[]}} Goals */

class Walker {
  /** @param {World} world @param {string} profile @param {number} speed metres per second */
  constructor(world, profile, speed) {
    this.world = world;
    this.profile = profile;
    this.speed = speed;
    const p = Object.keys(world.network.times).indexOf(profile);
    const own = world.streets.times[p];
    const times = speed === world.study.speeds[profile] ? own : this.atPace(own);
    /** The same walker before the change, of which what the change leaves is taken. @type {Walker | null} */
    this.before = world.isPatched && world.parent ? world.parent.walker(profile, speed) : null;
    /** @type {Graph} */
    this.graph = new Graph(world.chains, times, this.before && this.before.graph);
    /** Origins that are linked elsewhere than before. @type {number[]} */
    this.moved = [];
    /** @type {Places} */
    this.origins = this.before ? this.originsAfter(this.before) : this.originsAnew();
    /** @type {PlaceIndex} */
    this.originIndex = new PlaceIndex(world.chains, this.origins);
    /** @type {Map<string, Column>} */
    this.columns = new Map();
    /** @type {Map<string, Ripple>} */
    this.ripples = new Map();
  }

  originsAnew() {
    const links = this.world.originLinks(this.profile);
    const places = new Places(links.edge.length);
    for (let i = 0; i < places.n; i++) this.place(places, i, linkAt(links, i));
    return places;
  }

  /** @param {Walker} before */
  originsAfter(before) {
    const links = this.world.originLinks(this.profile);
    const was = before.world.originLinks(this.profile);
    const { isDissolved } = this.world.chains;
    const places = before.origins.copy();
    for (let i = 0; i < places.n; i++) {
      const isMoved = !isSameLink(linkAt(was, i), linkAt(links, i));
      if (isMoved) this.moved.push(i);
      if (!isMoved && !(places.chain[i] >= 0 && isDissolved[places.chain[i]])) continue;
      places.clear(i);
      this.place(places, i, linkAt(links, i));
    }
    return places;
  }

  /** Times of a profile that pays nothing but its speed, at another one. @param {Times} own @returns {Times} */
  atPace({ forward, backward }) {
    const { streets, network } = this.world;
    /** @param {Float64Array} ms */
    const paced = (ms) =>
      ms.map((t, e) => {
        const of = streets.originEdge(e);
        return t === Infinity || of < 0 ? t : metresToMs(network.lengthM[of], this.speed);
      });
    return { forward: paced(forward), backward: paced(backward) };
  }

  /** @param {Places} places @param {number} i @param {Link} link @param {number} [edge] of the streets */
  place(places, i, link, edge = this.world.streets.edgeAt(link.edge)) {
    if (link.edge < 0) return;
    places.set(i, this.graph, this.world.streets, edge, link.fraction, metresToMs(link.accessM, this.speed));
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
    const { streets } = this.world;
    /** @type {[Link, number][]} */
    const found = [];
    const rows = facilities.map((facility) =>
      this.links(layer, facility).flatMap((link) => {
        if (link.edge < 0) return [];
        // Behind private gates neighbours come on the streets that lead out, others on those that lead in.
        const twin = streets.twinOf(link.edge);
        const edges = twin < 0 ? [streets.edgeAt(link.edge)] : [streets.edgeAt(link.edge), twin];
        return edges.map((edge) => found.push([link, edge]) - 1);
      }),
    );
    const places = new Places(found.length);
    found.forEach(([link, edge], i) => this.place(places, i, link, edge));
    return { places, rows, links: found.map(([link]) => link) };
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
    if (this.columns.size > MOST_COLUMNS) this.columns.clear();
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

  /** What is known of a facility before this change, or the ones before it. @param {Layer} layer @param {Facility} facility @param {number} cutoff @returns {Column | null} */
  columnBefore(layer, facility, cutoff) {
    const { before } = this;
    if (!before) return null;
    const known = before.columns.get(`${facility.key}@${cutoff}`) || before.columnBefore(layer, facility, cutoff);
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
    const { streets, network } = after.world;
    const draft = /** @type {Draft} */ (after.world.draft);
    const edges = [...draft.added, ...draft.divided, ...draft.rests, ...draft.closed];
    const nodes = [...new Set(edges.flatMap((e) => [network.tail[e], network.head[e]]))].map((v) => streets.nodeAt(v));
    const old = nodes.filter((v) => v < before.world.streets.nNodes);
    this.nearBefore = chainsNear(before, old, after.moved, cutoff);
    this.nearAfter = chainsNear(after, nodes, after.moved, cutoff);
  }

  /** @param {Layer} layer @param {Facility} facility */
  isFeltAt(layer, facility) {
    const was = this.before.links(layer, facility);
    const is = this.after.links(layer, facility);
    if (was.length !== is.length) return true;
    return is.some(
      (link, k) =>
        !isSameLink(was[k], link) ||
        this.after.world.streets.twinOf(link.edge) >= 0 || // visitors come by other chains: not worth a look
        (link.edge >= 0 &&
          (this.nearBefore[chainOfEdge(this.before, link.edge)] || this.nearAfter[chainOfEdge(this.after, link.edge)])),
    );
  }
}

/** @param {Walker} walker @param {number} edge */
function chainOfEdge({ world: { chains, streets } }, edge) {
  return chains.chainOf[chains.slotOf[streets.edgeAt(edge)]];
}

/** @param {Links} links @param {number} i @returns {Link} */
const linkAt = (links, i) => ({ edge: links.edge[i], fraction: links.fraction[i], accessM: links.accessM[i] });

/** @param {Link} a @param {Link} b */
const isSameLink = (a, b) => a.edge === b.edge && (a.edge < 0 || (a.fraction === b.fraction && a.accessM === b.accessM));
