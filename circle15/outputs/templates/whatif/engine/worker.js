"use strict";
// The worker's door: opens the page's data at the first call and answers one call after another.

/** @type {WhatIf | null} */
let whatIf = null;

/** What the page may call, by name. @type {Record<string, (...args: any[]) => any>} */
const CALLS = {
  open: async (/** @type {string} */ text) => {
    whatIf = new WhatIf(new Study(new Pack(await inflated(text))));
    return whatIf.info();
  },
  evaluate: (changes, options) => opened().evaluate(changes, options),
  drag: (changes, moving, place, options) => opened().drag(changes, moving, place, options),
  dragPath: (changes, index, line, options) => opened().dragPath(changes, index, line, options),
  snap: (changes, place, toleranceM) => opened().snap(changes, place, toleranceM),
  way: (layer, row, changes, options) => opened().way(layer, row, changes, options),
  best: (changes, moving, place, options) => opened().best(changes, moving, place, options),
};

function opened() {
  if (!whatIf) throw new Error("the what-if is not open");
  return whatIf;
}

/** @param {string} base64 */
async function inflated(base64) {
  const packed = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** @param {unknown} error */
function plainError(error) {
  if (error instanceof Refusal) return { message: error.message, said: error.said, change: error.change };
  return { message: error instanceof Error ? `${error.message}\n${error.stack}` : String(error) };
}

let turn = Promise.resolve();

if (typeof self !== "undefined" && typeof document === "undefined") {
  self.onmessage = ({ data }) => {
    const { id, name, args } = data;
    turn = turn.then(async () => {
      try {
        const started = performance.now();
        const value = await CALLS[name](...args);
        self.postMessage({ id, value, ms: performance.now() - started });
      } catch (error) {
        self.postMessage({ id, error: plainError(error) });
      }
    });
  };
}
