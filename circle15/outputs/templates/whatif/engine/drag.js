"use strict";
// One step of a place that is dragged: what it changes beside a basket that stays as it is.

/**
 * What moves: the change that adds it, the changes without it, and without the closings that move with it too.
 * @typedef {{add: Change, basket: Change[], without: Change[]}} Moving
 */

/** @param {Change[]} changes @param {number[]} moving indices of changes @returns {Moving} */
function movingOf(changes, moving) {
  const index = moving.find((k) => changes[k].kind === "add_facility");
  if (index === undefined) throw new Refusal(SAYS.noPlace());
  return {
    add: changes[index],
    basket: changes.filter((_, k) => k !== index),
    without: changes.filter((_, k) => !moving.includes(k)),
  };
}

/** A service before something moves, with its closings alone, and what is then lost. @typedef {{before: Measured, basket: Measured, lost: number[]}} Scene */

class Drag {
  /** @param {WhatIf} whatIf @param {Moving} moving @param {Options} options */
  constructor(whatIf, moving, options) {
    this.study = whatIf.study;
    this.add = moving.add;
    const k = this.study.layers.findIndex((layer) => layer.id === moving.add.layer);
    if (k < 0) throw new Refusal(SAYS.noLayer(String(moving.add.layer)));
    this.before = whatIf.state(moving.without, options).measured[k];
    this.basket = whatIf.state(moving.basket, options).measured[k];
    /** Cells that the closings cost. @type {number[]} */
    this.lost = [];
    if (this.before !== this.basket) {
      const { thresholdMs } = this.basket.rules;
      for (let c = 0; c < this.study.nCells; c++) {
        if (this.before.ms[c] <= thresholdMs && !(this.basket.ms[c] <= thresholdMs)) this.lost.push(c);
      }
    }
  }

  /** @param {{lon: number, lat: number}} place */
  step({ lon, lat }) {
    const { walker, rules } = this.basket;
    const { layer } = rules;
    /** @type {Facility} */
    let facility;
    try {
      facility = addedFacility(this.study, [], { ...this.add, id: undefined, lon, lat });
    } catch (error) {
      if (error instanceof Refusal) return this.answer(lon, lat, null, error.said, this.basket.sums, []);
      throw error;
    }
    const linker = walker.world.linker(walker.profile);
    const link = linker.link(facility.lon, facility.lat);
    const why = link.edge < 0 ? linker.whyNot(facility.lon, facility.lat) : null;
    const street = link.edge < 0 ? null : { accessM: link.accessM, at: linker.at(link) };
    if (!isMarginal(this.basket, facility)) {
      const after = measure(rules, walker, [...this.basket.facilities, facility]);
      return this.answer(facility.lon, facility.lat, street, why, after.sums, this.newlyCovered(after));
    }
    const goals = walker.goals(layer, [facility]);
    const column = columnOf(walker.graph, walker.origins, walker.originIndex, goals.places, goals.rows[0], rules.thresholdMs);
    const { sums, covered } = withOneMore(this.basket, column, facility.capacity || 0);
    return this.answer(facility.lon, facility.lat, street, why, sums, covered);
  }

  /** Cells that a measure covers beyond the basket. @param {Measured} after */
  newlyCovered({ ms, rules: { thresholdMs } }) {
    const cells = [];
    for (let c = 0; c < ms.length; c++) if (ms[c] <= thresholdMs && !(this.basket.ms[c] <= thresholdMs)) cells.push(c);
    return cells;
  }

  /**
   * @param {number} lon @param {number} lat @param {{accessM: number, at: [number, number]} | null} street
   * @param {Said | null} why @param {UnitSums} after @param {number[]} covered cells beyond the basket's
   */
  answer(lon, lat, street, why, after, covered) {
    const { layer, thresholdMs } = this.basket.rules;
    const { facts, nUnits } = this.study;
    const again = new Set(covered);
    const before = this.before.sums;
    const ids = [...facts.units.map((/** @type {any} */ u) => u.unit_id), facts.district_id];
    const rows = ids.map((unitId, u) => ({
      unit_id: unitId,
      people: before.people[u],
      covered_before: before.covered[u],
      covered_after: after.covered[u],
      gap_before: before.gap[u],
      gap_after: after.gap[u],
    }));
    const units = facts.is_one_unit ? rows.slice(nUnits) : rows; // as in the tables
    return {
      ok: why === null,
      why,
      lon,
      lat,
      access_m: street && street.accessM,
      street: street && street.at,
      layer: layer.id,
      group: layer.group,
      capacity_unit: layer.capacity_unit,
      gained: this.rowsOf(covered.filter((c) => !(this.before.ms[c] <= thresholdMs))),
      lost: this.rowsOf(this.lost.filter((c) => !again.has(c))),
      units,
      worst: facts.is_one_unit ? -1 : worstOff(rows.slice(0, nUnits)),
      covered_gain: after.covered[nUnits] - before.covered[nUnits],
      gap_closed: this.basket.hasNorm ? before.gap[nUnits] - after.gap[nUnits] : null,
    };
  }

  /** @param {number[]} cells */
  rowsOf(cells) {
    const { firstRow, rowsOf } = this.study;
    return Int32Array.from(cells.flatMap((c) => Array.from(rowsOf.subarray(firstRow[c], firstRow[c + 1]))));
  }
}

/** Whether one more facility leaves what others give as it is: where people do not choose, and what is counted stays. @param {Measured} basket @param {Facility} facility */
function isMarginal({ rules: { layer }, hasNorm, facilities }, facility) {
  const { supply } = usableSupply(layer, [...facilities, facility]);
  const countsPlaces = layer.norm !== null && supply !== null;
  return countsPlaces === hasNorm && !(hasNorm && layer.catchment === "three_step");
}

/** Sums with one more facility of some capacity, and the cells that it newly covers. @param {Measured} basket @param {Column} column @param {number} capacity */
function withOneMore(basket, column, capacity) {
  const { rules, access, ms: before } = basket;
  const { layer, thresholdMs } = rules;
  const { study } = basket.walker.world;
  const { norm } = layer;
  const [people, needing] = [study.people[layer.group], norm && study.people[norm.group]];
  const counts = layer.min_count > 1 ? countsWithin(basket) : null;
  const sums = { people: basket.sums.people, covered: basket.sums.covered.slice(), gap: basket.sums.gap.slice() };
  const weights = access && weightsOf(layer, thresholdMs, column);
  const ratio = weights ? ratioOf(capacity, column, weights, study.peopleAt[layer.group]) : 0;
  /** @type {number[]} */
  const covered = [];
  for (let k = 0; k < column.origin.length; k++) {
    const c = column.origin[k];
    if (c >= study.nCells) continue;
    const isNew = counts ? counts[c] === layer.min_count - 1 : !(before[c] <= thresholdMs);
    if (isNew) covered.push(c);
    for (let r = study.firstRow[c]; r < study.firstRow[c + 1]; r++) {
      const row = study.rowsOf[r];
      const unit = study.unitOfRow[row];
      let closed = isNew ? people[row] : 0;
      if (isNew) addTo(sums.covered, unit, study.nUnits, people[row]);
      if (access && weights && norm && needing) {
        const gap = Math.max(0, norm.per_head * needing[row] - people[row] * (access[c] + ratio * given(layer, weights[k])));
        closed = basket.gapOfRow[row] - gap;
      }
      if (closed !== 0) addTo(sums.gap, unit, study.nUnits, -closed);
    }
  }
  return { sums, covered };
}

/** @param {Float64Array} sums @param {number} unit @param {number} whole @param {number} more */
function addTo(sums, unit, whole, more) {
  sums[unit] += more;
  sums[whole] += more;
}

/** How many facilities each cell has within the threshold. @param {Measured} measured @returns {Int32Array} */
function countsWithin(measured) {
  if (measured.counts) return measured.counts;
  const { rules, walker, facilities } = measured;
  const { study } = walker.world;
  const counts = new Int32Array(study.origins.lon.length);
  for (const { origin, ms } of walker.columnsOf(rules.layer, facilities, columnCutoff(rules, study))) {
    for (let k = 0; k < origin.length; k++) if (ms[k] <= rules.thresholdMs) counts[origin[k]]++;
  }
  return (measured.counts = counts);
}

/** The unit with the least covered share, -1 where nobody lives. @param {{people: number, covered_after: number}[]} units */
function worstOff(units) {
  let worst = -1;
  units.forEach(({ people, covered_after: covered }, u) => {
    if (people > 0 && (worst < 0 || covered / people < units[worst].covered_after / units[worst].people)) worst = u;
  });
  return worst;
}
