"use strict";
// The table of streets before and after, and the lines of other services; rows are made once and only their texts change.
var circle15 = circle15 || {};
circle15.whatif = circle15.whatif || {};

circle15.whatif.UnitTable = class {
  constructor(desk) {
    this.desk = desk;
    const el = circle15.element;
    const { say } = circle15.whatif;
    this.head = el("tr", "");
    this.body = el("tbody", "");
    this.table = el("table", "c15-w-units", el("thead", "", this.head), this.body);
    this.caption = el("p", "c15-small");
    this.others = el("div", "c15-w-others");
    this.element = el("section", "c15-w-section", el("h3", "", say("table")), el("div", "c15-w-scroll", this.table), this.caption, this.others);
    this.rows = new Map();
  }

  // One row a unit: the whole district first, then those that change, the others behind.
  fill(rows, { gapUnit, worst, keepsOrder, heads = /** @type {string[] | null} */ (null) }) {
    const el = circle15.element;
    const { say } = circle15.whatif;
    const hasGap = gapUnit !== null;
    const titles = heads || [say("unit"), say("share"), say("people"), ...(hasGap ? [say("gap", { unit: gapUnit })] : [])];
    if (this.titles !== titles.join()) {
      this.titles = titles.join();
      this.head.replaceChildren(...titles.map((title) => el("th", "", title)));
    }
    const sorted = keepsOrder ? rows : [...rows].sort((a, b) => b.isWhole - a.isWhole || b.moves - a.moves);
    sorted.forEach((row) => {
      let made = this.rows.get(row.id);
      if (!made || made.cells.length !== titles.length) {
        if (made) made.tr.remove();
        const cells = titles.map(() => el("td", ""));
        made = { tr: el("tr", "", ...cells), cells, key: "" };
        this.rows.set(row.id, made);
      }
      const key = `${row.key} ${row.id === worst}`;
      if (made.key !== key) { // a drag moves a few streets: the others' texts are not made again
        made.key = key;
        const [[name], ...texts] = row.texts();
        [row.id === worst ? [name, name, say("worst")] : [name], ...texts].forEach((parts, i) => this.write(made.cells[i], parts));
      }
      const kind = `${row.isWhole ? "c15-w-whole" : ""} ${row.moves ? "c15-w-moves" : ""} ${row.id === worst ? "c15-w-worst" : ""}`;
      if (made.tr.className !== kind) made.tr.className = kind;
      if (!keepsOrder || !made.tr.parentNode) this.body.append(made.tr);
    });
    const kept = new Set(rows.map((row) => row.id));
    this.rows.forEach((made, id) => {
      if (kept.has(id)) return;
      made.tr.remove();
      this.rows.delete(id);
    });
  }

  // parts: [text, mark below] or [before, after, difference]; a cell is touched where it says something else than before.
  write(cell, parts) {
    const key = parts.join("\u0001");
    if (cell.c15Said === key) return;
    cell.c15Said = key;
    const el = circle15.element;
    if (parts.length === 1) {
      cell.replaceChildren(parts[0]);
      return;
    }
    const [before, after, difference, worse] = parts;
    cell.replaceChildren(before === after ? after : `${before} → ${after}`);
    if (difference) cell.append(el("i", worse === null ? "c15-w-beside" : worse ? "c15-w-worse" : "", difference));
  }

  // result beside the run's own numbers; step: the newest of a drag, whose service has its own rows.
  show(result, { keepsOrder = false } = {}) {
    const { desk } = this;
    const layer = desk.layer;
    const mine = result.units.filter((unit) => unit.layer === layer.id);
    const was = desk.base.units.filter((unit) => unit.layer === layer.id);
    this.compareRows(layer, was, mine, keepsOrder);
    this.showOthers(result);
  }

  compareRows(layer, was, mine, keepsOrder) {
    const { say, shareText, signed, peopleText, quantityText } = circle15.whatif;
    const { desk } = this;
    const names = new Map(desk.info.units.map((unit) => [unit.unit_id, unit.name]));
    const hasGap = layer.gapUnit !== null && mine.some((unit) => unit.gap !== null) && was.some((unit) => unit.gap !== null);
    let worst = null;
    let lowest = Infinity;
    const rows = mine.map((unit, i) => {
      const before = was[i];
      const isWhole = unit.unit_id === desk.info.district_id && i === mine.length - 1;
      const dPeople = unit.covered_people - before.covered_people;
      const dGap = hasGap && unit.gap !== null && before.gap !== null ? unit.gap - before.gap : 0;
      if (!isWhole && unit.people > 0 && unit.covered_people / unit.people < lowest) {
        lowest = unit.covered_people / unit.people;
        worst = unit.unit_id;
      }
      const moves = Math.abs(dPeople) >= 5e-4 || Math.abs(dGap) >= 5e-4 || Math.abs(unit.people - before.people) > 5e-4;
      const gapText = (gap) => (gap === null ? "–" : quantityText(gap));
      const difference = (d, text) => (Math.abs(d) >= 5e-4 && moves ? signed(d, text(d)) : "");
      return {
        id: `${isWhole ? "whole " : ""}${unit.unit_id}`,
        isWhole: isWhole ? 1 : 0,
        moves: moves ? 1 : 0,
        key: `${layer.id} ${before.covered_people} ${unit.covered_people} ${before.gap} ${unit.gap} ${unit.people}`,
        texts: () => [
          [isWhole ? say("whole") : names.get(unit.unit_id) || unit.unit_id],
          [shareText(before.covered_people, before.people), shareText(unit.covered_people, unit.people), ""],
          [peopleText(unit.covered_people), peopleText(unit.covered_people), difference(dPeople, peopleText), dPeople < 0],
          ...(hasGap ? [[gapText(before.gap), gapText(unit.gap), difference(dGap, quantityText), dGap > 0]] : []),
        ],
      };
    });
    const several = mine.length > 2;
    this.fill(rows, { gapUnit: hasGap ? layer.gapUnit : null, worst: several ? worst : null, keepsOrder });
    this.caption.textContent = rows.some((row) => row.moves) ? "" : say("no_change");
  }

  // One line for every other service that moves.
  showOthers(result) {
    const { desk } = this;
    const { say, signed, peopleText, quantityText } = circle15.whatif;
    const el = circle15.element;
    const lines = desk.layers.filter((layer) => layer.id !== desk.layer.id).flatMap((layer) => {
      const [now, was] = [desk.whole(result, layer.id), desk.whole(desk.base, layer.id)];
      const people = now.covered_people - was.covered_people;
      const gap = layer.gapUnit !== null && now.gap !== null && was.gap !== null ? now.gap - was.gap : 0;
      if (Math.abs(people) < 5e-4 && Math.abs(gap) < 5e-4) return [];
      let text = say("other_line", { service: layer.name, people: signed(people, peopleText(people)) });
      if (Math.abs(gap) >= 0.05) text += say("other_gap", { gap: signed(gap, quantityText(gap)), unit: layer.gapUnit });
      return [el("p", "", text)];
    });
    this.others.replaceChildren(...(lines.length > 0 ? [el("h4", "", say("others")), ...lines] : []));
    const cannot = (result.cannot || []).map((one) => el("p", "c15-w-warn", `${desk.layerOf(one.layer).name}${circle15.whatif.colon()}${circle15.whatif.said(one)}`));
    const told = (result.told || []).map((one) => el("p", "c15-w-warn", circle15.whatif.said(one)));
    this.others.append(...cannot, ...told);
  }

  // The newest step of a drag: the service that is dragged alone, rows stay where they are.
  showStep(step) {
    const layer = this.desk.layer;
    const base = this.desk.base.units.filter((unit) => unit.layer === layer.id);
    // A district that is its own unit has one row in the run's table.
    const steps = new Map(step.units.map((unit) => [unit.unit_id, unit]));
    const mine = base.map((was) => {
      const unit = steps.get(was.unit_id);
      return { unit_id: was.unit_id, people: unit.people, covered_people: unit.covered_after, gap: was.gap === null ? null : unit.gap_after };
    });
    this.compareRows(layer, base, mine, true);
  }

  // A and B side by side, and the difference.
  showSides(a, b) {
    const { desk } = this;
    const { say, shareText, signed, peopleText } = circle15.whatif;
    const layer = desk.layer;
    const of = (result) => result.units.filter((unit) => unit.layer === layer.id);
    const names = new Map(desk.info.units.map((unit) => [unit.unit_id, unit.name]));
    const [left, right] = [of(a), of(b)];
    const rows = left.map((unit, i) => {
      const isWhole = i === left.length - 1;
      const people = unit.covered_people - right[i].covered_people;
      const text = (one) => [shareText(one.covered_people, one.people), shareText(one.covered_people, one.people), peopleText(one.covered_people), null];
      return {
        id: `${isWhole ? "whole " : ""}${unit.unit_id}`,
        isWhole: isWhole ? 1 : 0,
        moves: Math.abs(people) >= 5e-4 ? 1 : 0,
        key: `${layer.id} ${unit.covered_people} ${right[i].covered_people} ${unit.people}`,
        texts: () => [[isWhole ? say("whole") : names.get(unit.unit_id) || unit.unit_id], text(unit), text(right[i]), [Math.abs(people) >= 5e-4 ? signed(people, peopleText(people)) : "0"]],
      };
    });
    const heads = [say("unit"), say("plan", { side: "A" }), say("plan", { side: "B" }), say("difference")];
    this.fill(rows, { gapUnit: null, worst: null, keepsOrder: false, heads });
    this.caption.textContent = "";
    const lines = desk.layers.flatMap((one) => {
      const [x, y] = [desk.whole(a, one.id), desk.whole(b, one.id)];
      const gapText = one.gapUnit === null || x.gap === null || y.gap === null ? "" : say("other_gap", { gap: signed(x.gap - y.gap, circle15.whatif.quantityText(x.gap - y.gap)), unit: one.gapUnit });
      const people = x.covered_people - y.covered_people;
      if (Math.abs(people) < 5e-4 && !gapText.match(/[1-9]/)) return [];
      return circle15.element("p", "", say("other_line", { service: one.name, people: signed(people, peopleText(people)) }) + gapText);
    });
    this.others.replaceChildren(...(lines.length > 0 ? [circle15.element("h4", "", say("difference")), ...lines] : []));
  }
};
