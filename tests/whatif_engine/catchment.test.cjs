"use strict";
const assert = require("node:assert");
const test = require("node:test");
const { supplyPerPerson, usableSupply, DECAYS } = require("./engine.cjs");

const layer = (catchment, decay = "binary") => ({ catchment, decay, least_capacity_share: 0.5 });
const column = (pairs) => ({ origin: Int32Array.from(pairs, (p) => p[0]), ms: Float64Array.from(pairs, (p) => p[1]) });
const T = 900000;
const columns = [column([[0, 0], [1, 300000]]), column([[1, 899999], [2, 900000]])];
const people = Float64Array.of(10, 30, 20);
const supply = Float64Array.of(8, 16);

test("supply that anyone reaches is conserved, but where distance wastes it", () => {
  for (const decay of Object.keys(DECAYS)) {
    for (const catchment of ["two_step", "three_step", "modified"]) {
      const access = supplyPerPerson(layer(catchment, decay), T, columns, supply, people);
      const given = access.reduce((sum, a, i) => sum + a * people[i], 0);
      const reached = decay === "gaussian" || decay === "kernel" ? null : 24;
      if (catchment === "modified") assert.ok(given <= 24 + 1e-9);
      else if (reached !== null) assert.ok(Math.abs(given - reached) < 1e-9, `${catchment} ${decay}: ${given}`);
    }
  }
});

test("two steps by hand: what a facility has is shared by all who reach it", () => {
  assert.deepStrictEqual(Array.from(supplyPerPerson(layer("two_step"), T, columns, supply, people)), [8 / 40, 8 / 40 + 16 / 50, 16 / 50]);
});

test("a third of the threshold, to the millisecond, is in its third", () => {
  assert.deepStrictEqual([300, 300.001, 600, 600.001, 900].map((s) => DECAYS.stepped(s, 900)), [1, 0.68, 0.68, 0.22, 0.22]);
});

test("what nobody demands is given to nobody", () => {
  assert.deepStrictEqual(Array.from(supplyPerPerson(layer("two_step"), T, columns, supply, new Float64Array(3))), [0, 0, 0]);
});

test("too few capacities make a layer count its facilities; without any facility the supply is known", () => {
  const of = (...capacities) => usableSupply(layer("two_step"), capacities.map((capacity) => ({ capacity })));
  assert.strictEqual(of(10, null, null).supply, null);
  assert.deepStrictEqual(of(10, null), { supply: Float64Array.of(10, 0), isSilent: false });
  assert.strictEqual(of(null, null).isSilent, true);
  assert.deepStrictEqual(of(), { supply: new Float64Array(0), isSilent: false });
});
