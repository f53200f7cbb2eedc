"use strict";
// A scenario's changes, made in the order in which a run makes them: paths first, then facilities.

/**
 * One [[change]] table.
 * @typedef {object} Change
 * @property {string} kind
 * @property {string} [layer]
 * @property {number} [lon]
 * @property {number} [lat]
 * @property {string} [id]
 * @property {string} [name]
 * @property {number | null} [capacity]
 * @property {Line} [line]
 * @property {number} [tolerance_m]
 */

const PATH_KINDS = new Set(["add_path", "close_path"]);
const PLACE_KINDS = new Set(["add_facility", "close_facility", "set_capacity"]);
const WORLDS_KEPT = 2;

/** Runs what refuses a change, and says which one it is. @template T @param {number} index @param {() => T} make @returns {T} */
function ofChange(index, make) {
  try {
    return make();
  } catch (error) {
    if (error instanceof Refusal && error.change < 0) error.change = index;
    throw error;
  }
}

/** Keeps the streets of the scenarios that were last computed. */
class Worlds {
  /** @param {Study} study */
  constructor(study) {
    this.base = World.before(study);
    /** @type {Map<string, {world: World, told: Told[]}>} */
    this.known = new Map();
  }

  /** The streets after a scenario's paths, and what must be known of them. @param {Change[]} changes */
  after(changes) {
    let key = "";
    let found = { world: this.base, told: /** @type {Told[]} */ ([]) };
    /** @type {number[]} */
    const indices = []; // of the paths among the changes: streets do not depend on what stands between
    changes.forEach((change, index) => {
      if (!PATH_KINDS.has(change.kind)) return;
      key += JSON.stringify([change.kind, change.line, change.tolerance_m]);
      const { world, told } = found;
      const number = indices.push(index) - 1;
      found = kept(this.known, key, () => ofChange(index, () => changePath(world, change, number, told)));
      this.known.delete(key); // the last used stands last
      this.known.set(key, found);
    });
    const nKept = indices.length + WORLDS_KEPT; // the steps of this scenario, and some of others
    for (const old of [...this.known.keys()].slice(0, -nKept)) this.known.delete(old);
    return { world: found.world, told: found.told.map((t) => ({ ...t, change: indices[t.change] })) };
  }
}

/** @typedef {Said & {change: number}} Told */

/** @param {World} world @param {Change} change @param {number} number of the path among the paths @param {Told[]} told */
function changePath(world, change, number, told) {
  const line = checkedLine(change.line);
  const toleranceM = change.tolerance_m || JOIN_TOLERANCE_M;
  const { speeds, tree } = world.study;
  if (change.kind === "close_path") {
    const closed = closePath(world.network, tree, speeds, line, toleranceM);
    if (closed.nEdges === 0) throw new Refusal(SAYS.closesNothing(closed.nearestM, toleranceM));
    return { world: world.after(closed.draft), told };
  }
  const added = addPath(world.network, tree, speeds, line, toleranceM);
  if (added.ends.every((end) => !end.isJoined)) throw new Refusal(SAYS.joinsNothing(added.ends, toleranceM));
  const missed = added.ends.filter((end) => !end.isJoined).map((end) => ({ change: number, ...SAYS.misses(end, toleranceM) }));
  return { world: world.after(added.draft), told: [...told, ...missed] };
}

/** @param {unknown} line @returns {Line} */
function checkedLine(line) {
  const isLine =
    Array.isArray(line) &&
    line.length > 1 &&
    line.every((p) => Array.isArray(p) && p.length === 2 && Math.abs(p[0]) <= 180 && Math.abs(p[1]) <= 90) &&
    line.some((p) => p[0] !== line[0][0] || p[1] !== line[0][1]);
  if (!isLine) throw new Refusal(SAYS.noLine());
  return /** @type {Line} */ (line);
}

/** The facilities after a scenario's changes. @param {Study} study @param {Change[]} changes @returns {Facility[]} */
function changeFacilities(study, changes) {
  let facilities = study.facilities;
  changes.forEach((change, index) => {
    if (PATH_KINDS.has(change.kind)) return;
    facilities = ofChange(index, () => changeFacility(study, facilities, change));
  });
  return facilities;
}

/** @param {Study} study @param {Facility[]} facilities @param {Change} change @returns {Facility[]} */
function changeFacility(study, facilities, change) {
  if (!PLACE_KINDS.has(change.kind)) throw new Refusal(SAYS.noKind(change.kind));
  if (change.layer !== undefined && !study.layers.some((layer) => layer.id === change.layer)) {
    throw new Refusal(SAYS.noLayer(change.layer));
  }
  if (change.kind === "add_facility") return [...facilities, addedFacility(study, facilities, change)];
  const row = rowOf(facilities, change);
  if (change.kind === "close_facility") return facilities.filter((_, k) => k !== row);
  const capacity = checkedCapacity(change);
  if (capacity === null) throw new Refusal(SAYS.noCapacity());
  return facilities.map((facility, k) => (k === row ? { ...facility, capacity } : facility));
}

/** @param {Study} study @param {Facility[]} facilities @param {Change} change @returns {Facility} */
function addedFacility(study, facilities, change) {
  const { layer } = change;
  if (layer === undefined) throw new Refusal(SAYS.noLayer(""));
  if (!Number.isFinite(change.lon) || !Number.isFinite(change.lat)) throw new Refusal(SAYS.noPlace());
  const lon = asPrinted(/** @type {number} */ (change.lon));
  const lat = asPrinted(/** @type {number} */ (change.lat));
  if (!study.isInside(lon, lat)) throw new Refusal(SAYS.outside());
  const taken = new Set(facilities.map((f) => f.id));
  if (change.id && taken.has(change.id)) throw new Refusal(SAYS.idTaken(change.id));
  let n = 1;
  while (taken.has(`${layer}-new-${n}`)) n++;
  const id = change.id || `${layer}-new-${n}`;
  const capacity = checkedCapacity(change);
  return { key: `@${layer}/${lon},${lat}`, id, name: change.name || id, layer, lon, lat, capacity, entrances: [] };
}

/** @param {Change} change */
function checkedCapacity({ capacity }) {
  if (capacity === undefined || capacity === null) return null;
  if (!(Number.isFinite(capacity) && capacity >= 0)) throw new Refusal(SAYS.noCapacity());
  return capacity;
}

/** @param {Facility[]} facilities @param {Change} change */
function rowOf(facilities, { id, layer }) {
  /** @type {number[]} */
  const rows = [];
  facilities.forEach((f, k) => f.id === id && (layer === undefined || f.layer === layer) && rows.push(k));
  if (rows.length === 0) throw new Refusal(SAYS.noFacility(String(id)));
  if (rows.length > 1) throw new Refusal(SAYS.severalFacilities(String(id)));
  return rows[0];
}
