"use strict";
// The tools: what a click on the map means while one of them is taken. Each works by mouse, finger and keyboard.
var circle15 = circle15 || {};
circle15.whatif = circle15.whatif || {};

circle15.whatif.TOOLS = ["add", "move", "close", "capacity", "path", "gate", "shut", "way"];
circle15.whatif.CLICK_MOVES_PX = 5; // a press that moved further was a pan
circle15.whatif.SNAP_STREET_M = 25; // how near to a street a click means it, where a stretch is closed

circle15.whatif.Tools = class {
  constructor(desk, places) {
    this.desk = desk;
    this.places = places;
    this.map = desk.state.folium.map;
    this.tool = null;
    this.points = []; // of the line that is drawn: {lon, lat}
    this.sketch = L.polyline([], { pane: "c15-lines", color: "#a3204f", weight: 3, dashArray: "6 5", interactive: false });
    this.dots = L.layerGroup();
    const container = this.map.getContainer();
    container.addEventListener("pointerdown", (event) => (this.pressed = event), true);
    container.addEventListener("click", (event) => this.click(event), true);
    container.addEventListener("dblclick", (event) => this.doubleClick(event), true);
    container.addEventListener("mousemove", (event) => this.hover(event));
    document.addEventListener("keydown", (event) => this.key(event));
    this.map.on("contextmenu", (event) => this.pressedLong(event));
  }

  take(tool) {
    this.drop();
    this.tool = tool;
    this.map.getContainer().classList.toggle("c15-w-aiming", tool !== null);
    if (tool !== null) this.map.closePopup();
    this.map.doubleClickZoom[tool === "path" || tool === "shut" ? "disable" : "enable"]();
    this.desk.tell({ tool });
  }

  drop() {
    this.points = [];
    this.sketch.remove();
    this.dots.clearLayers().remove();
    this.places.hideTip();
    this.desk.tell({ points: 0 });
  }

  get drawsLine() {
    return this.tool === "path" || this.tool === "shut" || (this.tool === "gate" && !circle15.whatif.gate);
  }

  // In front of Leaflet: with a tool taken, a click is the tool's and opens no popup.
  click(event) {
    if (this.tool === null || !this.map.getContainer().contains(event.target)) return;
    if (event.target.closest(".leaflet-control, .leaflet-popup, .c15-cluster, .c15-w-new, .c15-w-corner")) return;
    if (this.pressed && Math.hypot(event.clientX - this.pressed.clientX, event.clientY - this.pressed.clientY) > circle15.whatif.CLICK_MOVES_PX) return;
    const marker = event.target.closest(".leaflet-marker-icon");
    event.stopPropagation();
    const facility = marker && this.facilityOf(marker);
    if (facility && ["move", "close", "capacity"].includes(this.tool)) {
      this.useFacility(facility.id, this.desk.info.layers[facility.layer].id);
      return;
    }
    this.use(this.map.mouseEventToLatLng(event));
  }

  doubleClick(event) {
    if (!this.drawsLine || event.target.closest(".leaflet-control")) return;
    event.stopPropagation();
    event.preventDefault();
    this.finish(); // the two clicks before it have put one point, or two on one place
  }

  // A long press places, with or without a tool.
  pressedLong(event) {
    if (!this.desk.isOpen || this.desk.isTrial || this.desk.isComparing) return;
    if (this.tool === null || this.tool === "add") this.addAt(event.latlng);
    else this.use(event.latlng);
  }

  facilityOf(icon) {
    const marker = this.desk.state.markers.find((one) => one._icon === icon);
    return marker ? marker.c15Facility : null;
  }

  use(latlng) {
    if (this.tool === "add") this.addAt(latlng);
    else if (this.tool === "way") this.desk.tell({ way: this.cellAt(latlng) });
    else if (this.tool === "gate" && circle15.whatif.gate) this.gateAt(latlng);
    else if (this.drawsLine) this.point(latlng);
    else this.nearestFacility(latlng);
  }

  // A click beside a marker means the facility of the service nearest to it, within a finger's breadth.
  nearestFacility(latlng) {
    const at = this.map.latLngToContainerPoint(latlng);
    const distance = (f) => this.map.latLngToContainerPoint(circle15.whatif.toPage([f.lon, f.lat])).distanceTo(at);
    const near = this.desk.info.facilities.filter((f) => f.layer === this.desk.layer.id)
      .map((f) => ({ f, px: distance(f) })).sort((a, b) => a.px - b.px)[0];
    if (near && near.px <= 24) this.useFacility(near.f.id, near.f.layer);
  }

  addAt(latlng, values = {}) {
    const { desk } = this;
    const layer = values.layer ? desk.layerOf(values.layer) : desk.layer;
    const place = circle15.whatif.fromPage(latlng);
    const capacity = values.capacity ?? layer.usual_capacity;
    /** @type {any} */
    const change = { kind: "add_facility", layer: layer.id, ...place };
    if (capacity !== null && capacity !== undefined) change.capacity = capacity;
    if (values.cost !== null && values.cost !== undefined) change.cost = values.cost;
    change.name = values.name || desk.newName("new_place", { service: layer.name });
    const item = desk.baskets.add([change], change.name);
    if (!item) {
      desk.tell({ announce: circle15.whatif.say("too_many", { n: circle15.whatif.MOST_ITEMS }), isError: true });
      return null;
    }
    desk.tell({ shows: layer.id });
    this.places.choose(item.id);
    return item;
  }

  useFacility(id, layer) {
    const { desk } = this;
    const { say } = circle15.whatif;
    const facility = desk.facility(id, layer);
    if (!facility) return;
    const name = facility.name || facility.id;
    let item;
    if (this.tool === "close") {
      item = desk.baskets.add([{ kind: "close_facility", layer, id }], say("closing", { name }));
    } else if (this.tool === "capacity") {
      item = desk.baskets.add([{ kind: "set_capacity", layer, id, capacity: facility.capacity ?? 0 }], say("resizing", { name }));
    } else {
      const { lon, lat } = facility;
      const added = { kind: "add_facility", layer, lon, lat, name };
      if (facility.capacity !== null) added.capacity = facility.capacity;
      item = desk.baskets.add([{ kind: "close_facility", layer, id }, added], say("moving", { name }));
    }
    if (!item) return;
    desk.tell({ shows: layer });
    this.places.choose(item.id);
    desk.tell({ focus: item.id });
  }

  // ---- lines

  async point(latlng) {
    let place = circle15.whatif.fromPage(latlng);
    if (this.tool === "shut") {
      const snapped = await circle15.whatif.snap(this.desk.counted().changes, place, circle15.whatif.SNAP_STREET_M);
      if (snapped.joined && snapped.street) place = { lon: snapped.street[0], lat: snapped.street[1] };
    }
    const last = this.points[this.points.length - 1];
    if (last && last.lon === place.lon && last.lat === place.lat) return;
    this.points.push(place);
    this.drawSketch(latlng);
    this.desk.tell({ points: this.points.length });
    await this.tellEnd(place, latlng);
    if (this.tool === "gate" && this.points.length === 2) this.finish();
  }

  drawSketch(pointer) {
    const latlngs = this.points.map(({ lon, lat }) => circle15.whatif.toPage([lon, lat]));
    this.sketch.setLatLngs(pointer ? [...latlngs, pointer] : latlngs).addTo(this.map);
    this.dots.clearLayers().addTo(this.map);
    latlngs.forEach((at) => this.dots.addLayer(L.circleMarker(at, { pane: "c15-lines", radius: 4, color: "#a3204f", fillColor: "#fff", fillOpacity: 1, interactive: false })));
  }

  // Whether an end joins a street, else by how much it misses.
  async tellEnd(place, latlng) {
    const told = await circle15.whatif.snap(this.desk.counted().changes, place);
    if (!this.drawsLine) return;
    const text = told.joined ? circle15.whatif.say("joined") : circle15.whatif.say("missed", { n: circle15.whatif.metres(told.miss_m) });
    this.places.showTipAt(this.map.latLngToContainerPoint(latlng), text, !told.joined);
  }

  hover(event) {
    if (!this.drawsLine || this.places.dragging) return;
    const latlng = this.map.mouseEventToLatLng(event);
    if (this.points.length > 0) this.drawSketch(latlng);
    this.hovered = latlng;
    if (!this.hovering) this.hovering = this.followPointer();
  }

  async followPointer() {
    while (this.hovered) {
      const latlng = this.hovered;
      this.hovered = null;
      await this.tellEnd(circle15.whatif.fromPage(latlng), latlng);
    }
    this.hovering = null;
  }

  finish() {
    const { desk, points } = this;
    if (points.length < 2) return;
    const kind = this.tool === "shut" ? "close_path" : "add_path";
    const word = { path: "new_path", gate: "new_gate", shut: "new_shut" }[this.tool];
    const line = this.tool === "shut" ? circle15.whatif.alongStreets(desk.state.streets, points) : points.map(({ lon, lat }) => [lon, lat]);
    const name = desk.newName(word, {});
    const item = desk.baskets.add([{ kind, name, line }], name);
    this.drop();
    if (item) this.places.choose(item.id);
  }

  async gateAt(latlng) {
    const told = await circle15.whatif.gate(circle15.whatif.fromPage(latlng));
    if (!told.ok) {
      this.places.showTipAt(this.map.latLngToContainerPoint(latlng), circle15.whatif.said(told.why), true);
      this.desk.tell({ announce: circle15.whatif.said(told.why), isError: true });
      return;
    }
    const name = this.desk.newName("new_gate", {});
    const item = this.desk.baskets.add([{ kind: "add_path", name, line: told.line }], name);
    if (item) this.places.choose(item.id);
  }

  // ---- keyboard: what a pointer does at its place, the keys do at the map's centre.

  useCentre() {
    const drawer = this.places.room().right;
    const size = this.map.getSize();
    const panel = circle15.isNarrow() ? 0 : circle15.whatif.find("#c15-panel").offsetWidth + 12;
    this.use(this.map.containerPointToLatLng([(panel + size.x - drawer) / 2, size.y / 2]));
  }

  key(event) {
    if (!this.desk.isOpen) return;
    if (event.target.closest("input, select, textarea")) return;
    if (event.ctrlKey || event.metaKey) this.keyOfHistory(event);
    else if (this.tool !== null) this.keyOfTool(event);
  }

  keyOfHistory(event) {
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    this.desk.baskets[key === "y" || event.shiftKey ? "redo" : "undo"]();
  }

  keyOfTool(event) {
    const onMap = this.map.getContainer().contains(event.target) && !event.target.closest("a, button, .leaflet-marker-icon");
    if (event.key === "Escape") {
      if (this.points.length > 0) this.drop();
      else this.take(null);
    } else if (event.key === "Backspace" && this.points.length > 0) {
      event.preventDefault();
      this.points.pop();
      this.drawSketch(null);
      this.desk.tell({ points: this.points.length });
    } else if (event.key === "Enter" && this.points.length >= 2) {
      event.preventDefault();
      this.finish();
    } else if (onMap && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      this.useCentre();
    }
  }

  // The row of the cell below a point of the map, -1 where there is none.
  cellAt(latlng) {
    const point = this.map.latLngToLayerPoint(latlng);
    return this.desk.state.cells.findIndex((cell) => cell._pxBounds && cell._pxBounds.contains(point) && cell._containsPoint(point));
  }
};

/**
 * Lead a line of a few clicks along the drawn streets: between two clicks on one street its own corners are taken.
 * @param {any[]} streets drawn lines, each an array of LatLngs
 * @param {{lon: number, lat: number}[]} points
 */
circle15.whatif.alongStreets = function (streets, points) {
  const places = points.map(({ lon, lat }) => circle15.whatif.toPage([lon, lat]));
  const own = (latlng) => {
    const { lon, lat } = circle15.whatif.fromPage(latlng);
    return [lon, lat];
  };
  const made = [[points[0].lon, points[0].lat]];
  for (let i = 1; i < places.length; i++) {
    const between = circle15.whatif.cutOut(streets, places[i - 1], places[i]);
    made.push(...between.map(own), [points[i].lon, points[i].lat]);
  }
  return made;
};

// Corners of the one street that passes both places, between them; none where no street does within a metre or two.
circle15.whatif.cutOut = function (streets, from, to) {
  const x = Math.cos((from.lat * Math.PI) / 180);
  const metre = 1 / 111195;
  const at = (line, place) => {
    let best = { away: Infinity, along: 0 };
    for (let k = 1; k < line.length; k++) {
      const [ax, ay] = [(line[k - 1].lng - place.lng) * x, line[k - 1].lat - place.lat];
      const [dx, dy] = [(line[k].lng - line[k - 1].lng) * x, line[k].lat - line[k - 1].lat];
      const squared = dx * dx + dy * dy;
      const t = squared > 0 ? Math.min(1, Math.max(0, -(ax * dx + ay * dy) / squared)) : 0;
      const away = Math.hypot(ax + t * dx, ay + t * dy);
      if (away < best.away) best = { away, along: k - 1 + t };
    }
    return best;
  };
  let found = null;
  for (const line of streets) {
    const [a, b] = [at(line, from), at(line, to)];
    const away = Math.max(a.away, b.away);
    if (away <= 3 * metre && (!found || away < found.away)) found = { line, a, b, away };
  }
  if (!found) return [];
  const [low, high] = [Math.min(found.a.along, found.b.along), Math.max(found.a.along, found.b.along)];
  const between = found.line.filter((_, k) => k > low && k < high);
  return found.a.along <= found.b.along ? between : between.reverse();
};
