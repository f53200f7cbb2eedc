"use strict";
// The what-if's state: what the engine found of the plan that is on the desk, and who is told when that changes.
var circle15 = circle15 || {};
circle15.whatif = circle15.whatif || {};

circle15.whatif.CALM_MS = 120; // keys and sliders come in bursts
circle15.whatif.OVERLAP = 0.8; // as planning/overlap.py: two that share this much duplicate each other

circle15.whatif.Desk = class {
  constructor(state, info) {
    this.state = state;
    this.info = info;
    this.base = info.base;
    this.result = info.base;
    this.results = { A: info.base, B: info.base };
    this.refused = new Map(); // item id -> why a run would refuse it
    this.gains = new Map(); // item id -> {alone, marginal, shared}
    this.isComparing = false;
    this.options = { minutes: {}, pace: {} };
    this.isOpen = false;
    /** @type {string | null} */
    this.confirmed = null; // the plan that a run confirmed
    this.listeners = [];
    this.turn = 0;
    this.known = new Map(); // answers of the engine by question
    this.baskets = new circle15.whatif.Baskets(() => this.later());
    this.layers = info.layers.map((layer) => {
      const shown = state.data.layers.find((l) => l.id === layer.id);
      // Without a norm a gap is nothing but people not covered, which stand beside it: then it is not shown.
      return { ...layer, whom: shown.whom, unit: layer.capacity_unit || "", gapUnit: shown.gap ? shown.gap.unit : null, glyph: shown.glyph };
    });
  }

  get layerIndex() {
    return this.state.kind.layer;
  }

  get layer() {
    return this.layers[this.layerIndex];
  }

  get isTrial() {
    return Object.keys(this.options.minutes).length + Object.keys(this.options.pace).length > 0;
  }

  layerOf(id) {
    return this.layers.find((layer) => layer.id === id);
  }

  facility(id, layer) {
    return this.info.facilities.find((f) => f.id === id && (layer === undefined || f.layer === layer));
  }

  on(listener) {
    this.listeners.push(listener);
  }

  tell(what) {
    this.listeners.forEach((listener) => listener(what));
  }

  later() {
    this.tell("plan");
    clearTimeout(this.waiting);
    /** @type {number | undefined} */
    this.waiting = window.setTimeout(() => this.refresh(), circle15.whatif.CALM_MS);
  }

  // Settles when nothing is being computed any more; what waits is begun at once.
  async settled() {
    if (this.waiting) {
      clearTimeout(this.waiting);
      this.refresh();
    }
    while (this.running) await this.running;
  }

  // Leaves off what is being computed beside: a drag does not wait for gains, and its end asks for everything anew.
  pause() {
    this.turn += 1;
  }

  // Whether the very plan that counts has been confirmed by a run, whose run.json was shown to the page.
  get isConfirmed() {
    return this.confirmed !== null && this.confirmed === circle15.whatif.planKey(this.counted().changes);
  }

  refresh() {
    this.waiting = undefined;
    const turn = ++this.turn;
    const running = this.compute(turn).catch((error) => this.tell({ error })).finally(() => {
      if (this.running === running) this.running = null;
    });
    this.running = running;
    return running;
  }

  async compute(turn) {
    this.tell("busy");
    if (this.isTrial) {
      const result = await circle15.whatif.evaluate([], this.options);
      if (turn !== this.turn) return;
      Object.assign(this, { result, refused: new Map() });
      this.tell("result");
      return;
    }
    const own = await this.evaluated(this.baskets.side);
    if (turn !== this.turn) return;
    this.refused = own.refused;
    this.result = own.result;
    this.results = { ...this.results, [this.baskets.side]: own.result };
    if (this.isComparing) {
      const other = this.baskets.side === "A" ? "B" : "A";
      const { result } = await this.evaluated(other);
      if (turn !== this.turn) return;
      this.results = { ...this.results, [other]: result };
    }
    this.tell("result");
    await this.computeGains(turn);
  }

  // A plan without what a run would refuse, which is told at its item.
  async evaluated(side) {
    const refused = new Map();
    for (;;) {
      const all = this.baskets.changes(side);
      const kept = all.owners.map((owner) => !refused.has(owner));
      const changes = all.changes.filter((_, i) => kept[i]);
      const owners = all.owners.filter((_, i) => kept[i]);
      if (changes.length === 0) return { result: this.base, refused, changes, owners };
      try {
        return { result: await this.ask(changes), refused, changes, owners };
      } catch (error) {
        const owner = owners[error.change];
        if (owner === undefined) throw error;
        refused.set(owner, error.said || { zh: error.message, en: error.message });
      }
    }
  }

  // What counts at present: the changes that are on and that a run takes.
  counted(left = null) {
    const { changes, owners } = this.baskets.changes();
    const kept = owners.map((owner) => !this.refused.has(owner) && owner !== left);
    return { changes: changes.filter((_, i) => kept[i]), owners: owners.filter((_, i) => kept[i]) };
  }

  // The engine's answer, kept for as long as a plan is worked on: undo and switches ask the same again.
  async ask(changes, options = {}) {
    const key = JSON.stringify([changes, options]);
    if (!this.known.has(key)) {
      if (this.known.size > 60) this.known.delete(this.known.keys().next().value);
      this.known.set(key, await circle15.whatif.evaluate(changes, options));
    }
    return this.known.get(key);
  }

  whole(result, layer) {
    return result.units.find((unit) => unit.unit_id === this.info.district_id && unit.layer === layer);
  }

  // Of each item what it gains alone and on top of the others, for its own service or, of paths, the one that is shown.
  async computeGains(turn) {
    const { changes, owners } = this.counted();
    const ids = [...new Set(owners)];
    const covered = (result, layer) => this.whole(result, layer).covered_people;
    const gains = new Map();
    for (const id of ids) {
      const own = changes.filter((_, i) => owners[i] === id);
      const layer = own[own.length - 1].layer || this.serviceOf(own) || this.layer.id;
      const others = changes.filter((_, i) => owners[i] !== id);
      let alone;
      try {
        alone = await this.ask(own, { cells: false });
      } catch {
        continue; // of a path that meets another one: it is nothing alone
      }
      if (turn !== this.turn) return;
      let without = this.base;
      try {
        if (others.length > 0) without = await this.ask(others, { cells: false });
      } catch {
        continue; // what others stand on
      }
      if (turn !== this.turn) return;
      const gain = covered(alone, layer) - covered(this.base, layer);
      const marginal = covered(this.result, layer) - covered(without, layer);
      gains.set(id, { alone: gain, marginal, layer, shared: gain > 0.5 ? 1 - marginal / gain : 0 });
    }
    this.gains = gains;
    this.tell("gains");
  }

  serviceOf(changes) {
    const named = changes.find((change) => change.id !== undefined);
    const found = named && this.facility(named.id);
    return found ? found.layer : null;
  }

  newName(key, values) {
    const taken = new Set(this.baskets.items.map((item) => item.name));
    for (let n = 1; ; n++) {
      const name = circle15.whatif.say(key, { ...values, n });
      if (!taken.has(name)) return name;
    }
  }
};
