"use strict";
// Points to places on the network: the nearest edge that may be linked to, on the own side of hard borders.

const UNLINKED = Object.freeze({ edge: -1, fraction: NaN, accessM: NaN });

/** Links of several points. @typedef {{edge: Int32Array, fraction: Float64Array, accessM: Float64Array}} Links */

/** Finds places on a network for one profile. */
class Linker {
  /**
   * @param {Network} network @param {string} profile @param {EdgeTree} tree over the study's own edges
   * @param {Int32Array} loose edges that are not in the tree as they are now @param {Borders} borders @param {number} maxM
   */
  constructor(network, profile, tree, loose, borders, maxM) {
    this.network = network;
    this.tree = tree;
    this.loose = loose;
    this.borders = borders;
    this.maxM = maxM;
    const { forward, backward } = network.times[profile];
    const isLoose = new Set(loose);
    /** @param {number} e */
    this.isWalked = (e) => !network.isGone[e] && !network.isSpan[e] && (forward[e] !== Infinity || backward[e] !== Infinity);
    /** @param {number} e */
    this.isInTree = (e) => this.isWalked(e) && !isLoose.has(e);
  }

  /** The place of one edge that is nearest to a point. @param {number} e @param {number} lon @param {number} lat @param {number} perLon */
  on(e, lon, lat, perLon) {
    const { network } = this;
    const [t, h] = [network.tail[e], network.head[e]];
    return nearestOn(network.lon[t], network.lat[t], network.lon[h], network.lat[h], lon, lat, perLon);
  }

  /** The link to an edge that is known. @param {number} e @param {number} lon @param {number} lat @returns {Link} */
  linkTo(e, lon, lat) {
    if (e < 0) return UNLINKED;
    const { fraction, squaredM } = this.on(e, lon, lat, METRES_PER_DEGREE * Math.cos(lat * RADIANS));
    return { edge: e, fraction, accessM: Math.sqrt(squaredM) };
  }

  /** @param {number} lon @param {number} lat @returns {Link} */
  link(lon, lat) {
    const nearest = this.nearest(lon, lat);
    if (nearest.edge < 0 || this.borders.isEmpty || !this.isBehind(lon, lat, nearest)) return nearest;
    return this.within(lon, lat).find((place) => !this.isBehind(lon, lat, place)) || UNLINKED;
  }

  /** @param {number} lon @param {number} lat @returns {Link} */
  nearest(lon, lat) {
    const { network } = this;
    const perLon = METRES_PER_DEGREE * Math.cos(lat * RADIANS);
    let edge = -1;
    let along = NaN;
    let nearest = withSlack(this.maxM * this.maxM);
    /** @param {number} e */
    const look = (e) => {
      if (network.isIsland[e]) return;
      const { fraction, squaredM } = this.on(e, lon, lat, perLon);
      if (squaredM < nearest || (squaredM === nearest && (edge < 0 || e < edge))) {
        edge = e;
        along = fraction;
        nearest = squaredM;
      }
    };
    for (const e of this.loose) if (this.isWalked(e)) look(e);
    this.tree.near(lon, lat, () => withSlack(nearest), (e) => this.isInTree(e) && look(e));
    const accessM = Math.sqrt(nearest);
    return edge >= 0 && accessM <= this.maxM ? { edge, fraction: along, accessM } : UNLINKED;
  }

  /** All places within the limit, the nearest first. @param {number} lon @param {number} lat */
  within(lon, lat) {
    const perLon = METRES_PER_DEGREE * Math.cos(lat * RADIANS);
    const limit = withSlack(this.maxM * this.maxM);
    /** @type {(Link & {squaredM: number})[]} */
    const places = [];
    /** @param {number} e */
    const look = (e) => {
      if (this.network.isIsland[e]) return;
      const { fraction, squaredM } = this.on(e, lon, lat, perLon);
      const accessM = Math.sqrt(squaredM);
      if (accessM <= this.maxM) places.push({ edge: e, fraction, accessM, squaredM });
    };
    for (const e of this.loose) if (this.isWalked(e)) look(e);
    this.tree.near(lon, lat, () => limit, (e) => this.isInTree(e) && look(e));
    return places.sort((a, b) => a.squaredM - b.squaredM || a.edge - b.edge);
  }

  /** Where a link meets its street. @param {Link} link @returns {[number, number]} */
  at({ edge, fraction }) {
    const { lon, lat, tail, head } = this.network;
    const [t, h] = [tail[edge], head[edge]];
    return [lon[t] + fraction * (lon[h] - lon[t]), lat[t] + fraction * (lat[h] - lat[t])];
  }

  /** @param {number} lon @param {number} lat @param {Link} link */
  isBehind(lon, lat, link) {
    return this.borders.isCrossed(lon, lat, ...this.at(link));
  }

  /** Why a point is on no street. @param {number} lon @param {number} lat @returns {Said} */
  whyNot(lon, lat) {
    if (this.nearest(lon, lat).edge >= 0) return SAYS.behind(this.maxM);
    const perLon = METRES_PER_DEGREE * Math.cos(lat * RADIANS);
    const limit = withSlack(this.maxM * this.maxM);
    let isIsland = false;
    let isSpan = false;
    this.tree.near(lon, lat, () => limit, (e) => {
      if (this.network.isGone[e] || this.on(e, lon, lat, perLon).squaredM > limit) return;
      if (this.network.isSpan[e]) isSpan = true;
      else if (this.network.isIsland[e] && this.isWalked(e)) isIsland = true;
    });
    if (isIsland) return SAYS.island(this.maxM);
    return isSpan ? SAYS.span(this.maxM) : SAYS.noStreet(this.maxM);
  }
}
