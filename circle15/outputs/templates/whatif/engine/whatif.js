"use strict";
// The what-if: a scenario's numbers, as a run of it gives them.

/**
 * What is tried beside proposals: other minutes by layer, another pace by profile.
 * @typedef {{minutes?: Record<string, number>, pace?: Record<string, number>}} Options
 */

/** A scenario, computed. @typedef {{measured: Measured[], told: Told[], isTrial: boolean}} State */

const STATES_KEPT = 6;

class WhatIf {
  /** @param {Study} study */
  constructor(study) {
    this.study = study;
    this.worlds = new Worlds(study);
    /** @type {Map<string, State>} */
    this.states = new Map();
    /** @type {State | null} */
    this.base = null;
    this.base = this.state([], {});
    /** @type {{key: string, drag: Drag} | null} */
    this.scene = null;
  }

  /** @param {Change[]} changes @param {Options} options @returns {State} */
  state(changes, options) {
    const key = JSON.stringify([changes, options]);
    const found = kept(this.states, key, () => this.compute(changes, options));
    this.states.delete(key); // the last used stands last
    this.states.set(key, found);
    for (const old of [...this.states.keys()].slice(0, -STATES_KEPT)) this.states.delete(old);
    return found;
  }

  /** @param {Change[]} changes @param {Options} options @returns {State} */
  compute(changes, options) {
    const { world, told } = this.worlds.after(changes);
    const facilities = changeFacilities(this.study, changes);
    const measured = this.study.layers.map((layer, k) => {
      const own = facilities.filter((f) => f.layer === layer.id);
      const rules = this.rules(layer, options);
      const walker = world.walker(layer.profile, rules.speed);
      const before = this.base && this.base.measured[k];
      return before && isAsBefore(before, rules, walker, own) ? before : measure(rules, walker, own);
    });
    return { measured, told: [...told, ...this.notes(options), ...this.offStreets(measured, changes)], isTrial: isTrial(options) };
  }

  /** @param {Layer} layer @param {Options} options @returns {Rules} */
  rules(layer, { minutes, pace }) {
    const profile = this.study.profiles[layer.profile];
    const speed = (pace && pace[layer.profile]) || profile.speed_m_s;
    if (speed !== profile.speed_m_s && !profile.pays_only_speed) throw new Refusal(SAYS.paceIsFixed(profile.name));
    const tried = minutes && minutes[layer.id];
    if (tried) return { layer, speed, thresholdMs: secondsToMs(tried * 60) };
    const thresholdMs = layer.metres === null || speed === profile.speed_m_s ? layer.threshold_ms : secondsToMs(layer.metres / speed);
    return { layer, speed, thresholdMs };
  }

  /** @param {Options} options @returns {Told[]} */
  notes({ minutes }) {
    const longer = this.study.layers.some(({ id, threshold_ms: ms }) => minutes && minutes[id] * 60 * MS_PER_SECOND > ms);
    return longer ? [{ change: -1, ...SAYS.beyondBuffer() }] : [];
  }

  /** Added facilities that no street is near: they serve nobody. @param {Measured[]} measured @param {Change[]} changes @returns {Told[]} */
  offStreets(measured, changes) {
    return changes.flatMap((change, index) => {
      if (change.kind !== "add_facility") return [];
      const of = measured.find(({ rules }) => rules.layer.id === change.layer);
      if (!of) return [];
      const linker = of.walker.world.linker(of.walker.profile);
      const [lon, lat] = [asPrinted(Number(change.lon)), asPrinted(Number(change.lat))];
      return linker.link(lon, lat).edge < 0 ? [{ change: index, ...linker.whyNot(lon, lat) }] : [];
    });
  }

  /** What the page must know before anything is changed. */
  info() {
    const { facts, layers, nRows } = this.study;
    return {
      district_id: facts.district_id,
      lang: facts.lang,
      config_sha256: facts.config_sha256,
      units: facts.units,
      layers: layers.map(({ facilities, norm, ...layer }) => ({
        ...layer,
        norm_per_1000: norm && norm.per_1000,
        n_facilities: facilities.length,
      })),
      profiles: facts.profiles,
      facilities: layers.flatMap((layer) => layer.facilities.map((f) => ({ ...f, layer: layer.id }))),
      candidates: facts.candidates,
      budget: facts.budget,
      max_access_m: facts.max_access_m,
      n_rows: nRows,
      base: this.evaluate([]),
    };
  }

  /** @param {Change[]} changes @param {Options} [options] */
  evaluate(changes, options = {}) {
    return this.answer(this.state(changes, options));
  }

  /** @param {State} state */
  answer(state) {
    return { units: this.unitRows(state), rows: this.rowTimes(state), thresholds: thresholdsOf(state), told: state.told, cannot: [], trial: state.isTrial };
  }

  /** One step of a place that is dragged. @param {Change[]} changes @param {number[]} moving @param {{lon: number, lat: number}} place @param {Options} [options] */
  drag(changes, moving, place, options = {}) {
    return this.dragging(changes, moving, options).step(place);
  }

  /** @param {Change[]} changes @param {number[]} moving @param {{lon: number, lat: number}} place @param {Options} [options] */
  best(changes, moving, place, options = {}) {
    return bestPlaceNear(this.dragging(changes, moving, options), place);
  }

  /** The scene of a drag, kept from one step to the next. @param {Change[]} changes @param {number[]} moving @param {Options} options */
  dragging(changes, moving, options) {
    const parts = movingOf(changes, moving);
    const { lon: _lon, lat: _lat, ...add } = parts.add;
    const key = JSON.stringify([add, parts.basket, parts.without, options]);
    if (!this.scene || this.scene.key !== key) this.scene = { key, drag: new Drag(this, parts, options) };
    return this.scene.drag;
  }

  /** A path while it is drawn: where its ends join, and the whole scenario with it. @param {Change[]} changes @param {number} index @param {Line} line @param {Options} [options] */
  dragPath(changes, index, line, options = {}) {
    const drawn = changes.map((change, k) => (k === index ? { ...change, line } : change));
    const toleranceM = changes[index].tolerance_m || JOIN_TOLERANCE_M;
    const { network } = this.worlds.after(changes.slice(0, index)).world;
    const ends = /** @type {const} */ (["start", "end"]).map((end) => {
      const { missM, isJoined, at } = joinAt(network, this.study.tree, end === "start" ? line[0] : line[line.length - 1], toleranceM);
      return { end, miss_m: missM, joined: isJoined, street: at };
    });
    const lengthM = line.slice(1).reduce((sum, point, k) => sum + haversineM(...line[k], ...point), 0);
    try {
      return { ok: true, why: null, ends, length_m: lengthM, result: this.answer(this.compute(drawn, options)) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { ok: false, why: error.said, ends, length_m: lengthM, result: null };
    }
  }

  /** Where a path's end would join the streets. @param {Change[]} changes @param {{lon: number, lat: number}} place @param {number} toleranceM */
  snap(changes, { lon, lat }, toleranceM) {
    const { missM, isJoined, at } = joinAt(this.worlds.after(changes).world.network, this.study.tree, [lon, lat], toleranceM);
    return { joined: isJoined, miss_m: missM, street: at };
  }

  /** The walk that stands behind a number. @param {string} layer @param {number} row @param {Change[]} changes @param {Options} [options] */
  way(layer, row, changes, options = {}) {
    const measured = this.state(changes, options).measured.find(({ rules }) => rules.layer.id === layer);
    if (!measured) throw new Refusal(SAYS.noLayer(layer));
    return wayFrom(measured, this.study.cellOfRow[row]);
  }

  /** One row per unit and layer, as in coverage.csv. @param {State} state */
  unitRows({ measured }) {
    const { units, district_id: district, is_one_unit: isOne } = this.study.facts;
    const ids = [...units.map((/** @type {any} */ u) => u.unit_id), district];
    return ids.flatMap((unitId, u) =>
      isOne && u < units.length
        ? []
        : measured.map(({ rules, sums }) => ({
            unit_id: unitId,
            layer: rules.layer.id,
            people: sums.people[u],
            covered_people: sums.covered[u],
            gap: sums.gap[u],
          })),
    );
  }

  /** Milliseconds of every row of cells.parquet, -1: none within what a run searches. @param {State} state @returns {Record<string, Int32Array>} */
  rowTimes({ measured }) {
    const { cellOfRow } = this.study;
    return Object.fromEntries(
      measured.map(({ rules, ms }) => [rules.layer.id, Int32Array.from(cellOfRow, (c) => (ms[c] === Infinity ? -1 : ms[c]))]),
    );
  }
}

/** @param {State} state @returns {Record<string, number>} */
const thresholdsOf = ({ measured }) => Object.fromEntries(measured.map(({ rules }) => [rules.layer.id, rules.thresholdMs]));

/** @param {Options} options */
const isTrial = ({ minutes, pace }) => Object.keys(minutes || {}).length + Object.keys(pace || {}).length > 0;

/** @param {Measured} before @param {Rules} rules @param {Walker} walker @param {Facility[]} facilities */
function isAsBefore(before, rules, walker, facilities) {
  return (
    before.walker === walker &&
    before.rules.thresholdMs === rules.thresholdMs &&
    before.facilities.length === facilities.length &&
    before.facilities.every((f, k) => f === facilities[k])
  );
}
