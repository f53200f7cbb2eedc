"use strict";
// The page's engine, for tests in node: its scripts share one scope there as they do in the worker.
const fs = require("node:fs");
const path = require("node:path");

const folder = path.join(__dirname, "../../circle15/outputs/templates/whatif/engine");
const text = fs
  .readdirSync(folder)
  .filter((name) => name.endsWith(".js"))
  .sort()
  .map((name) => fs.readFileSync(path.join(folder, name), "utf8"))
  .join("\n");
const names = [...text.matchAll(/^(?:class|function|const) (\w+)/gm)].map((found) => found[1]);

module.exports = new Function(`${text}\nreturn { ${names.join(", ")} };`)();

const D = 1 / ((6371009 * Math.PI) / 180); // degrees of a metre at the equator

/**
 * A network on the equator, places in metres, walked at 1 m/s: `edges` are [tail, head, options], where `barred` closes
 * the way from tail to head, `back` states the ms from head to tail, `ms` both, `island` and `span` mark the edge.
 */
module.exports.networkOf = function (places, edges, { depth = [], links = [] } = {}) {
  const { haversineM, halfUp } = module.exports;
  const lon = Float64Array.from(places, ([x]) => x * D);
  const lat = Float64Array.from(places, ([, y]) => y * D);
  const lengthM = Float64Array.from(edges, ([t, h]) => haversineM(lon[t], lat[t], lon[h], lat[h]));
  const own = edges.map(([, , options = {}], e) => {
    const ms = options.ms === undefined ? halfUp(lengthM[e] * 1000) : options.ms;
    return [options.barred ? Infinity : ms, options.back === undefined ? ms : options.back];
  });
  const flags = (name) => Uint8Array.from(edges, ([, , options = {}]) => (options[name] ? 1 : 0));
  return {
    nNodes: places.length,
    nEdges: edges.length,
    lon,
    lat,
    tail: Int32Array.from(edges, ([t]) => t),
    head: Int32Array.from(edges, ([, h]) => h),
    lengthM,
    isIsland: flags("island"),
    isSpan: flags("span"),
    isStreet: new Uint8Array(edges.length).fill(1),
    isGone: new Uint8Array(edges.length),
    depth: Int32Array.from(places, (_, v) => depth[v] || 0),
    links: Int32Array.from(links.flat()),
    times: { walker: { forward: Float64Array.from(own, (t) => t[0]), backward: Float64Array.from(own, (t) => t[1]) } },
  };
};

/** The tree over a network's edges. */
module.exports.treeOf = function (network) {
  const at = (of, nodes) => Float64Array.from(nodes, (v) => of[v]);
  const { lon, lat, tail, head } = network;
  return new module.exports.EdgeTree({ tailLon: at(lon, tail), tailLat: at(lat, tail), headLon: at(lon, head), headLat: at(lat, head) });
};

/** Numbers that look random and are the same each time. */
module.exports.numbers = function (seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
};

module.exports.D = D;
