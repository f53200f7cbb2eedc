"use strict";
// The streets as a list of path changes leaves them, with everything that stands on them.

const PACES_KEPT = 3; // that were tried beside the profiles' own

class World {
  /**
   * @param {Study} study @param {Network} network
   * @param {World | null} parent the streets before the last change @param {Draft | null} draft that change
   */
  constructor(study, network, parent, draft) {
    this.study = study;
    this.network = network;
    this.parent = parent;
    this.draft = draft;
    const fresh = draft ? [...draft.divided, ...draft.rests, ...draft.added] : [];
    /** Edges that are not in the study's tree as they are now. @type {Int32Array} */
    this.loose = Int32Array.from(new Set([...(parent ? parent.loose : []), ...fresh]));
    /** @type {Map<string, Linker>} */
    this.linkers = new Map();
    /** @type {Map<string, Links>} */
    this.links = new Map();
    /** @type {Map<string, Walker>} */
    this.walkers = new Map();
    /** Keys of the walkers at their own pace. @type {Record<string, true>} */
    this.usual = Object.fromEntries(Object.entries(study.speeds).map(([profile, speed]) => [`${profile}@${speed}`, true]));
    /** @type {Streets | null} */
    this.walked = null;
    /** @type {Chains | null} */
    this.laid = null;
    /** @type {Entrances} */
    this.entrances = new Entrances(this);
    /** Places of facilities that are entered anew, by their key. @type {Map<string, Point[]>} */
    this.entered = new Map(parent ? parent.entered : []);
    if (parent) {
      for (const [key, { facility, outline }] of study.outlines) {
        if (!isEnteredAnew(parent.entrances, this.entrances, outline)) continue;
        const places = this.entrances.placesOf(outline, [facility.lon, facility.lat]);
        this.entered.set(key, places.map(([lon, lat]) => [asPrinted(lon), asPrinted(lat)]));
      }
    }
  }

  /** @param {Study} study */
  static before(study) {
    return new World(study, study.network, null, null);
  }

  /** @param {Draft} draft */
  after(draft) {
    return new World(this.study, draft.network, this, draft);
  }

  /** @param {string} profile */
  linker(profile) {
    return kept(this.linkers, profile, () => {
      const { tree, borders, facts } = this.study;
      return new Linker(this.network, profile, tree, this.loose, borders, facts.max_access_m);
    });
  }

  /** Where walks start, on the streets. @param {string} profile @returns {Links} */
  originLinks(profile) {
    return kept(this.links, profile, () =>
      this.parent
        ? this.relinked(profile, this.study.origins, this.parent.originLinks(profile))
        : this.linkedTo(profile, this.study.origins, this.study.originEdge[profile]),
    );
  }

  /** A layer's own entrances on the streets. @param {Layer} layer @returns {Links} */
  entranceLinks(layer) {
    const entrances = this.study.entrances[layer.id];
    return kept(this.links, `${layer.profile}/${layer.id}`, () =>
      this.parent
        ? this.relinked(layer.profile, entrances, this.parent.entranceLinks(layer))
        : this.linkedTo(layer.profile, entrances, entrances.edge),
    );
  }

  /** @param {string} profile @param {Points} points @param {Int32Array} edge @returns {Links} */
  linkedTo(profile, points, edge) {
    const linker = this.linker(profile);
    const links = { edge, fraction: new Float64Array(edge.length), accessM: new Float64Array(edge.length) };
    edge.forEach((e, i) => {
      const link = linker.linkTo(e, points.lon[i], points.lat[i]);
      links.fraction[i] = link.fraction;
      links.accessM[i] = link.accessM;
    });
    return links;
  }

  /**
   * Links of the parent, anew where the change took the edge away, divided it, or brought another as near.
   * @param {string} profile @param {Points} points @param {Links} before @returns {Links}
   */
  relinked(profile, points, before) {
    const draft = /** @type {Draft} */ (this.draft);
    const linker = this.linker(profile);
    const isTaken = new Set([...draft.divided, ...draft.closed]);
    const near = [...draft.divided, ...draft.rests, ...draft.added, ...draft.opened].filter(
      (e) => linker.isWalked(e) && !this.network.isIsland[e],
    );
    const box = this.boxAround(near, linker.maxM);
    const links = { edge: before.edge.slice(), fraction: before.fraction.slice(), accessM: before.accessM.slice() };
    for (let i = 0; i < points.lon.length; i++) {
      const [lon, lat] = [points.lon[i], points.lat[i]];
      if (!isTaken.has(before.edge[i])) {
        if (lon < box.west || lon > box.east || lat < box.south || lat > box.north) continue;
        const limit = withSlack((before.edge[i] < 0 ? linker.maxM : before.accessM[i]) ** 2);
        const perLon = METRES_PER_DEGREE * Math.cos(lat * RADIANS);
        if (!near.some((e) => linker.on(e, lon, lat, perLon).squaredM <= limit)) continue;
      }
      const link = linker.link(lon, lat);
      links.edge[i] = link.edge;
      links.fraction[i] = link.fraction;
      links.accessM[i] = link.accessM;
    }
    return links;
  }

  /** @param {number[]} edges @param {number} metres */
  boxAround(edges, metres) {
    const { lon, lat, tail, head } = this.network;
    const box = { west: Infinity, south: Infinity, east: -Infinity, north: -Infinity };
    for (const e of edges) {
      for (const v of [tail[e], head[e]]) {
        box.west = Math.min(box.west, lon[v]);
        box.east = Math.max(box.east, lon[v]);
        box.south = Math.min(box.south, lat[v]);
        box.north = Math.max(box.north, lat[v]);
      }
    }
    const north = metres / METRES_PER_DEGREE + 1e-6;
    const east = north / Math.cos(Math.min(89, Math.max(Math.abs(box.south), Math.abs(box.north)) + north) * RADIANS);
    return { west: box.west - east, south: box.south - north, east: box.east + east, north: box.north + north };
  }

  /** Whether the streets and chains are the parent's but for what the change touches. */
  get isPatched() {
    return this.parent !== null && this.draft !== null && this.draft.isPublic;
  }

  /** @returns {Streets} */
  get streets() {
    if (!this.walked) {
      this.walked = this.isPatched
        ? /** @type {World} */ (this.parent).streets.after(/** @type {Draft} */ (this.draft))
        : Streets.of(this.network);
    }
    return this.walked;
  }

  /** @returns {Chains} */
  get chains() {
    if (!this.laid) {
      this.laid = this.isPatched
        ? relayChains(/** @type {World} */ (this.parent).chains, this.streets, /** @type {Draft} */ (this.draft))
        : layChains(this.streets);
    }
    return this.laid;
  }

  /** @param {string} profile @param {number} speed */
  walker(profile, speed) {
    const paced = [...this.walkers.keys()].filter((key) => !(key in this.usual));
    for (const key of paced.slice(0, -PACES_KEPT)) this.walkers.delete(key);
    return kept(this.walkers, `${profile}@${speed}`, () => new Walker(this, profile, speed));
  }
}

/**
 * What a map holds, made where it does not yet.
 * @template T @param {Map<string, T>} map @param {string} key @param {() => T} make @returns {T}
 */
function kept(map, key, make) {
  let found = map.get(key);
  if (found === undefined) map.set(key, (found = make()));
  return found;
}
