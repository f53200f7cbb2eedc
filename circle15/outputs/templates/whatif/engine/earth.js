"use strict";
// Distances on the sphere and the one rounding of times, step by step as the product computes them.

const EARTH_RADIUS_M = 6371009.0;
const RADIANS = Math.PI / 180;
const METRES_PER_DEGREE = (EARTH_RADIUS_M * Math.PI) / 180;
const MS_PER_SECOND = 1000;

/** Half up, as times are rounded. @param {number} value */
const halfUp = (value) => Math.floor(value + 0.5);

/** Whole milliseconds of walking. @param {number} metres @param {number} speed metres per second */
const metresToMs = (metres, speed) => halfUp(metres * (MS_PER_SECOND / speed));

/** A cutoff in whole milliseconds; the tiny term undoes binary representation. @param {number} seconds */
const secondsToMs = (seconds) => Math.floor(seconds * MS_PER_SECOND + 1e-6);

/**
 * Great-circle metres.
 * @param {number} lon1 @param {number} lat1 @param {number} lon2 @param {number} lat2
 */
function haversineM(lon1, lat1, lon2, lat2) {
  const phi1 = lat1 * RADIANS;
  const phi2 = lat2 * RADIANS;
  const north = Math.sin((phi2 - phi1) / 2);
  const east = Math.sin(((lon2 - lon1) * RADIANS) / 2);
  const h = north * north + Math.cos(phi1) * Math.cos(phi2) * (east * east);
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(Math.min(h, 1)));
}

/**
 * The length of a vector to the last bit, so that distances which tie in the product tie here (Borges 2019,
 * arXiv:1904.09481, the correction of sqrt(x x + y y)).
 * @param {number} x @param {number} y
 */
function hypotenuse(x, y) {
  const a = Math.max(Math.abs(x), Math.abs(y));
  const b = Math.min(Math.abs(x), Math.abs(y));
  const h = Math.sqrt(a * a + b * b);
  if (h === 0) return 0;
  const isFlat = h > 2 * b;
  const delta = isFlat ? h - a : h - b;
  const first = isFlat ? 2 * delta * (a - 2 * b) : a * (2 * delta - a);
  const second = isFlat ? (4 * delta - b) * b + delta * delta : (delta - 2 * (a - b)) * delta;
  return h - (first + second) / (2 * h);
}

/** Degrees as places are kept: to 1e-7. @param {number} degrees */
const asPrinted = (degrees) => Number(degrees.toFixed(7));
