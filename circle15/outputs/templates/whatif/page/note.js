"use strict";
// The one-page note: what is proposed, where, what it does by street, on which assumptions. A page of its own, without scripts.
var circle15 = circle15 || {};
circle15.whatif = circle15.whatif || {};

// One A4 sheet inside its margins, px at 96 to the inch, and what its parts take of it.
circle15.whatif.NOTE = { width: 703, height: 1032, fixed: 330, rule: 15.5, change: 36, unit: 20.5, leastMap: 230, mostMap: 430, leastUnits: 8, fewUnits: 12 };

// How high the map is and how many streets are listed, so that the note stays on its page.
circle15.whatif.noteRoom = function (desk) {
  const N = circle15.whatif.NOTE;
  const changes = desk.baskets.items.filter((item) => item.on && !desk.refused.has(item.id)).length;
  const units = circle15.whatif.noteOrder(desk).length + 1;
  const rules = Math.ceil(desk.layers.length / 2) + 3 + (desk.result.told || []).length;
  const left = N.height - N.fixed - changes * N.change - rules * N.rule;
  const rows = Math.max(N.leastUnits, Math.min(units, Math.floor((left - N.leastMap) / N.unit)));
  return { rows, height: Math.min(N.mostMap, Math.max(160, left - rows * N.unit)) };
};

circle15.whatif.NOTE_STYLE = `
@page { size: A4; margin: 12mm; }
* { box-sizing: border-box; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
html { background: #eceae4; }
body { margin: 0 auto; padding: 12mm; width: 210mm; min-height: 297mm; background: #fff; color: #2b3440; font: 10.5pt/1.45 "Noto Sans CJK SC",
  "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", system-ui, sans-serif; }
@media print { html { background: none; } body { width: auto; min-height: 0; padding: 0; } }
h1 { margin: 0; font-size: 17pt; } h2 { margin: 9pt 0 3pt; font-size: 11.5pt; }
header { display: flex; justify-content: space-between; align-items: baseline; border-bottom: 1.5pt solid #2b3440; padding-bottom: 5pt; }
header b { padding: 1pt 8pt; border: 1.2pt solid #a3204f; color: #a3204f; border-radius: 2pt; } header b.sure { border-color: #1f6d64; color: #1f6d64; }
table { border-collapse: collapse; width: 100%; font-size: 9.5pt; } th, td { padding: 2pt 6pt 2pt 0; text-align: left; border-bottom: .5pt solid #dedbd2; vertical-align: top; overflow-wrap: anywhere; }
th { color: #59616b; font-weight: 400; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } tr.whole td { font-weight: 700; }
img { display: block; width: 100%; border: .5pt solid #dedbd2; } ul { margin: 3pt 0 0; padding-left: 14pt; font-size: 9pt; } p { margin: 3pt 0 0; overflow-wrap: anywhere; }
ul.rules { columns: 2; column-gap: 18pt; } li { break-inside: avoid; }
.small { color: #59616b; font-size: 8.5pt; } .key { display: inline-block; margin-right: 12pt; font-size: 8.5pt; } .key i { display: inline-block; width: 14pt; height: 8pt; margin-right: 4pt; border: .5pt solid #2b3440; }
.warn { color: #a3204f; }`;

// Opens the note over the map, with buttons to print it and to keep it as a file.
circle15.whatif.openNote = async function (desk) {
  const el = circle15.element;
  const { say } = circle15.whatif;
  const text = await circle15.whatif.noteText(desk);
  const frame = el("iframe", "");
  frame.setAttribute("sandbox", "allow-same-origin allow-modals"); // no scripts: printing is asked for from outside
  frame.title = say("out_note");
  frame.srcdoc = text;
  const button = (word, run) => {
    const made = el("button", "c15-w-plain", say(word));
    made.type = "button";
    made.addEventListener("click", run);
    return made;
  };
  const sheet = el("div", "c15-w-sheet");
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  const shut = () => {
    sheet.remove();
    if (before) before.focus();
  };
  const bar = el("div", "c15-w-buttons", button("note_print", () => frame.contentWindow.print()),
    button("note_save", () => circle15.whatif.save(`${desk.info.district_id}-${desk.baskets.side}.html`, text, "text/html")), button("cancel", shut));
  sheet.setAttribute("role", "dialog");
  sheet.setAttribute("aria-modal", "true");
  sheet.setAttribute("aria-label", say("out_note"));
  sheet.addEventListener("keydown", (event) => event.key === "Escape" && shut());
  sheet.append(bar, frame);
  document.body.append(sheet);
  bar.firstChild.focus();
  return text;
};

/**
 * The note as HTML. It is made of elements and texts, so that no name can become markup.
 * @returns {Promise<string>}
 */
circle15.whatif.noteText = async function (desk) {
  const { say } = circle15.whatif;
  const page = document.implementation.createHTMLDocument("");
  const el = (tag, className, ...children) => {
    const made = page.createElement(tag);
    if (className) made.className = className;
    made.append(...children);
    return made;
  };
  const title = say("note_title", { district: desk.state.data.page.name });
  page.title = title;
  page.documentElement.lang = document.documentElement.lang;
  const charset = el("meta");
  charset.setAttribute("charset", "utf-8");
  const style = el("style", "", circle15.whatif.NOTE_STYLE);
  page.head.prepend(charset);
  page.head.append(style);
  const layer = desk.layer;
  page.body.append(
    el("header", "", el("h1", "", `${title} · ${say("plan", { side: desk.baskets.side })}`), el("b", desk.isConfirmed ? "sure" : "", say(desk.isConfirmed ? "note_sure" : "draft"))),
    el("p", "", circle15.whatif.noteSummary(desk)),
    el("h2", "", say("note_changes")), await circle15.whatif.noteChanges(desk, el),
    el("h2", "", say("note_map", { service: layer.name })), circle15.whatif.noteMap(desk, el), circle15.whatif.noteKey(desk, el),
    el("h2", "", `${say("table")} · ${layer.name} · ${layer.whom}`), circle15.whatif.noteUnits(desk, el),
    el("h2", "", say("note_assumptions")), circle15.whatif.noteRules(desk, el),
  );
  const text = () => `<!DOCTYPE html>\n${page.documentElement.outerHTML}\n`;
  const fit = await circle15.whatif.noteFit(text());
  if (fit < 1) style.append(`\n@media print { body { zoom: ${fit.toFixed(3)}; } }`);
  return text();
};

// By how much the note must shrink to stay on one sheet: it is laid out as wide as the paper, out of sight.
circle15.whatif.noteFit = async function (text) {
  const { width, height } = circle15.whatif.NOTE;
  const frame = circle15.element("iframe", "");
  frame.setAttribute("sandbox", "allow-same-origin");
  frame.setAttribute("aria-hidden", "true");
  frame.style.cssText = `position: fixed; left: -3000px; top: 0; width: ${width}px; height: 10px; visibility: hidden;`;
  const loaded = new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
  frame.srcdoc = text;
  document.body.append(frame);
  await loaded;
  const { body } = frame.contentDocument;
  Object.assign(body.style, { padding: "0", width: "auto", minHeight: "0" });
  const taken = body.scrollHeight;
  frame.remove();
  return Math.min(1, height / taken);
};

// What the plan does to each service that moves, in a line each.
circle15.whatif.noteSummary = function (desk) {
  const lines = desk.layers.flatMap((layer) => {
    const [now, was] = [desk.whole(desk.result, layer.id), desk.whole(desk.base, layer.id)];
    const people = now.covered_people - was.covered_people;
    const gap = now.gap === null || was.gap === null ? null : was.gap - now.gap;
    if (Math.abs(people) < 5e-4 && (layer.gapUnit === null || gap === null || Math.abs(gap) < 0.05)) return [];
    return [`${layer.name}${circle15.whatif.colon()}${circle15.whatif.gainText(layer, people, gap)}`];
  });
  const cost = desk.baskets.cost();
  if (cost > 0) lines.push(circle15.whatif.say("total_cost", { cost: circle15.whatif.number(cost, 1) }));
  const end = circle15.whatif.isChinese() ? "。" : ".";
  return lines.length > 0 ? lines.join(circle15.whatif.semicolon()) + end : circle15.whatif.say("no_change");
};

circle15.whatif.noteChanges = async function (desk, el) {
  const { say, number } = circle15.whatif;
  const rows = [];
  for (const [i, item] of desk.baskets.items.entries()) {
    if (!item.on || desk.refused.has(item.id)) continue;
    const last = item.changes[item.changes.length - 1];
    const kind = item.changes.length === 2 ? "kind_move" : `kind_${last.kind}`;
    const layer = desk.layerOf(last.layer || desk.serviceOf(item.changes) || "");
    const facts = [say(kind), layer ? layer.name : ""].filter(Boolean).join(" · ");
    const capacity = last.capacity === undefined ? "" : `${number(last.capacity, 1)} ${layer ? layer.unit : ""}`;
    const gain = desk.gains.get(item.id);
    rows.push(el("tr", "", el("td", "", String(i + 1)), el("td", "", item.name), el("td", "", facts), el("td", "", await circle15.whatif.whereText(desk, item)),
      el("td", "n", capacity), el("td", "n", last.cost === undefined ? "" : number(last.cost, 1)),
      el("td", "n", gain ? circle15.whatif.signed(gain.marginal, circle15.whatif.peopleText(gain.marginal)) : "")));
  }
  const heads = ["", say("name"), say("note_kind"), say("note_place")].map((text) => el("th", "", text));
  const numbers = [say("capacity"), say("cost"), say("marginal", { n: "" }).trim()].map((text) => el("th", "n", text));
  return el("table", "", el("thead", "", el("tr", "", ...heads, ...numbers)), el("tbody", "", ...rows));
};

// Where a change lies: its street, its community where the run knows them, and the nearest road by name.
circle15.whatif.whereText = async function (desk, item) {
  const { say } = circle15.whatif;
  const last = item.changes[item.changes.length - 1];
  const facility = last.id !== undefined && last.lon === undefined ? desk.facility(last.id, last.layer) : null;
  const place = last.line ? { lon: last.line[0][0], lat: last.line[0][1] } : facility || last;
  if (place.lon === undefined) return "";
  const latlng = circle15.whatif.toPage([place.lon, place.lat]);
  const parts = [circle15.whatif.areaAt(desk.state.data.units.map((unit) => [unit.name, unit.latlngs]), latlng)];
  const { roads, communities } = circle15.whatif.pageData();
  if (communities) {
    const shapes = circle15.decodePolygons(communities.shapes);
    parts.push(circle15.whatif.areaAt(communities.names.map((name, i) => [name, shapes[i]]), latlng));
  }
  if (roads) {
    const road = circle15.whatif.nearestRoad(roads, latlng);
    parts.push(road ? say("note_road", { road }) : say("note_road_unnamed"));
  }
  parts.push(`${place.lon.toFixed(5)}, ${place.lat.toFixed(5)}`);
  return parts.filter(Boolean).join(circle15.whatif.isChinese() ? "，" : ", ");
};

// The name of the area that holds a place; areas are [name, polygons of rings of LatLngs].
circle15.whatif.areaAt = function (areas, latlng) {
  const inRing = (ring) => {
    let isIn = false;
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [a, b] = [ring[i], ring[j]];
      if (a.lat > latlng.lat !== b.lat > latlng.lat && latlng.lng < ((b.lng - a.lng) * (latlng.lat - a.lat)) / (b.lat - a.lat) + a.lng) isIn = !isIn;
    }
    return isIn;
  };
  const found = areas.find(([, polygons]) => polygons.some((rings) => inRing(rings[0]) && !rings.slice(1).some(inRing)));
  return found ? found[0] : "";
};

// The name of the named street that is nearest, within 100 m.
circle15.whatif.nearestRoad = function (roads, latlng) {
  circle15.whatif.roadLines = circle15.whatif.roadLines || circle15.decodeLines(roads.lines);
  const x = Math.cos((latlng.lat * Math.PI) / 180);
  let best = { away: 100 / 111195, name: "" };
  circle15.whatif.roadLines.forEach((line, i) => {
    for (let k = 1; k < line.length; k++) {
      const [ax, ay] = [(line[k - 1].lng - latlng.lng) * x, line[k - 1].lat - latlng.lat];
      const [dx, dy] = [(line[k].lng - line[k - 1].lng) * x, line[k].lat - line[k - 1].lat];
      const squared = dx * dx + dy * dy;
      const t = squared > 0 ? Math.min(1, Math.max(0, -(ax * dx + ay * dy) / squared)) : 0;
      const away = Math.hypot(ax + t * dx, ay + t * dy);
      if (away < best.away) best = { away, name: roads.names[roads.name_of_line[i]] };
    }
  });
  return best.name;
};

// The streets that the note lists, those that change most first: of many only those that change at all.
circle15.whatif.noteOrder = function (desk) {
  const [was, now] = [desk.base, desk.result].map((result) => result.units.filter((unit) => unit.layer === desk.layer.id));
  const moved = now.map((unit, i) => Math.abs(unit.covered_people - was[i].covered_people) + 1e-6 * Math.abs((unit.gap || 0) - (was[i].gap || 0)));
  const order = moved.map((_, i) => i).slice(0, -1).sort((a, b) => moved[b] - moved[a] || a - b);
  return order.length > circle15.whatif.NOTE.fewUnits ? order.filter((i) => moved[i] > 1e-9) : order;
};

circle15.whatif.noteUnits = function (desk, el) {
  const { say, shareText, signed, peopleText, quantityText } = circle15.whatif;
  const layer = desk.layer;
  const names = new Map(desk.info.units.map((unit) => [unit.unit_id, unit.name]));
  const [was, now] = [desk.base, desk.result].map((result) => result.units.filter((unit) => unit.layer === layer.id));
  const hasGap = layer.gapUnit !== null && now.every((unit) => unit.gap !== null) && was.every((unit) => unit.gap !== null);
  const last = now.length - 1;
  const shown = new Set([last, ...circle15.whatif.noteOrder(desk).slice(0, circle15.whatif.noteRoom(desk).rows - 1)]);
  const rows = now.map((unit, i) => {
    if (!shown.has(i)) return null;
    const people = unit.covered_people - was[i].covered_people;
    const cells = [
      el("td", "", i === last ? say("whole") : names.get(unit.unit_id) || unit.unit_id),
      el("td", "n", shareText(was[i].covered_people, was[i].people)), el("td", "n", shareText(unit.covered_people, unit.people)),
      el("td", "n", peopleText(unit.covered_people)), el("td", "n", Math.abs(people) < 5e-4 ? "–" : signed(people, peopleText(people))),
    ];
    if (hasGap) cells.push(el("td", "n", quantityText(was[i].gap)), el("td", "n", quantityText(unit.gap)));
    return el("tr", i === last ? "whole" : "", ...cells);
  }).filter(Boolean);
  const arrow = circle15.whatif.isChinese() ? ["（前）", "（后）", "增减"] : [" before", " after", "change"];
  const heads = [el("th", "", say("unit"))];
  const head = (text) => heads.push(el("th", "n", text));
  head(`${say("share")}${arrow[0]}`);
  head(`${say("share")}${arrow[1]}`);
  head(`${say("people")}${arrow[1]}`);
  head(arrow[2]);
  if (hasGap) {
    head(`${say("gap", { unit: layer.gapUnit })}${arrow[0]}`);
    head(`${say("gap", { unit: layer.gapUnit })}${arrow[1]}`);
  }
  const table = el("table", "", el("thead", "", el("tr", "", ...heads)), el("tbody", "", ...rows));
  const left = now.length - rows.length;
  if (left <= 0) return table;
  return el("div", "", table, el("p", "small", say("note_left", { n: left })));
};

circle15.whatif.noteRules = function (desk, el) {
  const { say, number } = circle15.whatif;
  const { data } = desk.state;
  const rules = desk.layers.map((layer) => {
    const profile = desk.info.profiles.find((one) => one.name === layer.profile);
    return el("li", "", say("note_rule", { service: layer.name, group: layer.whom, minutes: number(layer.minutes, 2), count: layer.min_count, speed: number(profile.speed_m_s, 2) }));
  });
  const told = (desk.result.told || []).map((one) => el("li", "warn", circle15.whatif.said(one)));
  const sources = data.page.about.map(([label, text]) => `${label}${circle15.whatif.colon()}${text}`).join(circle15.whatif.semicolon());
  const foot = data.page.footer.map((line) => el("p", "small", line));
  const base = `${circle15.whatif.pageData().config_file} · config_sha256 ${String(desk.info.config_sha256).slice(0, 16)}`;
  return el("div", "", el("ul", "rules", ...told, ...rules), el("p", "small", sources), el("p", "", desk.isConfirmed ? say("confirmed") : `${say("draft")}${circle15.whatif.colon()}${say("note_draft")}`), el("p", "small", base), ...foot);
};
