"use strict";
const assert = require("node:assert");
const test = require("node:test");
const engine = require("./engine.cjs");
const { networkOf, treeOf, D, numbers, Linker, Borders, addPath, closePath, components, halfUp, sideOf, asPrinted } = engine;

const AWAY = new Borders({ tailLon: new Float64Array(0), tailLat: new Float64Array(0), headLon: new Float64Array(0), headLat: new Float64Array(0) });
const at = (x, y) => [x * D, y * D];
const linkerOf = (network, borders = AWAY, maxM = 300) => new Linker(network, "walker", treeOf(network), new Int32Array(0), borders, maxM);

test("times round half up", () => {
  assert.deepStrictEqual([0.49, 0.5, 1.5, 2.5].map(halfUp), [0, 1, 2, 3]);
});

test("a side is told where rounding of the products would turn it", () => {
  assert.strictEqual(sideOf(0, 0, 1, 1, 0.5, 0.5), 0);
  assert.strictEqual(sideOf(121.5, 29.9, 121.50000003, 29.90000003, 121.50000001, 29.90000001 + 2 ** -48), 1);
  assert.strictEqual(sideOf(121.5, 29.9, 121.50000003, 29.90000003, 121.50000001, 29.90000001 - 2 ** -47), -1);
});

test("places are kept to a centimetre", () => {
  assert.strictEqual(asPrinted(121.55000004999), 121.55);
  assert.strictEqual(asPrinted(-0.00000006), -1e-7);
});

test("a point is linked to its nearest street, of equals the first, but to no island, span or street closed to it", () => {
  const network = networkOf(
    [[0, 0], [100, 0], [0, 40], [100, 40], [0, 10], [100, 10], [0, 15], [100, 15], [0, 18], [100, 18]],
    [[0, 1], [2, 3], [4, 5, { island: true }], [6, 7, { span: true }], [8, 9, { barred: true, back: Infinity }]],
  );
  const link = linkerOf(network).link(...at(50, 19));
  assert.deepStrictEqual([link.edge, link.fraction.toFixed(6), link.accessM.toFixed(6)], [0, "0.500000", "19.000000"]);
  assert.strictEqual(linkerOf(network).link(...at(50, 20)).edge, 0);
  assert.strictEqual(linkerOf(network).link(...at(50, 20.001)).edge, 1);
  assert.strictEqual(linkerOf(network, AWAY, 18.9).link(...at(50, 20)).edge, -1);
  assert.match(linkerOf(network, AWAY, 7).whyNot(...at(50, 9)).en, /cut off from the network/);
});

test("no leg crosses a hard border: the next street on the own side is taken, or none", () => {
  const network = networkOf([[0, 0], [100, 0], [0, 50], [100, 50]], [[0, 1], [2, 3]]);
  const river = new Borders({ tailLon: Float64Array.of(-D), tailLat: Float64Array.of(5 * D), headLon: Float64Array.of(200 * D), headLat: Float64Array.of(5 * D) });
  assert.strictEqual(linkerOf(network, AWAY).link(...at(50, 10)).edge, 0);
  assert.strictEqual(linkerOf(network, river).link(...at(50, 10)).edge, 1);
  assert.strictEqual(linkerOf(network, river, 30).link(...at(50, 10)).edge, -1);
  assert.match(linkerOf(network, river, 30).whyNot(...at(50, 10)).en, /behind a river/);
});

test("links are those of looking at every street", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const next = numbers(seed);
    const places = Array.from({ length: 80 }, () => [next() * 900, next() * 900]);
    const network = networkOf(places, Array.from({ length: 120 }, () => [Math.floor(next() * 80), Math.floor(next() * 80)]));
    const linker = linkerOf(network);
    for (let k = 0; k < 40; k++) {
      const point = at(next() * 900, next() * 900);
      const perLon = engine.METRES_PER_DEGREE * Math.cos(point[1] * engine.RADIANS);
      let best = { edge: -1, squared: 300 * 300 };
      for (let e = 0; e < network.nEdges; e++) {
        const { squaredM } = linker.on(e, ...point, perLon);
        if (squaredM < best.squared) best = { edge: e, squared: squaredM };
      }
      assert.strictEqual(linker.link(...point).edge, best.edge);
    }
  }
});

test("a path joins the streets at its two ends, within five metres, and divides them without changing their times", () => {
  const network = networkOf([[0, 0], [100, 0], [0, 60], [100, 60]], [[0, 1, { ms: 77777, back: 88888 }], [2, 3]]);
  const { draft, ends, lengthM } = addPath(network, treeOf(network), { walker: 2 }, [at(30, 4), at(30, 56)], 5);
  const made = draft.network;
  assert.deepStrictEqual(ends.map((end) => [end.isJoined, end.missM.toFixed(3)]), [[true, "4.000"], [true, "4.000"]]);
  assert.ok(Math.abs(lengthM - 60) < 1e-6);
  assert.strictEqual(made.nEdges, 5);
  const { forward, backward } = made.times.walker;
  const rest = draft.rests[0];
  assert.deepStrictEqual([forward[0], forward[0] + forward[rest], backward[0] + backward[rest]], [halfUp(0.3 * 77777), 77777, 88888]);
  assert.strictEqual(forward[draft.added[0]], 30000);
  assert.strictEqual(network.nEdges, 2);
});

test("an end that misses joins nothing, and a miss is told", () => {
  const network = networkOf([[0, 0], [100, 0]], [[0, 1]]);
  const { ends, draft } = addPath(network, treeOf(network), { walker: 1 }, [at(50, 1), at(50, 40)], 5);
  assert.deepStrictEqual(ends.map((end) => end.isJoined), [true, false]);
  assert.strictEqual(ends[1].missM.toFixed(2), "40.00");
  assert.strictEqual(draft.network.nNodes, 4);
});

test("a street of an island that a path connects is none any more", () => {
  const network = networkOf([[0, 0], [100, 0], [0, 60], [30, 60]], [[0, 1], [2, 3, { island: true }]]);
  const joined = addPath(network, treeOf(network), { walker: 1 }, [at(10, 0), at(10, 60)], 5).draft;
  assert.deepStrictEqual(Array.from(joined.network.isIsland.subarray(0, joined.network.nEdges)), [0, 0, 0, 0, 0]);
  assert.ok(joined.opened.includes(1));
  const alone = addPath(network, treeOf(network), { walker: 1 }, [at(5, 60), at(25, 61)], 5).draft;
  assert.ok(alone.added.every((e) => alone.network.isIsland[e] === 1));
});

test("closing takes the street along the line, not the one that crosses it", () => {
  const network = networkOf([[0, 0], [100, 0], [50, -40], [50, 40]], [[0, 1], [2, 3]]);
  const { draft, lengthM } = closePath(network, treeOf(network), { walker: 1 }, [at(20, 1), at(80, 1)], 5);
  assert.ok(Math.abs(lengthM - 60) < 1e-6);
  assert.strictEqual(draft.network.isGone[1], 0);
  assert.strictEqual(draft.closed.length, 1);
  assert.strictEqual(closePath(network, treeOf(network), { walker: 1 }, [at(20, 30), at(80, 30)], 5).nEdges, 0);
});

test("components hang together by edges that are there, and by gates where asked", () => {
  const network = networkOf([[0, 0], [1, 0], [2, 0], [3, 0]], [[0, 1], [2, 3]], { links: [[1, 2]], depth: [0, 0, 1, 1] });
  assert.deepStrictEqual(Array.from(components(network, false)), [0, 0, 2, 2]);
  assert.deepStrictEqual(Array.from(components(network, true)), [0, 0, 0, 0]);
});

test("nobody cuts through a compound, residents leave and visitors enter", () => {
  // Street 0-1, compound 2-3 with gates 1|2 and 3|4, street 4-5 far away otherwise.
  const network = networkOf([[0, 0], [100, 0], [100, 0], [200, 0], [200, 0], [300, 0]], [[0, 1], [2, 3], [4, 5]], { links: [[1, 2], [3, 4]], depth: [0, 0, 1, 1, 0, 0] });
  const { Streets, Graph, Places, layChains, nearestTimes } = engine;
  const streets = Streets.of(network);
  const graph = new Graph(layChains(streets), streets.times[0]);
  const on = (edge, f) => {
    const twin = streets.twinOf(edge);
    const edges = twin < 0 ? [edge] : [edge, twin];
    const places = new Places(edges.length);
    edges.forEach((e, i) => places.set(i, graph, streets, e, f, 0));
    return places;
  };
  const from = (edge) => {
    const places = new Places(1);
    places.set(0, graph, streets, edge, 0.5, 0);
    return places;
  };
  assert.strictEqual(nearestTimes(graph, from(0), on(2, 0.5), 1e7)[0], Infinity);
  assert.ok(Math.abs(nearestTimes(graph, from(0), on(1, 0.5), 1e7)[0] - 100000) < 2);
  assert.ok(Math.abs(nearestTimes(graph, from(1), on(2, 0.5), 1e7)[0] - 100000) < 2);
});
