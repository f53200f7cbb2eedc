"use strict";
// Fills the page's folium layers with cells, facilities, areas, sites and units.
var circle15 = circle15 || {};

circle15.PAPER = "#fbfaf7";

circle15.panes = function (map) {
  const pane = (name, zIndex) => {
    const made = map.createPane(name);
    made.style.zIndex = zIndex;
    return made;
  };
  const cells = pane("c15-cells", 410);
  const { tiles, tiles_show } = circle15.state.data;
  if (tiles) { // the base map is read through the classes, and their swatches are as they look
    cells.style.opacity = String(1 - tiles_show);
    document.documentElement.style.setProperty("--veil", `${tiles_show}`);
  }
  const streets = pane("c15-streets", 420);
  streets.style.pointerEvents = "none";
  streets.style.mixBlendMode = "multiply"; // streets stay readable on every class without hiding it
  pane("c15-lines", 430);
  pane("c15-labels", 590); // below the markers, which keep their clicks
  return {
    cells: new circle15.CellCanvas({ pane: "c15-cells", padding: 0.3 }),
    streets: L.canvas({ pane: "c15-streets", padding: 0.3 }),
    lines: L.svg({ pane: "c15-lines", padding: 0.3 }),
  };
};

// Diagonal lines over a colour: readable on the dark classes, on paper and in grey print; the other way with `falls`.
circle15.hatch = function (colour, line, falls) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6;
  const pen = tile.getContext("2d");
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 6, 6);
  pen.strokeStyle = line;
  pen.lineWidth = 1.2;
  for (const shift of [-6, 0, 6]) {
    pen.beginPath();
    pen.moveTo(shift - 1, falls ? -1 : 7);
    pen.lineTo(shift + 7, falls ? 7 : -1);
    pen.stroke();
  }
  return pen.createPattern(tile, "repeat");
};

circle15.classOf = function (ms, edges) {
  if (ms === null) return edges.length;
  const at = edges.findIndex((edge) => ms <= edge);
  return at < 0 ? edges.length : at;
};

// No street within reach of the cell: nothing is known of its walks, which is no long walk.
circle15.isLinked = function (data, kind, i) {
  if (kind.mode === "count") return data.layers.some((layer) => data.cells.layers[layer.id].linked[i]);
  return !["time", "gap"].includes(kind.mode) || data.cells.layers[data.layers[kind.layer].id].linked[i];
};

// A cell is an ordinary polygon whose popup is bound when first asked for: 20,000 popups at once would cost a second.
circle15.Cell = L.Polygon.extend({
  c15Bind() {
    if (!this._popup) this.bindPopup(() => circle15.cellPopup(circle15.state.data, this.c15Cell), { maxWidth: 320 });
    return this;
  },
  getPopup() {
    return L.Polygon.prototype.getPopup.call(this.c15Bind());
  },
  openPopup(latlng) {
    return L.Polygon.prototype.openPopup.call(this.c15Bind(), latlng);
  },
  togglePopup() {
    return L.Polygon.prototype.togglePopup.call(this.c15Bind());
  },
});

circle15.bindLazily = function (group) {
  group.on("click", (event) => {
    const cell = event.layer || event.propagatedFrom;
    if (cell._popup) return; // bound before: Leaflet opens it by itself
    L.DomEvent.stop(event);
    cell.openPopup(event.latlng);
  });
};

// Draws cells of one colour together, a few to a path: neighbours never overlap, so order among them is free. Twenty to a
// path draws 20,000 cells in a third of the time of one by one; thousands to a path are slower than either.
circle15.CELLS_TO_A_PATH = 20;
circle15.CellCanvas = L.Canvas.extend({
  _draw() {
    const bounds = this._redrawBounds;
    const pen = this._ctx;
    pen.save();
    if (bounds) {
      const size = bounds.getSize();
      pen.beginPath();
      pen.rect(bounds.min.x, bounds.min.y, size.x, size.y);
      pen.clip();
    }
    this._drawing = true;
    this._batches = new Map();
    for (let order = this._drawFirst; order; order = order.next) {
      if (!bounds || (order.layer._pxBounds && order.layer._pxBounds.intersects(bounds))) order.layer._updatePath();
    }
    const batches = [...this._batches.values()].sort((a, b) => a.options.c15Level - b.options.c15Level);
    batches.forEach((batch) => this._drawBatch(pen, batch));
    this._drawing = false;
    pen.restore();
  },
  _updatePoly(cell) {
    if (!this._drawing || cell._parts.length === 0) return;
    const options = cell.options;
    const key = `${options.c15Level} ${options.color} ${options.c15Paint}`;
    if (!this._batches.has(key)) this._batches.set(key, { options, cells: [] });
    this._batches.get(key).cells.push(cell);
  },
  _drawBatch(pen, { options, cells }) {
    if (options.fillColor === "transparent") return;
    pen.fillStyle = options.fillColor;
    pen.strokeStyle = options.color;
    pen.lineWidth = options.weight;
    pen.lineJoin = "round";
    for (let from = 0; from < cells.length; from += circle15.CELLS_TO_A_PATH) {
      pen.beginPath();
      for (const cell of cells.slice(from, from + circle15.CELLS_TO_A_PATH)) {
        for (const part of cell._parts) {
          part.forEach((point, i) => pen[i ? "lineTo" : "moveTo"](point.x, point.y));
          pen.closePath();
        }
      }
      pen.fill("evenodd");
      if (options.weight > 0) pen.stroke();
    }
  },
});

// One polygon per cell, shared by all cell layers: they are alternatives, so a polygon is on the map once.
circle15.makeCells = function (data, renderer) {
  return circle15.decodePolygons(data.cells.shapes).map((latlngs, i) => {
    const cell = new circle15.Cell(latlngs, { renderer, weight: 0.8, smoothFactor: 0, noClip: true, c15Level: 0 });
    cell.c15Cell = i;
    return cell;
  });
};

// kind: {mode: "time" | "count" | "gap" | "cause" | "sure" | "none", layer: index}. Gives a function of the cell's index to its colour.
circle15.colouring = function (data, kind) {
  const colourOf = circle15.classColouring(data, kind);
  const off = circle15.hatch(data.off_network.colour, data.off_network.line, true);
  return (i) => (circle15.isLinked(data, kind, i) ? colourOf(i) : off);
};

circle15.classColouring = function (data, kind) {
  if (kind.mode === "none") return () => "transparent"; // still there for the pointer
  const layer = data.layers[kind.layer];
  if (kind.mode === "count") {
    return (i) => data.counts.colours[data.layers.filter((l) => data.cells.layers[l.id].covered[i]).length];
  }
  const values = data.cells.layers[layer.id];
  if (kind.mode === "cause") {
    return (i) => {
      if (values.cause[i] >= 0) return data.causes.colours[values.cause[i]];
      return circle15.peopleOf(data, layer, i) > 0 ? data.causes.none : data.nobody_colour;
    };
  }
  if (kind.mode === "sure") {
    return (i) => (circle15.peopleOf(data, layer, i) > 0 ? data.sure.colours[values.sure[i]] : data.nobody_colour);
  }
  if (kind.mode === "gap") {
    return (i) => {
      if (!(values.gap[i] > 0)) return circle15.peopleOf(data, layer, i) > 0 ? data.no_gap_colour : data.nobody_colour;
      const at = layer.gap.edges.findIndex((edge) => values.gap[i] <= edge);
      return layer.gap.colours[at < 0 ? layer.gap.edges.length : at];
    };
  }
  return (i) => layer.colours[circle15.classOf(values.ms[i], layer.edges_ms)];
};

circle15.paint = function (cells, colourOf) {
  cells.forEach((cell, i) => {
    cell.options.color = cell.options.fillColor = colourOf(i);
  });
};

circle15.isUncovered = function (data, kind, i) {
  const people = kind.mode === "count" ? data.cells.people[i] : circle15.peopleOf(data, data.layers[kind.layer], i);
  if (!(people > 0)) return false;
  // Off the network nobody knows: such cells have a sign of their own.
  const lacks = (l) => data.cells.layers[l.id].linked[i] && !data.cells.layers[l.id].covered[i];
  return kind.mode === "count" ? data.layers.some(lacks) : lacks(data.layers[kind.layer]);
};

circle15.makeUncovered = function (data, kind, cells, renderer) {
  if (["cause", "sure"].includes(kind.mode)) return []; // their own colours say who is uncovered
  const colourOf = circle15.colouring(data, kind);
  const hatches = {};
  const made = [];
  cells.forEach((cell, i) => {
    if (!circle15.isUncovered(data, kind, i)) return;
    const colour = colourOf(i);
    hatches[colour] = hatches[colour] || circle15.hatch(colour, "rgba(255,255,255,0.85)");
    const shape = new circle15.Cell(cell.getLatLngs(), {
      renderer, color: data.ink, weight: 0, fillColor: hatches[colour], smoothFactor: 0, noClip: true,
      c15Level: 1, c15Paint: String(colour),
    });
    shape.c15Cell = i;
    made.push(shape);
  });
  return made;
};

circle15.symbol = function (className, text, size) {
  const body = circle15.element("span", className);
  body.textContent = text;
  return L.divIcon({ className: "c15-icon", html: body, iconSize: [size, size] });
};

circle15.makeFacilities = function (data) {
  const { columns, facilities } = data.facilities;
  return facilities.map((f) => {
    const layer = data.layers[f.layer];
    const icon = circle15.symbol("c15-facility" + (f.linked ? "" : " c15-unlinked"), layer.glyph, 20);
    const marker = L.marker([f.lat, f.lon], { icon, title: f.name || layer.name, alt: f.name || layer.name });
    const rows = columns[f.layer].map((label, i) => [label, f.values[i]]).filter((row) => row[1] !== "");
    marker.bindPopup(() => circle15.factPopup(f.name || layer.name, layer.name, rows), { maxWidth: 320 });
    marker.c15Facility = f;
    return marker;
  });
};

circle15.makeSites = function (data, layerIndex) {
  return data.sites.filter((site) => site.layer === layerIndex).map((site) => {
    const marker = L.marker([site.lat, site.lon], {
      icon: circle15.symbol("c15-site", String(site.rank), 26), title: site.title, alt: site.title, zIndexOffset: 500,
    });
    return marker.bindPopup(() => circle15.factPopup(site.title, site.unit, site.rows), { maxWidth: 320 });
  });
};

circle15.makePlanned = function (data, name, place, renderer) {
  const popup = () => circle15.factPopup(place.title, place.unit, place.rows);
  if (name === "links") {
    const line = L.polyline(place.latlngs, { renderer, color: data.area_colour, weight: 5, dashArray: "2 7", lineCap: "round" });
    return line.bindPopup(popup, { maxWidth: 320 });
  }
  const text = place.marks.map(([layer, number]) => data.layers[layer].glyph + number).join(" ");
  const icon = circle15.symbol(`c15-site c15-${name}`, text, 26);
  const marker = L.marker([place.lat, place.lon], { icon, title: place.title, alt: place.title, zIndexOffset: 600 });
  return marker.bindPopup(popup, { maxWidth: 320 });
};

circle15.makeAreas = function (data, layerIndex, renderer) {
  return data.areas.filter((area) => area.layer === layerIndex).map((area) => {
    const shape = L.polygon(area.latlngs, {
      renderer, color: data.area_colour, weight: area.weight, fill: false, smoothFactor: 1,
    });
    return shape.bindPopup(() => circle15.factPopup(area.title, data.words.service_area, []));
  });
};

circle15.makeUnits = function (data, renderer) {
  return data.units.map((unit) => {
    const outline = L.polygon(unit.latlngs, { renderer, color: data.ink, weight: 1.1, opacity: 0.85, fill: false, smoothFactor: 0.5 });
    const label = L.marker([unit.lat, unit.lon], { icon: circle15.unitIcon(unit, ""), pane: "c15-labels", keyboard: true, alt: unit.name });
    outline.bindPopup(() => circle15.unitPopup(data, unit), { maxWidth: 320 });
    label.bindPopup(() => circle15.unitPopup(data, unit), { maxWidth: 320 });
    return { unit, outline, label };
  });
};

circle15.unitIcon = function (unit, share) {
  const body = circle15.element("span", "c15-unit", circle15.element("b", "", unit.name));
  if (share) body.append(circle15.element("i", "", share));
  return L.divIcon({ className: "c15-icon", html: body, iconSize: [0, 0] });
};

// Labels step aside for markers and for one another, those of more people first; one that finds no free place is hidden
// where labels are in its way, and lies below the fewest markers where they are.
circle15.LABEL_STEPS = [[0, 0], [0, -1], [0, 1], [-0.75, 0], [0.75, 0], [-0.75, -1], [0.75, -1], [-0.75, 1], [0.75, 1]];
circle15.declutter = function (units) {
  const boxes = (selector) => [...document.querySelectorAll(selector)].map((sign) => sign.getBoundingClientRect());
  const kept = [];
  const hits = (box, others) => others.filter((o) => box.left < o.right + 2 && box.right > o.left - 2
    && box.top < o.bottom + 1 && box.bottom > o.top - 1).length;
  const markers = boxes(".leaflet-marker-pane .c15-icon > span");
  const frames = boxes("#c15-panel, .leaflet-control-layers");
  const isAside = (box) => box.left < 0 || box.right > window.innerWidth || hits(box, frames) > 0;
  const byPeople = units.slice().sort((a, b) => b.unit.weight - a.unit.weight);
  byPeople.forEach(({ label }) => {
    const body = label.getElement() && label.getElement().firstElementChild;
    if (!body) return;
    body.style.transform = "";
    const { left, top, width, height } = body.getBoundingClientRect();
    const places = circle15.LABEL_STEPS.map(([right, down], i) => {
      const [x, y] = [Math.round(right * width), Math.round(down * height)];
      const box = { left: left + x, right: left + x + width, top: top + y, bottom: top + y + height };
      return { x, y, box, i, isFree: hits(box, kept) === 0, below: isAside(box) ? Infinity : hits(box, markers) };
    });
    const [best] = places.filter((place) => place.isFree).sort((a, b) => (a.below === b.below ? a.i - b.i : a.below - b.below));
    body.style.visibility = best ? "visible" : "hidden";
    if (!best) return;
    body.style.transform = `translate(${best.x}px, ${best.y}px)`;
    kept.push(best.box);
  });
};
