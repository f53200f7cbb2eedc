"use strict";
// The basket as it is shown: one row a change, with eye, name, capacity, cost and what it gains.
var circle15 = circle15 || {};
circle15.whatif = circle15.whatif || {};

circle15.whatif.BasketView = class {
  constructor(desk, places) {
    const el = circle15.element;
    const { say } = circle15.whatif;
    this.desk = desk;
    this.places = places;
    this.list = el("div", "c15-w-list");
    this.foot = el("p", "c15-w-foot");
    const button = (word, values, run) => {
      const made = el("button", "c15-w-plain", say(word, values));
      made.type = "button";
      made.addEventListener("click", run);
      return made;
    };
    this.copy = button("copy_to", { side: "B" }, () => desk.baskets.copyTo(this.other));
    this.clear = button("clear", {}, () => desk.baskets.clear());
    this.buttons = el("div", "c15-w-buttons", this.copy, this.clear);
    this.element = el("section", "c15-w-section c15-w-basket", el("h3", "", say("basket")), this.list, this.foot, this.buttons);
    this.rows = new Map();
  }

  get other() {
    return this.desk.baskets.side === "A" ? "B" : "A";
  }

  draw() {
    const el = circle15.element;
    const { say, number } = circle15.whatif;
    const { desk } = this;
    const { baskets } = desk;
    const { items } = baskets;
    this.element.hidden = desk.isComparing || desk.isTrial;
    const seen = new Set();
    const rows = items.map((item, i) => {
      seen.add(item.id);
      let row = this.rows.get(item.id);
      if (!row) {
        row = this.makeRow(item);
        this.rows.set(item.id, row);
      }
      this.fillRow(row, item, i + 1);
      return row.element;
    });
    this.rows.forEach((_, id) => seen.has(id) || this.rows.delete(id));
    const isSame = rows.length === this.list.children.length && rows.every((row, i) => this.list.children[i] === row);
    if (!isSame || rows.length === 0) this.list.replaceChildren(...(rows.length > 0 ? rows : [el("p", "c15-small", say("basket_empty"))]));
    this.buttons.hidden = items.length === 0;
    this.copy.textContent = say("copy_to", { side: this.other });
    const cost = baskets.cost();
    const { budget } = desk.info;
    const parts = cost > 0 || budget !== null ? [say("total_cost", { cost: number(cost, 1) })] : [];
    if (budget !== null && budget !== undefined) {
      parts.push(say("of_budget", { budget: number(budget, 1) }));
      if (cost > budget) parts.push(say("over_budget", { over: number(cost - budget, 1) }));
    }
    this.foot.textContent = items.length > 0 ? parts.join("") : "";
    this.foot.classList.toggle("c15-w-warn", budget !== null && budget !== undefined && cost > budget);
    this.drawGains();
  }

  makeRow(item) {
    const el = circle15.element;
    const { say } = circle15.whatif;
    const { desk } = this;
    const { id } = item;
    const input = (type, label, save) => {
      const made = el("input", `c15-w-${type}`);
      made.type = type === "name" ? "text" : "number";
      if (type !== "name") Object.assign(made, { min: "0", step: "any", inputMode: "decimal" });
      made.setAttribute("aria-label", label);
      made.addEventListener("change", () => save(made));
      made.addEventListener("focus", () => this.places.chosen !== id && this.places.choose(id));
      return made;
    };
    const eye = el("input", "");
    eye.type = "checkbox";
    eye.setAttribute("aria-label", say("shown"));
    eye.title = say("shown");
    eye.addEventListener("change", () => desk.baskets.update(id, { on: eye.checked }));
    const name = input("name", say("name"), (made) => this.rename(id, made.value));
    const numberOf = (key) => (made) => {
      const value = made.value === "" ? undefined : Number(made.value);
      if (value !== undefined && !(value >= 0 && Number.isFinite(value))) {
        made.setCustomValidity("≥ 0");
        made.reportValidity();
        return;
      }
      made.setCustomValidity("");
      desk.baskets.set(id, { [key]: value });
    };
    const capacity = input("capacity", say("capacity"), numberOf("capacity"));
    const cost = input("cost", say("cost"), numberOf("cost"));
    const remove = el("button", "c15-w-icon", "×");
    remove.type = "button";
    remove.title = say("remove");
    remove.setAttribute("aria-label", say("remove"));
    remove.addEventListener("click", () => desk.baskets.remove(id));
    const best = el("button", "c15-w-plain", say("best"));
    best.type = "button";
    best.title = say("best_note");
    best.addEventListener("click", () => this.findBest(id, best));
    const sign = el("span", "c15-w-number");
    const gains = el("p", "c15-w-gains");
    const last = item.changes[item.changes.length - 1];
    const unit = (desk.layerOf(last.layer) || {}).unit;
    const facts = el("div", "c15-w-facts");
    if (["add_facility", "set_capacity"].includes(last.kind)) facts.append(el("label", "", el("span", "", unit ? `${say("capacity")}（${unit}）` : say("capacity")), capacity));
    if (["add_facility", "add_path"].includes(last.kind)) facts.append(el("label", "", el("span", "", say("cost")), cost));
    if (last.kind === "add_facility") facts.append(best);
    const element = el("div", "c15-w-item", el("div", "c15-w-line", eye, sign, name, remove), facts, gains);
    element.addEventListener("click", (event) => {
      if (!event.target.closest("input, button") && this.places.chosen !== id) this.places.choose(id);
    });
    return { element, eye, name, capacity, cost, sign, gains };
  }

  fillRow(row, item, n) {
    const last = item.changes[item.changes.length - 1];
    const put = (input, value) => {
      const text = value === undefined || value === null ? "" : String(value);
      if (document.activeElement !== input && input.value !== text) input.value = text;
    };
    row.eye.checked = item.on;
    row.sign.textContent = String(n);
    put(row.name, item.name);
    put(row.capacity, last.capacity);
    put(row.cost, last.cost);
    row.element.classList.toggle("c15-w-hidden", !item.on);
    row.element.classList.toggle("c15-w-chosen", this.places.chosen === item.id);
  }

  // A name is the place's own too, where the change has one.
  rename(id, name) {
    const text = circle15.whatif.checkedText(name.trim());
    const item = this.desk.baskets.item(id);
    if (!text || !item) return this.draw();
    const changes = item.changes.map((change) => (["add_facility", "add_path", "close_path"].includes(change.kind) ? { ...change, name: text } : change));
    return this.desk.baskets.update(id, { name: text, changes });
  }

  drawGains() {
    const { say, signed, peopleText } = circle15.whatif;
    const { desk } = this;
    desk.baskets.items.forEach((item) => {
      const row = this.rows.get(item.id);
      if (!row) return;
      const why = desk.refused.get(item.id);
      const gain = desk.gains.get(item.id);
      row.gains.classList.toggle("c15-w-warn", Boolean(why));
      row.gains.title = say("gain_note");
      if (why) row.gains.textContent = say("refused", { why: circle15.whatif.said(why) });
      else if (!item.on || !gain) row.gains.textContent = "";
      else {
        const text = (n) => `${Math.abs(n) < 5e-4 ? "0" : signed(n, peopleText(n))}`;
        const service = desk.layerOf(gain.layer);
        const parts = [`${service.name} ${service.whom}`, say("alone", { n: text(gain.alone) }), say("marginal", { n: text(gain.marginal) })];
        row.gains.textContent = parts.join(" · ");
        if (gain.shared >= circle15.whatif.OVERLAP) {
          const share = `${Math.round(Math.min(1, gain.shared) * 100)}%`;
          row.gains.append(" ", circle15.element("b", "c15-w-overlap", say("overlap", { share })));
        }
      }
    });
  }

  async findBest(id, button) {
    const { desk } = this;
    const { changes, owners } = desk.counted();
    const item = desk.baskets.item(id);
    const isCounted = owners.includes(id);
    const all = isCounted ? changes : [...changes, ...item.changes];
    const moving = all.flatMap((change, i) => (item.changes.includes(change) ? [i] : []));
    const { lon, lat } = item.changes[item.changes.length - 1];
    button.disabled = true;
    try {
      const found = await circle15.whatif.best(all, moving, { lon, lat });
      if (!desk.baskets.item(id)) return;
      if (found.lon === lon && found.lat === lat) {
        desk.tell({ announce: circle15.whatif.say("best_same"), stays: true });
        return;
      }
      const round = (v) => Number(v.toFixed(circle15.whatif.PLACE_DECIMALS));
      desk.baskets.set(id, { lon: round(found.lon), lat: round(found.lat) });
      this.places.choose(id);
    } catch (error) {
      desk.tell({ error });
    } finally {
      button.disabled = false;
    }
  }

  mark(id) {
    this.rows.forEach((row, own) => row.element.classList.toggle("c15-w-chosen", own === id));
  }

  // Puts the cursor where the change wants a number, else on its name.
  focus(id) {
    const row = this.rows.get(id);
    if (!row) return;
    const target = row.capacity.isConnected ? row.capacity : row.name;
    target.focus();
    if (target.select) target.select();
  }
};
