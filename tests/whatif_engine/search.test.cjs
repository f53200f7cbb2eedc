"use strict";
const assert = require("node:assert");
const test = require("node:test");
const { Streets, Graph, Places, PlaceIndex, layChains, relayChains, nearestTimes, columnOf, networkOf, numbers, alongChain } = require("./engine.cjs");

/** Times between all nodes by Floyd and Warshall, of a network without gates. */
function allTimes(network) {
  const n = network.nNodes;
  const time = Array.from({ length: n }, (_, u) => Array.from({ length: n }, (_x, v) => (u === v ? 0 : Infinity)));
  const { forward, backward } = network.times.walker;
  for (let e = 0; e < network.nEdges; e++) {
    if (network.isGone[e]) continue;
    const [t, h] = [network.tail[e], network.head[e]];
    time[t][h] = Math.min(time[t][h], forward[e]);
    time[h][t] = Math.min(time[h][t], backward[e]);
  }
  for (let k = 0; k < n; k++) for (let u = 0; u < n; u++) for (let v = 0; v < n; v++) time[u][v] = Math.min(time[u][v], time[u][k] + time[k][v]);
  return time;
}

/** A random network with chains, loops, parallel edges, one-way and free ones. */
function randomNetwork(seed) {
  const next = numbers(seed);
  const n = 12;
  const places = Array.from({ length: n }, () => [next() * 500, next() * 500]);
  const edges = Array.from({ length: 15 }, () => {
    const options = { ms: Math.floor(next() * 9) * 7000 };
    if (next() < 0.2) options.barred = true;
    if (next() < 0.3) options.back = Math.floor(next() * 9) * 5000;
    return [Math.floor(next() * n), Math.floor(next() * n), options];
  });
  return networkOf(places, edges);
}

function walked(network) {
  const streets = Streets.of(network);
  const chains = layChains(streets);
  return { streets, chains, graph: new Graph(chains, streets.times[0]) };
}

/** A place on an edge, by its rounded times to and from both ends. */
function timesBetween(network, time, a, b) {
  const { forward, backward } = network.times.walker;
  const part = (ms, share) => (ms === Infinity ? Infinity : Math.floor(share * ms + 0.5));
  const leave = ([e, f, access]) => [
    [network.tail[e], access + part(backward[e], f)],
    [network.head[e], access + (forward[e] === Infinity ? Infinity : forward[e] - part(forward[e], f))],
  ];
  const arrive = ([e, f, access]) => [
    [network.tail[e], access + part(forward[e], f)],
    [network.head[e], access + (backward[e] === Infinity ? Infinity : backward[e] - part(backward[e], f))],
  ];
  let best = Infinity;
  for (const [u, out] of leave(a)) for (const [v, in_] of arrive(b)) best = Math.min(best, out + time[u][v] + in_);
  if (a[0] === b[0]) {
    const [e, f, access] = a;
    const along = f <= b[1] ? part(forward[e], b[1]) - part(forward[e], f) : part(backward[e], f) - part(backward[e], b[1]);
    if (!Number.isNaN(along)) best = Math.min(best, access + b[2] + (f === b[1] ? 0 : along));
  }
  return best;
}

test("times from places on edges to places on edges are those of an obvious search", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const network = randomNetwork(seed);
    const { streets, graph, chains } = walked(network);
    const time = allTimes(network);
    const next = numbers(seed + 999);
    const draw = () => [Math.floor(next() * network.nEdges), 0.05 + 0.9 * next(), Math.floor(next() * 3000)];
    const [origins, goals] = [Array.from({ length: 8 }, draw), Array.from({ length: 5 }, draw)];
    const placed = [origins, goals].map((list) => {
      const places = new Places(list.length);
      list.forEach(([e, f, access], i) => places.set(i, graph, streets, e, f, access));
      return places;
    });
    const cutoff = 40000;
    const right = origins.map((a) => goals.map((b) => timesBetween(network, time, a, b)));
    const nearest = nearestTimes(graph, placed[0], placed[1], cutoff);
    right.forEach((row, i) => {
      const least = Math.min(...row);
      assert.strictEqual(nearest[i], least <= cutoff ? least : Infinity, `seed ${seed}, origin ${i}`);
    });
    const index = new PlaceIndex(chains, placed[0]);
    goals.forEach((_, g) => {
      const column = columnOf(graph, placed[0], index, placed[1], [g], cutoff);
      const found = new Map(Array.from(column.origin, (i, k) => [i, column.ms[k]]));
      right.forEach((row, i) => assert.strictEqual(found.get(i), row[g] <= cutoff ? row[g] : undefined, `seed ${seed}, ${i} to ${g}`));
    });
  }
});

test("a place at the end of an edge is the node itself, whatever the edge allows", () => {
  const network = networkOf([[0, 0], [100, 0], [200, 0]], [[0, 1, { barred: true }], [1, 2]]);
  const { streets, graph } = walked(network);
  const places = new Places(3);
  places.set(0, graph, streets, 0, 1, 0);
  places.set(1, graph, streets, 1, 0, 0);
  places.set(2, graph, streets, 1, 1, 500);
  assert.strictEqual(nearestTimes(graph, places, places, 1e6)[0], 0);
  const goal = new Places(1);
  goal.set(0, graph, streets, 1, 1, 500);
  assert.strictEqual(nearestTimes(graph, places, goal, 1e6)[1], 100500);
  assert.strictEqual(alongChain(places, 0, goal, 0), places.junction[0] >= 0 ? Infinity : 100000);
});

test("cutoffs are inclusive", () => {
  const network = networkOf([[0, 0], [100, 0]], [[0, 1, { ms: 80000 }]]);
  const { streets, graph } = walked(network);
  const [origins, goals] = [new Places(1), new Places(1)];
  origins.set(0, graph, streets, 0, 0, 1000);
  goals.set(0, graph, streets, 0, 1, 2000);
  assert.strictEqual(nearestTimes(graph, origins, goals, 83000)[0], 83000);
  assert.strictEqual(nearestTimes(graph, origins, goals, 82999)[0], Infinity);
});

test("chains laid anew around a change walk as chains laid from the start", () => {
  const { addPath, closePath, treeOf, D } = require("./engine.cjs");
  for (let seed = 1; seed <= 40; seed++) {
    const next = numbers(seed);
    const n = 5;
    const places = Array.from({ length: n * n }, (_, v) => [100 * (v % n) + 20 * next(), 100 * Math.floor(v / n) + 20 * next()]);
    const edges = [];
    for (let v = 0; v < n * n; v++) {
      if (v % n < n - 1 && next() < 0.8) edges.push([v, v + 1]);
      if (v < n * n - n && next() < 0.8) edges.push([v, v + n]);
    }
    const network = networkOf(places, edges);
    const before = walked(network);
    const tree = treeOf(network);
    const point = () => {
      const e = Math.floor(next() * edges.length);
      const f = next();
      const [t, h] = edges[e];
      return [network.lon[t] + f * (network.lon[h] - network.lon[t]), network.lat[t] + f * (network.lat[h] - network.lat[t]) + D * next()];
    };
    const line = [point(), point()];
    const speeds = { walker: 1 };
    const e = Math.floor(next() * edges.length);
    const street = [network.tail[e], network.head[e]].map((v) => [network.lon[v], network.lat[v]]);
    const { draft } = seed % 2 ? addPath(network, tree, speeds, line, 5) : closePath(network, tree, speeds, street, 5);
    const streets = before.streets.after(draft);
    const patched = relayChains(before.chains, streets, draft);
    const graph = new Graph(patched, streets.times[0], before.graph);
    const whole = walked(draft.network);
    const alive = Array.from({ length: draft.network.nEdges }, (_, k) => k).filter((k) => !draft.network.isGone[k]);
    const list = Array.from({ length: 10 }, () => [alive[Math.floor(next() * alive.length)], next(), 0]);
    const [a, b] = [[graph, streets], [whole.graph, whole.streets]].map(([g, s]) => {
      const made = new Places(list.length);
      list.forEach(([k, f, access], i) => made.set(i, g, s, s.edgeAt(k), f, access));
      const goal = new Places(1);
      goal.set(0, g, s, s.edgeAt(alive[0]), 0.4, 0);
      return Array.from(nearestTimes(g, made, goal, 1e7));
    });
    assert.deepStrictEqual(a, b, `seed ${seed}`);
  }
});
