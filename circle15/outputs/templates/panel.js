"use strict";
// The panel beside the map: title, covered shares, legend of what is visible, search, definitions.
var circle15 = circle15 || {};

circle15.panel = function (state) {
  const { data } = state;
  const { words, page } = data;
  const el = circle15.element;
  const panel = document.getElementById("c15-panel");
  L.DomEvent.disableClickPropagation(panel);
  L.DomEvent.disableScrollPropagation(panel);

  const head = el("header", "", el("h1", "", page.name), el("p", "", page.subtitle));
  if (page.whatif) { // of a street's page: the district's has it
    const link = el("a", "c15-w-open", words.whatif);
    link.href = page.whatif;
    head.append(link);
  }
  const services = el("div", "c15-services");
  const legend = el("section", "c15-legend");
  legend.id = "c15-legend";
  const strip = el("div", "c15-strip");
  strip.setAttribute("role", "region");
  strip.setAttribute("aria-label", words.legend);
  panel.after(strip);
  const body = el("div", "c15-body", circle15.search(state), services, legend);
  if (data.sentences.length > 0) {
    body.insertBefore(el("section", "c15-sentences", ...data.sentences.map((s) => el("p", "", s))), legend);
  }
  if (data.warnings.length > 0) {
    const box = el("details", "c15-warnings", el("summary", "", circle15.inBrackets(words, words.warnings, data.warnings.length)));
    box.open = data.warnings.length <= 2;
    data.warnings.forEach((w) => box.append(el("p", "", w)));
    body.append(box);
    circle15.warningsOnPaper(words, data.warnings);
  }
  if (data.links.length > 0) {
    const links = el("details", "c15-links", el("summary", "", circle15.inBrackets(words, words.unit_maps, data.links.length)));
    data.links.forEach((link) => {
      const a = el("a", "", el("span", "", link.label), el("i", "", link.note));
      a.href = link.href;
      links.append(a);
    });
    body.append(links);
  }
  const about = el("details", "c15-about", el("summary", "", words.details));
  about.append(circle15.table(page.about));
  body.append(about);
  const foot = el("footer", "", ...page.footer.map((line) => el("p", "", line)));
  if (page.back) {
    const back = el("a", "c15-back", page.back.label);
    back.href = page.back.href;
    panel.append(back);
  }
  panel.append(head, body, foot);
  circle15.folding(state, head);

  const buttons = data.shares.map((share) => {
    const bar = el("span", "c15-bar", el("span", ""));
    bar.firstChild.style.width = `${share.percent}%`;
    const button = el("button", "", el("span", "c15-name", share.name), bar, el("span", "c15-share", share.text));
    button.type = "button";
    button.title = share.name;
    button.addEventListener("click", () => state.show(share.key));
    if (share.beside) button.append(el("span", "c15-beside", share.beside));
    services.append(button);
    return { key: share.key, button };
  });
  services.prepend(el("p", "c15-caption", `${words.covered_share}`));

  state.refreshPanel = () => {
    buttons.forEach(({ key, button }) => button.setAttribute("aria-pressed", String(key === state.key)));
    legend.replaceChildren(...circle15.legend(state));
    strip.replaceChildren(...circle15.strip(state));
  };
};

// On paper the warnings stand below the map, all of them; map.js gives them their room (`layOut`).
circle15.warningsOnPaper = function (words, warnings) {
  const el = circle15.element;
  const paper = el("div", "", el("b", "", words.warnings), ...warnings.map((w) => el("p", "", w)));
  paper.id = "c15-paper";
  document.body.append(paper);
};

// On a phone the panel folds to its head.
circle15.folding = function (state, head) {
  const { words } = state.data;
  const panel = head.parentElement;
  const fold = circle15.element("button", "c15-fold");
  fold.type = "button";
  fold.setAttribute("aria-label", words.legend);
  fold.addEventListener("click", () => state.setFolded(!panel.classList.contains("c15-folded")));
  head.append(fold);
  state.setFolded = (folded) => {
    panel.classList.toggle("c15-folded", folded);
    fold.setAttribute("aria-expanded", String(!folded));
    fold.textContent = folded ? words.legend : "×";
  };
  state.setFolded(circle15.isNarrow());
};

circle15.swatch = function (colour, label, share, hatch) {
  const el = circle15.element;
  const box = el("span", hatch ? `c15-swatch ${hatch}` : "c15-swatch");
  if (colour) box.style.backgroundColor = colour;
  const row = el("div", "c15-row", box, el("span", "c15-label", label));
  if (share) {
    const bar = el("span", "c15-bar", el("span", ""));
    bar.firstChild.style.width = `${share.percent}%`;
    row.append(bar, el("span", "c15-share", share.text));
  }
  return row;
};

// Cells off the network stand below the classes, as no class of walking time; nothing where there are none.
circle15.offNetwork = function (data, share) {
  if (share === null) return [];
  const row = circle15.swatch("", share.label, share, "c15-off");
  row.classList.add("c15-wide");
  return [row];
};

circle15.legendHead = function (title, caption) {
  return circle15.element("div", "c15-legend-head", circle15.element("h2", "", title), circle15.element("span", "c15-caption", caption));
};

// The colours in one line, for phones: classes with their edges below, the threshold marked.
circle15.strip = function (state) {
  const { data, kind } = state;
  const el = circle15.element;
  const layer = data.layers[kind.layer];
  if (kind.mode === "none") return [];
  if (kind.mode === "cause") {
    const keys = el("div", "c15-strip-keys");
    data.causes.labels.forEach((label, c) => {
      if (layer.cause_shares[c].percent > 0) keys.append(circle15.swatch(data.causes.colours[c], label));
    });
    return [el("b", "", `${layer.name} · ${data.words.cause}`), keys];
  }
  if (kind.mode === "sure") {
    const keys = el("div", "c15-strip-keys");
    data.sure.labels.forEach((label, c) => keys.append(circle15.swatch(data.sure.colours[c], label)));
    return [el("b", "", `${layer.name} · ${data.sure.title}`), keys];
  }
  const counts = { colours: data.counts.colours.slice().reverse(), edges: data.counts.labels.map((_, c) => String(c)).reverse() };
  const shown = {
    time: {
      name: `${layer.name} · ${data.words.walking_minutes_unit}`, colours: layer.colours, edges: layer.edge_texts, off: layer.off_share,
    },
    gap: layer.gap && {
      name: circle15.inBrackets(data.words, `${layer.name} · ${data.words.gap}`, layer.gap.unit), colours: layer.gap.colours, edges: layer.gap.edge_texts,
    },
    count: { name: data.words.services_in_reach, ...counts, off: data.counts.off_share },
  }[kind.mode];
  const bar = el("div", "c15-strip-bar");
  shown.colours.forEach((colour, c) => {
    const box = el("span", "", el("i", "", shown.edges[c] || ""));
    box.style.backgroundColor = colour;
    if (kind.mode === "time" && c === layer.n_within) box.className = "c15-strip-threshold";
    if (kind.mode === "count") box.className = "c15-strip-middle";
    bar.append(box);
  });
  const head = el("div", "c15-strip-head", el("b", "", shown.name));
  if (shown.off) head.append(circle15.swatch("", data.words.unlinked, null, "c15-off"));
  return [head, bar];
};

circle15.legend = function (state) {
  const { data, kind } = state;
  const { words } = data;
  const el = circle15.element;
  const layer = data.layers[kind.layer];
  const rows = [];
  if (kind.mode === "time") {
    rows.push(circle15.legendHead(`${layer.name} · ${words.walking_minutes_unit}`, layer.share_heading));
    layer.labels.forEach((label, c) => {
      if (c === layer.n_within) rows.push(el("div", "c15-threshold", el("span", "", layer.threshold_text)));
      rows.push(circle15.swatch(layer.colours[c], label, layer.class_shares[c]));
    });
    rows.push(...circle15.offNetwork(data, layer.off_share));
  } else if (kind.mode === "count") {
    rows.push(circle15.legendHead(words.services_in_reach, words.share_of_people));
    for (let c = data.counts.labels.length - 1; c >= 0; c--) {
      rows.push(circle15.swatch(data.counts.colours[c], data.counts.labels[c], data.counts.class_shares[c]));
    }
    rows.push(...circle15.offNetwork(data, data.counts.off_share));
  } else if (kind.mode === "cause") {
    rows.push(circle15.legendHead(`${layer.name} · ${words.cause}`, layer.share_heading));
    data.causes.labels.forEach((label, c) => {
      if (layer.cause_shares[c].percent > 0) rows.push(circle15.swatch(data.causes.colours[c], label, layer.cause_shares[c]));
    });
    rows.push(circle15.swatch(data.causes.none, words.no_cause));
    rows.push(circle15.swatch(data.nobody_colour, layer.nobody_label));
  } else if (kind.mode === "sure") {
    rows.push(circle15.legendHead(`${layer.name} · ${data.sure.title}`, layer.share_heading));
    data.sure.labels.forEach((label, c) => rows.push(circle15.swatch(data.sure.colours[c], label, layer.sure_shares[c])));
    rows.push(circle15.swatch(data.nobody_colour, layer.nobody_label));
    rows.push(...circle15.offNetwork(data, layer.off_share));
  } else if (kind.mode === "gap") {
    rows.push(el("h2", "", circle15.inBrackets(words, `${layer.name} · ${words.gap}`, layer.gap.unit)));
    rows.push(circle15.swatch(data.nobody_colour, layer.nobody_label));
    rows.push(circle15.swatch(data.no_gap_colour, words.no_gap));
    layer.gap.labels.forEach((label, c) => rows.push(circle15.swatch(layer.gap.colours[c], label)));
    if (layer.off_share !== null) rows.push(circle15.swatch("", layer.off_share.label, null, "c15-off"));
  } else {
    rows.push(el("h2", "", words.no_cells));
  }
  if (state.visible("uncovered") && !["cause", "sure"].includes(kind.mode)) {
    const share = data.shares.find((s) => s.key === state.key) || data.shares[kind.layer];
    const label = kind.mode === "count" ? words.lacking_cell : layer.uncovered_label;
    rows.push(circle15.swatch("", label, { percent: 0, text: share.uncovered }, "c15-hatched"));
    rows[rows.length - 1].classList.add("c15-wide");
  }
  const signs = el("div", "c15-signs");
  const sign = (body, text) => signs.append(el("span", "", body, text));
  data.layers.forEach((l, i) => {
    if (state.visible(`facilities-${i}`)) sign(el("span", "c15-facility", l.glyph), circle15.inBrackets(words, l.name, l.n_facilities));
  });
  if (data.layers.some((l, i) => l.n_facilities > 1 && state.visible(`facilities-${i}`))) {
    sign(el("span", "c15-cluster", "3"), words.n_facilities.replace("{n}", 3));
  }
  if (state.visible("sites") && kind.mode !== "count") sign(el("span", "c15-site", "1"), words.ranking);
  Object.keys(data.planned).filter((name) => state.visible(name)).forEach((name) => {
    if (name !== "links") return sign(el("span", `c15-site c15-${name}`, "1"), words[name]);
    const line = el("span", "c15-line");
    line.style.borderTop = `4px dotted ${data.area_colour}`;
    return sign(line, words.links);
  });
  if (state.visible("areas") && kind.mode !== "count") {
    data.areas.filter((a) => a.layer === kind.layer).forEach((a) => {
      const line = el("span", "c15-line");
      line.style.borderTop = `${a.weight}px solid ${data.area_colour}`;
      sign(line, `${words.service_area} ${a.minutes} ${words.minutes}`);
    });
  }
  if (state.visible("unlinked")) sign(el("span", "c15-lost", "×"), words.unlinked);
  if (signs.childNodes.length > 0) rows.push(signs);
  const isOfOne = ["time", "gap", "cause", "sure"].includes(kind.mode);
  rows.push(circle15.table(isOfOne ? layer.rules : layer.rules.slice(-1)));
  if (isOfOne && layer.note) rows.push(el("p", "c15-small", layer.note));
  return rows;
};
