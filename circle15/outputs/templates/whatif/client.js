"use strict";
// The page's side of the what-if: a worker that computes, started when it is first asked for, and the calls to it.
var circle15 = circle15 || {};

circle15.whatif = (function () {
  /** @type {Worker | null} */
  let worker = null;
  let count = 0;
  const waiting = new Map(); // by number of the call: its resolve and reject
  let opening = null;
  let info = null;
  let dragging = null; // the drag that is being computed
  let nextDrag = null; // the newest that waits for it

  /** @param {string} id */
  const textOf = (id) => (document.getElementById(id)?.textContent || "").trim();

  function start() {
    const url = URL.createObjectURL(new Blob([textOf("c15-whatif-engine")], { type: "text/javascript" }));
    worker = new Worker(url);
    URL.revokeObjectURL(url);
    worker.onmessage = ({ data }) => {
      const { resolve, reject } = waiting.get(data.id);
      waiting.delete(data.id);
      if (data.error) reject(Object.assign(new Error(data.error.message), data.error));
      else resolve(data);
    };
    worker.onerror = (event) => {
      for (const { reject } of waiting.values()) reject(new Error(event.message || "the what-if's worker failed"));
      waiting.clear();
    };
  }

  function call(name, ...args) {
    if (!worker) start();
    const started = /** @type {Worker} */ (worker);
    return new Promise((resolve, reject) => {
      waiting.set(++count, { resolve, reject });
      started.postMessage({ id: count, name, args });
    });
  }

  // The answer to evaluate: cells as null or milliseconds, one value per row of cells.parquet.
  function result({ value, ms }) {
    const cells = {};
    const covered = {};
    for (const [layer, times] of Object.entries(value.rows)) {
      const threshold = value.thresholds[layer];
      cells[layer] = Array.from(times, (t) => (t < 0 ? null : t));
      covered[layer] = Uint8Array.from(times, (t) => (t >= 0 && t <= threshold ? 1 : 0));
    }
    return { ...value, cells, covered, ms };
  }

  /** Whether the page holds what the what-if computes with. */
  const isThere = () => document.getElementById("c15-whatif-data") !== null;

  function ready() {
    if (!isThere()) return Promise.reject(new Error("this page holds no what-if"));
    if (!opening) {
      opening = call("open", textOf("c15-whatif-data")).then((answer) => {
        info = { ...answer.value, base: result({ value: answer.value.base, ms: answer.ms }) };
        return info;
      });
    }
    return opening;
  }

  async function ask(name, ...args) {
    await ready();
    return call(name, ...args);
  }

  // What the worker answers, with the milliseconds that it took.
  async function value(name, ...args) {
    const answer = await ask(name, ...args);
    return { ...answer.value, took_ms: answer.ms };
  }

  async function evaluate(changes, options = {}) {
    return result(await ask("evaluate", changes, options));
  }

  async function dragPath(changes, index, line, options = {}) {
    const answer = await ask("dragPath", changes, index, line, options);
    const { result: found } = answer.value;
    return { ...answer.value, result: found && result({ value: found, ms: answer.ms }), ms: answer.ms };
  }

  // One drag is computed at a time; of those that wait the newest wins, the others give null.
  function drag(changes, moving, place, options = {}) {
    return new Promise((resolve, reject) => {
      if (nextDrag) nextDrag.resolve(null);
      nextDrag = { args: [changes, moving, place, options], resolve, reject };
      if (!dragging) takeDrag();
    });
  }

  function takeDrag() {
    dragging = nextDrag;
    nextDrag = null;
    if (!dragging) return;
    const { args, resolve, reject } = dragging;
    value("drag", ...args).then(resolve, reject).finally(takeDrag);
  }

  function close() {
    if (worker) worker.terminate();
    worker = opening = info = dragging = nextDrag = null;
    waiting.clear();
  }

  return {
    isThere,
    ready,
    evaluate,
    drag,
    dragPath,
    snap: (changes, place, toleranceM = 5) => value("snap", changes, place, toleranceM),
    way: (layer, row, changes, options = {}) => value("way", layer, row, changes, options),
    best: (changes, moving, place, options = {}) => value("best", changes, moving, place, options),
    close,
  };
})();
