"use strict";
// What a plan changes, drawn over the cells: hatched shapes of few cells on a canvas of their own, so that a drag never
// paints the district again.
var circle15 = circle15 || {};
circle15.whatif = circle15.whatif || {};

circle15.whatif.PANE = "c15-whatif";
circle15.whatif.COLOURS = { gained: ["#1f7a70", "#e9f5f2"], lost: ["#a3204f", "#fbe3ec"], onlyA: ["#2c5c94", "#e3ecf6"], onlyB: ["#8a5a00", "#f8eedb"], both: ["#1f7a70", "#e9f5f2"] };

// Draws groups of cells, each in one hatch. `cells` are the page's polygons, whose corners Leaflet keeps in pixels.
circle15.whatif.Overlay = L.Layer.extend({
  // margin: how much of the window's size is drawn beyond it, for pans; a drag pans nothing, and its canvas is put up anew
  // with every step, so that the less there is of it the better.
  initialize(cells, margin) {
    this.cells = cells;
    this.margin = margin;
    this.groups = [];
    this.patterns = {};
    this.drawn = null;
  },
  onAdd(map) {
    this.canvas = L.DomUtil.create("canvas", "leaflet-zoom-hide", map.getPane(circle15.whatif.PANE));
    this.pen = this.canvas.getContext("2d");
    map.on("moveend zoomend resize", this.later, this);
    this.reset();
  },
  onRemove(map) {
    map.off("moveend zoomend resize", this.later, this);
    this.canvas.remove();
  },
  // After Leaflet has put the cells' corners anew.
  later() {
    cancelAnimationFrame(this.waiting);
    this.waiting = requestAnimationFrame(() => this.reset());
  },
  reset() {
    const map = this._map;
    if (!map) return;
    const size = map.getSize();
    const margin = size.multiplyBy(this.margin).round();
    this.origin = map.containerPointToLayerPoint(margin.multiplyBy(-1));
    const whole = size.add(margin.multiplyBy(2));
    this.ratio = window.devicePixelRatio || 1;
    Object.assign(this.canvas, { width: whole.x * this.ratio, height: whole.y * this.ratio });
    Object.assign(this.canvas.style, { width: `${whole.x}px`, height: `${whole.y}px` });
    L.DomUtil.setPosition(this.canvas, this.origin);
    this.pen.setTransform(this.ratio, 0, 0, this.ratio, -this.origin.x * this.ratio, -this.origin.y * this.ratio);
    this.drawn = null;
    this.draw();
  },
  // groups: [{rows, look}], look a key of COLOURS.
  show(groups) {
    this.groups = groups;
    this.draw();
  },
  draw() {
    if (!this.canvas) return;
    if (this.drawn) this.pen.clearRect(this.drawn.min.x - 2, this.drawn.min.y - 2, this.drawn.max.x - this.drawn.min.x + 4, this.drawn.max.y - this.drawn.min.y + 4);
    this.drawn = null;
    for (const { rows, look } of this.groups) this.drawGroup(rows, look);
  },
  drawGroup(rows, look) {
    const pen = this.pen;
    const [colour, line] = circle15.whatif.COLOURS[look];
    this.patterns[look] = this.patterns[look] || circle15.hatch(colour, line, look === "lost" || look === "onlyB");
    pen.fillStyle = this.patterns[look];
    let waiting = 0;
    pen.beginPath();
    for (const row of rows) {
      const cell = this.cells[row];
      if (!cell || !cell._pxBounds || !cell._parts || cell._parts.length === 0) continue;
      if (!this.drawn) this.drawn = L.bounds(cell._pxBounds.min, cell._pxBounds.max);
      this.drawn.extend(cell._pxBounds.min).extend(cell._pxBounds.max);
      for (const part of cell._parts) {
        part.forEach((point, i) => pen[i ? "lineTo" : "moveTo"](point.x, point.y));
        pen.closePath();
      }
      waiting += 1;
      if (waiting === circle15.CELLS_TO_A_PATH) {
        pen.fill("evenodd");
        pen.beginPath();
        waiting = 0;
      }
    }
    if (waiting > 0) pen.fill("evenodd");
  },
});

// Rows that one state covers and another does not.
circle15.whatif.changedRows = function (before, after) {
  const gained = [];
  const lost = [];
  for (let i = 0; i < before.length; i++) {
    if (before[i] === after[i]) continue;
    (after[i] ? gained : lost).push(i);
  }
  return { gained, lost };
};

// ---- places: the page draws in its tiles' system, the engine counts in WGS-84.

circle15.whatif.gcj02 = function (lon, lat) {
  const a = 6378245.0;
  const ee = 0.006693421622965943;
  const [x, y, pi] = [lon - 105, lat - 35, Math.PI];
  const waves = (v, ...steps) => steps.reduce((sum, [size, by]) => sum + size * Math.sin(v * by), 0);
  const common = 20 * (Math.sin(6 * x * pi) + Math.sin(2 * x * pi));
  const north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * Math.sqrt(Math.abs(x))
    + (2 / 3) * (common + waves(y * pi, [20, 1], [40, 1 / 3]) + waves(y * pi, [160, 1 / 12], [320, 1 / 30]));
  const east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * Math.sqrt(Math.abs(x))
    + (2 / 3) * (common + waves(x * pi, [20, 1], [40, 1 / 3], [150, 1 / 12], [300, 1 / 30]));
  const rad = (lat / 180) * pi;
  const magic = 1 - ee * Math.sin(rad) ** 2;
  return [lon + (east * 180) / ((a / Math.sqrt(magic)) * Math.cos(rad) * pi), lat + (north * 180) / (((a * (1 - ee)) / (magic * Math.sqrt(magic))) * pi)];
};

circle15.whatif.toPage = function ([lon, lat]) {
  const [x, y] = circle15.whatif.isShifted ? circle15.whatif.gcj02(lon, lat) : [lon, lat];
  return L.latLng(y, x);
};

circle15.whatif.fromPage = function (latlng) {
  let [lon, lat] = [latlng.lng, latlng.lat];
  for (let i = 0; circle15.whatif.isShifted && i < 6; i++) { // the shift hardly varies: each round takes off a thousandth
    const [x, y] = circle15.whatif.gcj02(lon, lat);
    [lon, lat] = [lon + latlng.lng - x, lat + latlng.lat - y];
  }
  const round = (v) => Number(v.toFixed(circle15.whatif.PLACE_DECIMALS));
  return { lon: round(lon), lat: round(lat) };
};

// Moves a place by metres on the ground.
circle15.whatif.movedBy = function ({ lon, lat }, eastM, northM) {
  const perDegree = (6371009 * Math.PI) / 180;
  const round = (v) => Number(v.toFixed(circle15.whatif.PLACE_DECIMALS));
  return { lon: round(lon + eastM / (perDegree * Math.cos((lat * Math.PI) / 180))), lat: round(lat + northM / perDegree) };
};
