"use strict";
// The basket of a plan (方案篮): changes that can be switched off, undone, kept and handed on. Nothing of the page in here.
var circle15 = circle15 || {};
circle15.whatif = circle15.whatif || {};

/**
 * @typedef {{kind: string, layer?: string, id?: string, name?: string, lon?: number, lat?: number, capacity?: number,
 *   cost?: number, line?: number[][], tolerance_m?: number}} Change
 * @typedef {{id: number, on: boolean, name: string, changes: Change[]}} Item one line of the basket; a place that moves is
 *   closed and added, two changes
 */

circle15.whatif.SIDES = ["A", "B"];
circle15.whatif.MOST_ITEMS = 200;

// Two baskets and one history. `onChange` is called after whatever changes them.
circle15.whatif.Baskets = class {
  constructor(onChange) {
    /** @type {Record<string, Item[]>} */
    this.sides = { A: [], B: [] };
    this.side = "A";
    this.past = [];
    this.future = [];
    this.nextId = 1;
    this.onChange = onChange || (() => {});
  }

  get items() {
    return this.sides[this.side];
  }

  /**
   * @param {number} id
   * @returns {any}
   */
  item(id) {
    return this.items.find((item) => item.id === id);
  }

  // Changes of what is switched on, and for each of them the item that it belongs to.
  changes(side = this.side, left = null) {
    const on = this.sides[side].filter((item) => item.on && item.id !== left);
    return { changes: on.flatMap((item) => item.changes), owners: on.flatMap((item) => item.changes.map(() => item.id)) };
  }

  // Every step of the history is the whole of both baskets: they are small and never changed in place.
  put(items, { joins = false } = {}) {
    if (!joins) {
      this.past.push(this.sides);
      this.future = [];
    }
    this.sides = { ...this.sides, [this.side]: items };
    this.onChange();
  }

  add(changes, name) {
    if (this.items.length >= circle15.whatif.MOST_ITEMS) return null;
    const item = { id: this.nextId++, on: true, name, changes };
    this.put([...this.items, item]);
    return item;
  }

  update(id, patch, how) {
    this.put(this.items.map((item) => (item.id === id ? { ...item, ...patch } : item)), how);
  }

  // A value of one of the item's changes: capacity, cost, place.
  set(id, values, how) {
    const item = this.item(id);
    const last = item.changes.length - 1;
    const changes = item.changes.map((change, i) => (i === last ? { ...change, ...values } : change));
    this.update(id, { changes }, how);
  }

  remove(id) {
    this.put(this.items.filter((item) => item.id !== id));
  }

  clear() {
    if (this.items.length > 0) this.put([]);
  }

  copyTo(side) {
    this.past.push(this.sides);
    this.future = [];
    this.sides = { ...this.sides, [side]: this.items.map((item) => ({ ...item, id: this.nextId++ })) };
    this.onChange();
  }

  turnTo(side) {
    this.side = side;
    this.onChange();
  }

  undo() {
    this.step(this.past, this.future);
  }

  redo() {
    this.step(this.future, this.past);
  }

  step(from, to) {
    if (from.length === 0) return;
    to.push(this.sides);
    this.sides = from.pop();
    this.onChange();
  }

  cost(side = this.side) {
    const on = this.sides[side].filter((item) => item.on);
    return on.reduce((sum, item) => sum + item.changes.reduce((own, change) => own + (change.cost || 0), 0), 0);
  }

  get isEmpty() {
    return this.sides.A.length + this.sides.B.length === 0;
  }

  // What is kept between two visits.
  plain() {
    const plainOf = (items) => items.map(({ on, name, changes }) => ({ on, name, changes }));
    return { v: 1, side: this.side, A: plainOf(this.sides.A), B: plainOf(this.sides.B) };
  }

  // Takes what `plain` gave, from wherever it comes: whatever is not a change as it should be is left out and counted.
  restore(told) {
    let lost = 0;
    const itemsOf = (given) => (Array.isArray(given) ? given : []).slice(0, circle15.whatif.MOST_ITEMS).flatMap((one) => {
      const changes = one && Array.isArray(one.changes) ? one.changes.map(circle15.whatif.checkedChange) : [null];
      if (changes.length === 0 || changes.length > 2 || changes.includes(null)) {
        lost += 1;
        return [];
      }
      return [{ id: this.nextId++, on: one.on !== false, name: circle15.whatif.checkedText(one.name) || "", changes }];
    });
    const taken = told && typeof told === "object" ? told : {};
    this.sides = { A: itemsOf(taken.A), B: itemsOf(taken.B) };
    this.side = taken.side === "B" ? "B" : "A";
    this.onChange();
    return lost;
  }
};

circle15.whatif.checkedText = function (text) {
  return typeof text === "string" ? text.slice(0, circle15.whatif.LONGEST_TEXT) : undefined;
};

/**
 * Give a change from outside with the keys of its kind alone, null where it is none.
 * @param {any} given
 * @returns {Change | null}
 */
circle15.whatif.checkedChange = function (given) {
  const keys = given && Object.hasOwn(circle15.whatif.CHANGE_KEYS, given.kind) && circle15.whatif.CHANGE_KEYS[given.kind];
  if (!keys) return null;
  const isNumber = (value, least, most) => typeof value === "number" && value >= least && value <= most;
  const isPlace = (place) => Array.isArray(place) && place.length === 2 && isNumber(place[0], -180, 180) && isNumber(place[1], -90, 90);
  const fits = {
    layer: (v) => typeof v === "string" && /^[a-z0-9][a-z0-9_-]{0,63}$/.test(v),
    lon: (v) => isNumber(v, -180, 180),
    lat: (v) => isNumber(v, -90, 90),
    capacity: (v) => isNumber(v, 0, 1e9),
    cost: (v) => isNumber(v, 0, 1e9),
    tolerance_m: (v) => isNumber(v, 0.001, 100),
    line: (v) => Array.isArray(v) && v.length >= 2 && v.length <= 500 && v.every(isPlace),
    name: (v) => typeof v === "string",
    id: (v) => typeof v === "string",
  };
  const needed = {
    add_facility: ["layer", "lon", "lat"], close_facility: ["id"], set_capacity: ["id", "capacity"], add_path: ["line"], close_path: ["line"],
  };
  const made = { kind: given.kind };
  for (const key of keys) {
    const value = given[key];
    if (value === undefined || value === null) continue;
    if (!fits[key](value)) return null;
    made[key] = typeof value === "string" ? circle15.whatif.checkedText(value) : value;
  }
  return needed[given.kind].every((key) => key in made) ? made : null;
};

// ---- keeping: in the page's address, so that a link carries the plan, and in the browser.

circle15.whatif.PLAN = "plan"; // its part of the page's address

circle15.whatif.packed = function (plain) {
  const bytes = new TextEncoder().encode(JSON.stringify(plain));
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
};

circle15.whatif.unpacked = function (text) {
  try {
    const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(raw, (c) => c.charCodeAt(0))));
  } catch {
    return null; // an address that somebody shortened or typed
  }
};

// A plan belongs to the map that it was made on: that of a scenario has its base's district.
circle15.whatif.storeKey = (district) => `circle15.whatif.${district}.${location.pathname}`;

circle15.whatif.keep = function (baskets, district) {
  const text = baskets.isEmpty ? "" : circle15.whatif.packed(baskets.plain());
  circle15.address.set({ [circle15.whatif.PLAN]: text });
  try {
    if (text) localStorage.setItem(circle15.whatif.storeKey(district), text);
    else localStorage.removeItem(circle15.whatif.storeKey(district));
    return true;
  } catch {
    return false; // private windows and full disks: the address still carries the plan, and the drawer says so
  }
};

// What was kept: the address wins, since somebody sent it.
circle15.whatif.kept = function (district) {
  const plan = circle15.address.get(circle15.whatif.PLAN);
  if (plan) return { told: circle15.whatif.unpacked(plan), from: "address" };
  try {
    const text = localStorage.getItem(circle15.whatif.storeKey(district));
    return { told: text ? circle15.whatif.unpacked(text) : null, from: "browser" };
  } catch {
    return { told: null, from: "browser" };
  }
};
