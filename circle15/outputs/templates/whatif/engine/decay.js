"use strict";
// How attraction fades with walking time (measures/decay.py names the sources).

const STEP_WEIGHTS = [1, 0.68, 0.22];
const AT_RIM = Math.exp(-0.5);

/** The weight of a walk. @type {Record<string, (seconds: number, threshold: number) => number>} */
const DECAYS = {
  binary: () => 1,
  // The tiny term keeps a time of exactly one third inside its third although T / 3 is not a binary fraction.
  stepped: (seconds, threshold) => {
    const thirds = (3 * seconds) / threshold - 1e-12;
    return thirds <= 1 ? STEP_WEIGHTS[0] : thirds <= 2 ? STEP_WEIGHTS[1] : STEP_WEIGHTS[2];
  },
  gaussian: (seconds, threshold) => Math.max((Math.exp(-0.5 * (seconds / threshold) ** 2) - AT_RIM) / (1 - AT_RIM), 0),
  kernel: (seconds, threshold) => 1 - (seconds / threshold) ** 2,
};
