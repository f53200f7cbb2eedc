"use strict";
// The study of the page: what a run has read, before anything is changed.

/**
 * A facility, and the places by which it is entered.
 * @typedef {object} Facility
 * @property {string} key names it among all that were ever made, for what is kept of it
 * @property {string} id
 * @property {string} name
 * @property {string} layer
 * @property {number} lon
 * @property {number} lat
 * @property {number | null} capacity
 * @property {number[]} entrances rows of the layer's entrances; none: its own point
 */

/**
 * A service as the page is told of it.
 * @typedef {object} Layer
 * @property {string} id
 * @property {string} name
 * @property {string} profile
 * @property {string} group
 * @property {number} minutes
 * @property {number | null} metres
 * @property {number} threshold_ms
 * @property {number} min_count
 * @property {string | null} capacity_unit
 * @property {"two_step" | "three_step" | "modified"} catchment
 * @property {string} decay
 * @property {number} least_capacity_share
 * @property {{per_1000: number, per_head: number, group: string, from_policy: boolean} | null} norm
 * @property {number | null} usual_capacity
 * @property {{id: string, name: string, lon: number, lat: number, capacity: number | null}[]} facilities
 */

/** Points that are linked together. @typedef {{lon: Float64Array, lat: Float64Array}} Points */

class Study {
  /** @param {Pack} pack */
  constructor(pack) {
    this.facts = pack.facts;
    /** @type {Layer[]} */
    this.layers = pack.facts.layers;
    this.network = unpackNetwork(pack);
    /** @type {Record<string, {name: string, speed_m_s: number, pays_only_speed: boolean}>} */
    this.profiles = Object.fromEntries(pack.facts.profiles.map((/** @type {any} */ p) => [p.name, p]));
    /** @type {Record<string, number>} */
    this.speeds = Object.fromEntries(pack.facts.profiles.map((/** @type {any} */ p) => [p.name, p.speed_m_s]));
    const { lon, lat, tail, head } = this.network;
    /** @param {Float64Array} of @param {Int32Array} nodes */
    const at = (of, nodes) => {
      const values = new Float64Array(nodes.length);
      for (let e = 0; e < nodes.length; e++) values[e] = of[nodes[e]];
      return values;
    };
    this.tree = new EdgeTree({ tailLon: at(lon, tail), tailLat: at(lat, tail), headLon: at(lon, head), headLat: at(lat, head) });
    this.borders = new Borders({
      tailLon: pack.degrees("border_tail_lon"),
      tailLat: pack.degrees("border_tail_lat"),
      headLon: pack.degrees("border_head_lon"),
      headLat: pack.degrees("border_head_lat"),
    });
    /** Where walks start: the district's cells and, behind them, those beyond the border. @type {Points} */
    this.origins = { lon: pack.degrees("origin_lon"), lat: pack.degrees("origin_lat") };
    /** @type {Record<string, Int32Array>} */
    this.originEdge = unpackOriginEdges(pack, Object.keys(this.profiles));
    this.cellOfRow = pack.ints("cell_of_row");
    this.unitOfRow = pack.ints("unit_of_row");
    this.nRows = this.cellOfRow.length;
    this.nUnits = this.facts.units.length;
    this.nCells = this.cellOfRow.reduce((most, c) => Math.max(most, c + 1), 0);
    const groups = Object.keys(pack.arrays).filter((name) => name.startsWith("people/"));
    /** Persons by group and row. @type {Record<string, Float64Array>} */
    this.people = Object.fromEntries(groups.map((name) => [name.slice("people/".length), pack.doubles(name)]));
    /** Persons by group and origin: all who compete for supply. @type {Record<string, Float64Array>} */
    this.peopleAt = Object.fromEntries(Object.keys(this.people).map((group) => [group, this.competitors(pack, group)]));
    /** Rows of each cell: `rowsOf` from `firstRow` on. */
    this.firstRow = new Int32Array(this.nCells + 1);
    for (const c of this.cellOfRow) this.firstRow[c + 1]++;
    for (let c = 0; c < this.nCells; c++) this.firstRow[c + 1] += this.firstRow[c];
    this.rowsOf = new Int32Array(this.nRows);
    const next = this.firstRow.slice();
    this.cellOfRow.forEach((c, row) => (this.rowsOf[next[c]++] = row));
    /** Entrances by layer. @type {Record<string, Points & {edge: Int32Array}>} */
    this.entrances = Object.fromEntries(this.layers.map(({ id }) => [id, unpackEntrances(pack, id)]));
    this.facilities = this.layers.flatMap((layer) => unpackFacilities(pack, layer));
    /** Outlines of facilities that have one, by facility's key. @type {Map<string, {facility: Facility, outline: Outline}>} */
    this.outlines = new Map();
    for (const layer of this.layers) {
      const own = this.facilities.filter((f) => f.layer === layer.id);
      unpackOutlines(pack, layer).forEach((outline, k) => this.outlines.set(own[k].key, { facility: own[k], outline }));
    }
    this.area = { lon: pack.degrees("area_lon"), lat: pack.degrees("area_lat"), ring: pack.ints("area_ring") };
  }

  /** @param {Pack} pack @param {string} group */
  competitors(pack, group) {
    const at = new Float64Array(this.origins.lon.length);
    this.people[group].forEach((n, row) => (at[this.cellOfRow[row]] += n));
    if (pack.has(`around/${group}`)) at.set(pack.doubles(`around/${group}`), this.nCells);
    return at;
  }

  /** Whether a place lies in the district or its buffer: an odd number of its rings' sides lie north of it. @param {number} lon @param {number} lat */
  isInside(lon, lat) {
    const { lon: x, lat: y, ring } = this.area;
    let inside = false;
    for (let k = 1; k < x.length; k++) {
      if (ring[k] !== ring[k - 1] || x[k] > lon === x[k - 1] > lon) continue;
      if (lat < y[k - 1] + ((lon - x[k - 1]) / (x[k] - x[k - 1])) * (y[k] - y[k - 1])) inside = !inside;
    }
    return inside;
  }
}

/** The edge that each start is linked to, by profile: the first's own, the others' beside it. @param {Pack} pack @param {string[]} profiles */
function unpackOriginEdges(pack, profiles) {
  const first = pack.ints(`${profiles[0]}/origin_edge`);
  return Object.fromEntries(
    profiles.map((name, k) => [name, k === 0 ? first : pack.ints(`${name}/origin_edge`).map((more, i) => first[i] + more)]),
  );
}

/** @param {Pack} pack @param {string} layer */
const unpackEntrances = (pack, layer) => ({
  lon: pack.degrees(`${layer}/entrance_lon`),
  lat: pack.degrees(`${layer}/entrance_lat`),
  edge: pack.ints(`${layer}/entrance_edge`),
});

/** @param {Pack} pack @param {Layer} layer @returns {Facility[]} */
function unpackFacilities(pack, layer) {
  /** @type {number[][]} */
  const entrances = layer.facilities.map(() => []);
  pack.ints(`${layer.id}/entrance_owner`).forEach((f, row) => entrances[f].push(row));
  return layer.facilities.map((f, k) => ({ ...f, key: `${layer.id}/${k}`, layer: layer.id, entrances: entrances[k] }));
}
