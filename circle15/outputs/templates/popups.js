"use strict";
// Popups and small pieces of page. Every text goes through textContent: no name can become markup.
var circle15 = circle15 || {};

circle15.element = function (tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  for (const child of children) made.append(child);
  return made;
};

// "托育（6）", "Nurseries (6)".
circle15.inBrackets = (words, what, inside) => words.in_brackets.replace("{a}", () => what).replace("{b}", () => String(inside));

// rows: [[text, text, ...], ...]; the first row is the heading where `heading` is set.
circle15.table = function (rows, heading) {
  const made = circle15.element("table", "c15-table");
  rows.forEach((row, i) => {
    const tr = made.insertRow();
    row.forEach((text) => {
      const cell = circle15.element(heading && i === 0 ? "th" : "td", "");
      cell.textContent = text;
      tr.append(cell);
    });
  });
  return made;
};

circle15.minutesText = function (values, i, layer, words) {
  if (values.ms[i] !== null) return (values.ms[i] / 60000).toFixed(1);
  if (!values.linked[i]) return values.off ? words["off_" + values.off[i]] : words.unlinked;
  return layer.searched === null ? words.not_reached : "> " + layer.searched;
};

// People of a cell are an estimate: whole ones, and no zero where somebody lives.
circle15.peopleText = function (people, words) {
  if (people > 0 && people < 1) return `< 1 ${words.people_unit}`;
  const whole = people.toLocaleString("en", { maximumFractionDigits: 0 });
  return people > 0 ? words.about_people.replace("{n}", whole) : words.nobody;
};

// The people whom a layer is for; residents where it is for all.
circle15.peopleOf = function (data, layer, i) {
  return (data.cells.layers[layer.id].people || data.cells.people)[i];
};

// What a model shares out over cells is known no finer than this (text.quantity_text).
circle15.quantityText = function (value) {
  if (value < 0.1) return "< 0.1";
  return value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 });
};

circle15.cellPopup = function (data, i) {
  const { words, cells, layers } = data;
  const rows = [[words.service, words.walk_minutes, words.in_reach_short, ""]];
  layers.forEach((layer) => {
    const values = cells.layers[layer.id];
    rows.push([
      layer.name,
      circle15.minutesText(values, i, layer, words),
      words.n_in_reach.replace("{n}", values.count[i]),
      values.covered[i] ? "✓" : "✗",
    ]);
  });
  const made = circle15.element("div", "c15-popup");
  made.append(circle15.element("h3", "", data.units[cells.unit[i]].name));
  const people = [[words.residents, circle15.peopleText(cells.people[i], words)]];
  layers.forEach((layer) => {
    if (people.some(([whom]) => whom === layer.whom)) return;
    people.push([layer.whom, circle15.peopleText(circle15.peopleOf(data, layer, i), words)]);
  });
  made.append(circle15.table(people));
  made.append(circle15.table(rows, true));
  const gaps = layers.filter((layer) => layer.gap && cells.layers[layer.id].gap[i] > 0);
  if (gaps.length > 0) {
    const gapRows = gaps.map((layer) => [
      `${words.gap} · ${layer.name}`, `${circle15.quantityText(cells.layers[layer.id].gap[i])} ${layer.gap.unit}`,
    ]);
    made.append(circle15.table(gapRows));
  }
  const drawn = layers.filter((layer) => layer.sure_shares.length > 0 && cells.layers[layer.id].linked[i]);
  if (drawn.length > 0) {
    made.append(circle15.table(drawn.map((layer) => {
      const values = cells.layers[layer.id];
      return [`${data.sure.probability} · ${layer.name}`, `${values.probability[i]}%`, data.sure.labels[values.sure[i]]];
    })));
  }
  const causes = layers.filter((layer) => layer.cause_shares.length > 0 && cells.layers[layer.id].cause[i] >= 0);
  if (causes.length > 0) {
    made.append(circle15.table(causes.map((layer) => [
      `${words.cause} · ${layer.name}`, data.causes.labels[cells.layers[layer.id].cause[i]],
    ])));
  }
  made.append(circle15.element("p", "c15-small", `${words.cell} ${cells.id[i]}`));
  return made;
};

// What is covered where the pointer is, in two lines.
circle15.cellTold = function (state, i) {
  const { data, kind } = state;
  const { words, cells } = data;
  const layer = data.layers[kind.layer];
  const values = cells.layers[layer.id];
  const isAll = kind.mode === "count";
  const n = data.layers.filter((l) => cells.layers[l.id].covered[i]).length;
  const covered = values.covered[i] ? words.covered : words.not_covered;
  const minutes = circle15.minutesText(values, i, layer, words);
  const walk = values.linked[i] ? [`${minutes} ${words.minutes}`, covered] : [minutes];
  const gap = kind.mode === "gap" && (values.gap[i] > 0 ? `${words.gap} ${circle15.quantityText(values.gap[i])} ${layer.gap.unit}` : words.no_gap);
  const cause = kind.mode === "cause" && (data.causes.labels[values.cause[i]] || words.no_cause);
  const sure = kind.mode === "sure" && values.linked[i] && `${data.sure.probability} ${values.probability[i]}%`;
  const what = isAll ? [words.services_in_reach, `${n} / ${data.layers.length}`] : [layer.name, ...walk, gap, cause, sure].filter(Boolean);
  const [whom, people] = isAll ? [words.residents, cells.people[i]] : [layer.whom, circle15.peopleOf(data, layer, i)];
  const el = circle15.element;
  return el("div", "", el("b", "", what.join(" · ")), el("br", ""), `${data.units[cells.unit[i]].name} · ${whom} ${circle15.peopleText(people, words)}`);
};

// What the share below a unit's name is of.
circle15.shareTold = function (state, name, share) {
  const { data, kind } = state;
  const { words } = data;
  const layer = data.layers[kind.layer];
  const [what, whom] = kind.mode === "count" ? [words.all_services, words.residents] : [layer.name, layer.whom];
  return `${name} · ${what} · ${words.covered_share} ${share} · ${whom}`;
};

// rows: [[label, text], ...], ready to read.
circle15.factPopup = function (title, subtitle, rows) {
  const made = circle15.element("div", "c15-popup");
  made.append(circle15.element("h3", "", title));
  if (subtitle) made.append(circle15.element("p", "c15-small", subtitle));
  if (rows.length > 0) made.append(circle15.table(rows));
  return made;
};

circle15.unitPopup = function (data, unit) {
  const { words } = data;
  const made = circle15.factPopup(unit.name, "", []);
  made.append(circle15.table([[words.people, unit.people]]));
  const shares = circle15.table([unit.heading, ...unit.rows], true);
  shares.classList.add("c15-shares");
  made.append(shares);
  if (unit.href) {
    const link = circle15.element("a", "c15-link", words.unit_maps);
    link.href = unit.href;
    made.append(link);
  }
  return made;
};
