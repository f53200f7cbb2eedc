"use strict";
// Supply per person by the floating catchments that a config may ask for (measures/catchment.py names the sources).

/**
 * Supply units per person at every origin.
 * @param {Layer} layer @param {number} thresholdMs @param {Column[]} columns of the facilities @param {Float64Array} supply of them
 * @param {Float64Array} people of every origin
 */
function supplyPerPerson(layer, thresholdMs, columns, supply, people) {
  const weights = columns.map((column) => weightsOf(layer, thresholdMs, column));
  if (layer.catchment === "three_step") shareChoice(columns, weights, people.length);
  const access = new Float64Array(people.length);
  columns.forEach((column, f) => {
    const ratio = ratioOf(supply[f], column, weights[f], people);
    if (ratio > 0) for (let k = 0; k < column.origin.length; k++) access[column.origin[k]] += ratio * given(layer, weights[f][k]);
  });
  return access;
}

/** @param {Layer} layer @param {number} thresholdMs @param {Column} column */
function weightsOf(layer, thresholdMs, { ms }) {
  const decay = DECAYS[layer.decay];
  return ms.map((t) => (t <= thresholdMs ? decay(t / MS_PER_SECOND, thresholdMs / MS_PER_SECOND) : 0));
}

/** What of a facility's ratio a walk brings: distance wastes supply in the modified catchment. @param {Layer} layer @param {number} weight */
const given = (layer, weight) => (layer.catchment === "modified" ? weight * weight : weight);

/** Supply per person who comes; what nobody demands is given to nobody. @param {number} supply @param {Column} column @param {Float64Array} weights @param {Float64Array} people */
function ratioOf(supply, column, weights, people) {
  let demand = 0;
  for (let k = 0; k < weights.length; k++) demand += people[column.origin[k]] * weights[k];
  return demand > 0 ? supply / demand : 0;
}

/** Weighs each walk by the share of it among its origin's walks: people choose. @param {Column[]} columns @param {Float64Array[]} weights @param {number} nOrigins */
function shareChoice(columns, weights, nOrigins) {
  const sums = new Float64Array(nOrigins);
  columns.forEach(({ origin }, f) => origin.forEach((i, k) => (sums[i] += weights[f][k])));
  columns.forEach(({ origin }, f) => {
    weights[f] = weights[f].map((w, k) => (sums[origin[k]] > 0 ? w * (w / sums[origin[k]]) : 0));
  });
}
