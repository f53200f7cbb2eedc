"use strict";
// One service, measured: who is covered and what is missing, by unit.

/** The rules that a service is measured by, after minutes and pace were tried. @typedef {{layer: Layer, speed: number, thresholdMs: number}} Rules */

/**
 * @typedef {object} Measured
 * @property {Rules} rules
 * @property {Walker} walker
 * @property {Facility[]} facilities
 * @property {Float64Array} ms of every cell to its min_count-th nearest, Infinity beyond what a run searches
 * @property {Float64Array | null} access supply units per person at every origin; null without a norm
 * @property {Float64Array} gapOfRow
 * @property {boolean} hasNorm
 * @property {Int32Array} [counts] facilities within the threshold of every origin, where they were asked for
 * @property {UnitSums} sums
 */

/** Sums by unit, the whole district last. @typedef {{people: Float64Array, covered: Float64Array, gap: Float64Array}} UnitSums */

/** @param {Rules} rules @param {Walker} walker @param {Facility[]} facilities of the layer @returns {Measured} */
function measure(rules, walker, facilities) {
  const { layer, thresholdMs } = rules;
  const { study } = walker.world;
  const ms = timesToKth(rules, walker, facilities);
  const { supply, isSilent } = usableSupply(layer, facilities);
  if (layer.norm && isSilent && !layer.norm.from_policy) throw new Refusal(SAYS.normWithoutCapacity(layer.name));
  const hasNorm = layer.norm !== null && supply !== null;
  const access =
    hasNorm && supply
      ? supplyPerPerson(layer, thresholdMs, walker.columnsOf(layer, facilities, columnCutoff(rules, study)), supply, study.peopleAt[layer.group])
      : null;
  const gapOfRow = gapsOfRows(study, rules, ms, access);
  return { rules, walker, facilities, ms, access, gapOfRow, hasNorm, sums: sumsOf(study, rules, ms, gapOfRow) };
}

/** How far a run looks, in milliseconds. @param {Rules} rules @param {Study} study */
const searchedMs = ({ thresholdMs }, study) => secondsToMs((study.facts.shown_beyond * thresholdMs) / MS_PER_SECOND);

const BAND_MS = 300000; // a slider of minutes asks for new columns every five

/**
 * How far the columns of facilities reach: at least to the threshold and, where several must be near, as far as a run
 * looks for the k-th. Columns that are there are used for a shorter threshold too.
 * @param {Rules} rules @param {Study} study
 */
function columnCutoff(rules, study) {
  const { layer } = rules;
  /** @param {Rules} of */
  const needed = (of) => (layer.min_count > 1 ? searchedMs(of, study) : of.thresholdMs);
  const own = needed({ ...rules, thresholdMs: layer.threshold_ms });
  return needed(rules) <= own ? own : Math.ceil(needed(rules) / BAND_MS) * BAND_MS;
}

/** @param {Rules} rules @param {Walker} walker @param {Facility[]} facilities */
function timesToKth(rules, walker, facilities) {
  const { study } = walker.world;
  const k = rules.layer.min_count;
  const cutoff = searchedMs(rules, study);
  if (k === 1) return walker.nearest(walker.goals(rules.layer, facilities), cutoff);
  const least = new Float64Array(k * study.nCells).fill(Infinity); // each cell's k least times, ascending
  for (const { origin, ms } of walker.columnsOf(rules.layer, facilities, columnCutoff(rules, study))) {
    for (let n = 0; n < origin.length; n++) {
      if (origin[n] >= study.nCells || ms[n] > cutoff) continue;
      const first = k * origin[n];
      let place = k;
      while (place > 0 && least[first + place - 1] > ms[n]) place--;
      if (place === k) continue;
      least.copyWithin(first + place + 1, first + place, first + k - 1);
      least[first + place] = ms[n];
    }
  }
  return least.filter((_, n) => n % k === k - 1);
}

/** Supply as a catchment shares it out: null where too few facilities state a capacity. @param {Layer} layer @param {Facility[]} facilities */
function usableSupply(layer, facilities) {
  const n = facilities.length;
  const nStated = facilities.filter((f) => f.capacity !== null).length;
  const isSilent = n > 0 && nStated === 0;
  const isCountOnly = isSilent || (n > 0 && nStated < layer.least_capacity_share * n);
  return { supply: isCountOnly ? null : Float64Array.from(facilities, (f) => f.capacity || 0), isSilent };
}

/** What is missing in each row: places where there is a norm, else people who are not covered. @param {Study} study @param {Rules} rules @param {Float64Array} ms @param {Float64Array | null} access */
function gapsOfRows(study, { layer, thresholdMs }, ms, access) {
  const people = study.people[layer.group];
  const { norm } = layer;
  return people.map((heads, row) => {
    const cell = study.cellOfRow[row];
    if (!norm || !access) return ms[cell] <= thresholdMs ? 0 : heads;
    return Math.max(0, norm.per_head * study.people[norm.group][row] - heads * access[cell]);
  });
}

/** @param {Study} study @param {Rules} rules @param {Float64Array} ms @param {Float64Array} gapOfRow @returns {UnitSums} */
function sumsOf(study, { layer, thresholdMs }, ms, gapOfRow) {
  const { nUnits, nRows, cellOfRow, unitOfRow } = study;
  const heads = study.people[layer.group];
  const [people, covered, gap] = [0, 0, 0].map(() => new Float64Array(nUnits + 1));
  for (let row = 0; row < nRows; row++) {
    const unit = unitOfRow[row];
    people[unit] += heads[row];
    gap[unit] += gapOfRow[row];
    if (ms[cellOfRow[row]] <= thresholdMs) covered[unit] += heads[row];
  }
  for (const sums of [people, covered, gap]) sums[nUnits] = sums.subarray(0, nUnits).reduce((a, b) => a + b, 0);
  return { people, covered, gap };
}
