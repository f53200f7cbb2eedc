"use strict";
// The plan on the map: a sign for every change, places that are dragged or moved by arrows, lines with their corners.
var circle15 = circle15 || {};
circle15.whatif = circle15.whatif || {};

circle15.whatif.KEY_STEP_M = 10;
circle15.whatif.ARROWS = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

circle15.whatif.Places = class {
  constructor(desk, overlays) {
    this.desk = desk;
    this.map = desk.state.folium.map;
    this.overlays = overlays; // {plan, drag}
    this.group = L.layerGroup().addTo(this.map);
    this.markers = new Map(); // item id -> the marker that can be dragged
    this.shapes = [];
    this.chosen = null;
    this.tip = circle15.element("div", "c15-w-tip");
    this.tip.hidden = true;
    this.map.getContainer().append(this.tip);
    this.walk = L.polyline([], { pane: "c15-lines", color: "#a3204f", weight: 2, dashArray: "4 4", interactive: false });
    this.dragging = null; // id of the item under the pointer
    /** @type {any} */
    this.question = null; // what is asked while it moves: {changes, moving, layer}
  }

  // Puts the signs of the plan's items anew; markers stay the same elements, so that focus and drags hold.
  draw() {
    const { desk } = this;
    const items = desk.isTrial || desk.isComparing ? [] : desk.baskets.items;
    this.shapes.forEach((shape) => shape.remove());
    this.shapes = [];
    if (desk.isComparing) circle15.whatif.SIDES.forEach((side) => this.drawSide(side));
    const seen = new Set();
    items.forEach((item, i) => {
      item.changes.forEach((change) => this.drawChange(item, change, i + 1, seen));
    });
    this.markers.forEach((marker, id) => {
      if (seen.has(id)) return;
      marker.remove();
      this.markers.delete(id);
    });
  }

  // Of two plans that are compared, signs to look at alone.
  drawSide(side) {
    const colour = circle15.whatif.COLOURS[`only${side}`][0];
    this.desk.baskets.sides[side].forEach((item, i) => {
      if (!item.on) return;
      item.changes.forEach((change) => {
        if (change.line) {
          this.shapes.push(L.polyline(change.line.map(circle15.whatif.toPage), { pane: "c15-lines", color: colour, weight: 4, interactive: false }).addTo(this.group));
        }
        const place = change.line ? { lon: change.line[0][0], lat: change.line[0][1] } : change.lon === undefined ? this.desk.facility(change.id, change.layer) : change;
        if (!place) return;
        const icon = circle15.symbol("c15-w-new", `${side}${i + 1}${change.kind === "close_facility" ? "×" : ""}`, 30);
        icon.options.html.style.background = colour;
        icon.options.html.style.boxShadow = `0 0 0 1px ${colour}`;
        const latlng = circle15.whatif.toPage([place.lon, place.lat]);
        this.shapes.push(L.marker(latlng, { icon, title: item.name, alt: item.name, keyboard: false, zIndexOffset: 600 }).addTo(this.group));
      });
    });
  }

  drawChange(item, change, number, seen) {
    const { desk } = this;
    if (change.kind === "add_facility") {
      seen.add(item.id);
      this.placeMarker(item, change, number);
      return;
    }
    const look = item.on && !desk.refused.has(item.id) ? "" : " c15-w-off";
    if (change.line) {
      const isNew = change.kind === "add_path";
      const latlngs = change.line.map(circle15.whatif.toPage);
      const line = L.polyline(latlngs, {
        pane: "c15-lines", color: isNew ? "#a3204f" : "#2b3440", weight: 4, dashArray: isNew ? "" : "2 7", opacity: look ? 0.35 : 0.95,
      }).addTo(this.group);
      line.on("click", () => this.choose(item.id));
      this.shapes.push(line);
      if (this.chosen === item.id) latlngs.forEach((_, corner) => this.corner(item, change, corner));
      return;
    }
    const facility = desk.facility(change.id, change.layer);
    if (!facility) return;
    const sign = change.kind === "close_facility" ? ["c15-w-closed", "×"] : ["c15-w-sized", circle15.whatif.number(change.capacity)];
    const icon = circle15.symbol(sign[0] + look, sign[1], 24);
    const marker = L.marker(circle15.whatif.toPage([facility.lon, facility.lat]), {
      icon, zIndexOffset: 600, title: item.name, alt: item.name, keyboard: false,
    }).addTo(this.group);
    marker.on("click", () => this.choose(item.id));
    this.shapes.push(marker);
  }

  icon(item, change, number) {
    const { desk } = this;
    const off = item.on && !desk.refused.has(item.id) ? "" : " c15-w-off";
    const bad = desk.refused.has(item.id) ? " c15-w-bad" : "";
    const layer = desk.layerOf(change.layer);
    const icon = circle15.symbol(`c15-w-new${off}${bad}${this.chosen === item.id ? " c15-w-chosen" : ""}`, `${layer ? layer.glyph : "?"}${number}`, 30);
    return icon;
  }

  placeMarker(item, change, number) {
    const latlng = circle15.whatif.toPage([change.lon, change.lat]);
    const label = `${item.name}`;
    let marker = this.markers.get(item.id);
    if (!marker) {
      marker = L.marker(latlng, { icon: this.icon(item, change, number), draggable: true, zIndexOffset: 700, title: label, alt: label });
      marker.addTo(this.group);
      this.markers.set(item.id, marker);
      marker.on("click", () => this.choose(item.id));
      marker.on("dragstart", () => this.begin(item.id));
      marker.on("drag", () => this.moveTo(circle15.whatif.fromPage(marker.getLatLng())));
      marker.on("dragend", () => this.drop(item.id, circle15.whatif.fromPage(marker.getLatLng())));
      marker.getElement().addEventListener("keydown", (event) => this.key(event, item.id));
      marker.getElement().addEventListener("focus", () => {
        if (this.chosen !== item.id) this.choose(item.id);
      });
    } else if (!this.dragging) {
      marker.setLatLng(latlng);
    }
    // The sign inside is put anew, the element that has the focus stays.
    const made = this.icon(item, change, number).options.html;
    const body = marker.getElement();
    if (body.firstElementChild.className !== made.className || body.textContent !== made.textContent) body.replaceChildren(made);
    body.title = label;
  }

  // A corner of a line that is chosen: drag it, and the path is tried at every step.
  corner(item, change, corner) {
    const latlng = circle15.whatif.toPage(change.line[corner]);
    const marker = L.marker(latlng, { icon: circle15.symbol("c15-w-corner", "", 16), draggable: true, zIndexOffset: 800, keyboard: false }).addTo(this.group);
    this.shapes.push(marker);
    const lineAt = () => {
      const { lon, lat } = circle15.whatif.fromPage(marker.getLatLng());
      return change.line.map((place, i) => (i === corner ? [lon, lat] : place));
    };
    const shape = this.shapes.find((one) => one instanceof L.Polyline && one.getLatLngs().length === change.line.length && one.getLatLngs()[corner].equals(latlng));
    marker.on("dragstart", () => {
      this.dragging = item.id;
      this.desk.pause();
    });
    marker.on("drag", () => {
      if (shape) shape.setLatLngs(lineAt().map(circle15.whatif.toPage));
      this.tryLine(item, change, lineAt(), marker);
    });
    marker.on("dragend", () => {
      this.dragging = null;
      this.hideTip();
      this.desk.baskets.set(item.id, { line: lineAt() });
    });
  }

  choose(id) {
    this.chosen = id;
    this.draw();
    this.desk.tell({ chosen: id });
  }

  // ---- a place under the pointer: one question at a time, the newest place wins.

  begin(id) {
    this.dragging = id;
    this.chosen = id;
    const { desk } = this;
    const item = desk.baskets.item(id);
    const last = item.changes[item.changes.length - 1];
    desk.tell({ shows: last.layer, chosen: id });
    desk.pause();
    const { changes, owners } = desk.counted();
    const isCounted = owners.includes(id);
    const all = isCounted ? changes : [...changes, ...item.changes];
    const who = isCounted ? owners : [...owners, ...item.changes.map(() => id)];
    this.question = { changes: all, moving: who.flatMap((owner, i) => (owner === id ? [i] : [])), layer: last.layer };
    this.steps = 0;
    this.rest(all.filter((_, i) => who[i] !== id));
  }

  // The rest of the plan stays hatched below what moves.
  async rest(changes) {
    const { desk } = this;
    const { layer } = this.question;
    this.overlays.plan.show([]);
    if (changes.length === 0) return;
    const result = await desk.ask(changes);
    if (this.dragging === null || !this.question || this.question.layer !== layer) return;
    this.overlays.plan.show(this.groups(desk.base.covered[layer], result.covered[layer]));
  }

  groups(before, after) {
    const { gained, lost } = circle15.whatif.changedRows(before, after);
    return [{ rows: gained, look: "gained" }, { rows: lost, look: "lost" }];
  }

  moveTo(place) {
    this.place = place;
    if (!this.asking) this.asking = this.askSteps();
  }

  async askSteps() {
    while (this.place) {
      const place = this.place;
      this.place = null;
      const started = performance.now();
      const step = await circle15.whatif.drag(this.question.changes, this.question.moving, place);
      if (step && this.dragging !== null) this.showStep(step); // null: a newer place has overtaken it
      this.lastStepMs = performance.now() - started;
      circle15.whatif.stepTimes.push(this.lastStepMs);
    }
    this.asking = null;
  }

  showStep(step) {
    const { desk } = this;
    const marker = this.markers.get(this.dragging);
    const { say } = circle15.whatif;
    if (!marker) return;
    marker.getElement().classList.toggle("c15-w-lost-place", !step.ok);
    if (!step.ok) {
      this.overlays.drag.show([{ rows: step.lost, look: "lost" }]);
      this.walk.remove();
      this.showTip(marker, circle15.whatif.said(step.why), true);
      if (step.units.length > 0) desk.tell({ step });
      return;
    }
    this.overlays.drag.show([{ rows: step.gained, look: "gained" }, { rows: step.lost, look: "lost" }]);
    if (step.street) this.walk.setLatLngs([marker.getLatLng(), circle15.whatif.toPage(step.street)]).addTo(this.map);
    const layer = desk.layerOf(step.layer);
    const parts = [circle15.whatif.gainText(layer, step.covered_gain, step.gap_closed)];
    if (step.access_m !== null) parts.push(say("linked_at", { n: circle15.whatif.metres(step.access_m) }));
    this.showTip(marker, parts.join(" · "), false);
    desk.tell({ step });
  }

  async drop(id, place) {
    this.place = null;
    if (this.asking) await this.asking;
    this.dragging = null;
    this.hideTip();
    this.walk.remove();
    const marker = this.markers.get(id);
    if (marker) marker.getElement().classList.remove("c15-w-lost-place");
    this.overlays.drag.show([]);
    this.desk.baskets.set(id, place);
  }

  key(event, id) {
    const arrow = circle15.whatif.ARROWS[event.key];
    if (event.key === "Delete") {
      event.preventDefault();
      this.desk.baskets.remove(id);
      return;
    }
    if (!arrow) return;
    event.preventDefault();
    event.stopPropagation(); // the map would pan
    const item = this.desk.baskets.item(id);
    const place = item.changes[item.changes.length - 1];
    const moved = circle15.whatif.movedBy(place, arrow[0] * circle15.whatif.KEY_STEP_M, arrow[1] * circle15.whatif.KEY_STEP_M);
    const joins = this.keyed && this.keyed.id === id && performance.now() - this.keyed.at < 1500; // one step of the history
    this.keyed = { id, at: performance.now() };
    this.desk.baskets.set(id, moved, { joins });
    this.announceStep(id, moved);
  }

  // What an arrow did, for those who hear the page.
  async announceStep(id, place) {
    const { desk } = this;
    const { changes, owners } = desk.counted();
    const moving = owners.flatMap((owner, i) => (owner === id ? [i] : []));
    if (moving.length === 0) return;
    const step = await circle15.whatif.drag(changes, moving, place);
    if (!step) return;
    const layer = desk.layerOf(step.layer);
    const told = step.ok ? [circle15.whatif.gainText(layer, step.covered_gain, step.gap_closed), circle15.whatif.say("linked_at", { n: circle15.whatif.metres(step.access_m) })].join(" · ")
      : circle15.whatif.said(step.why);
    const item = desk.baskets.item(id);
    if (item) desk.tell({ announce: circle15.whatif.say("moved_to", { name: item.name, told }) });
  }

  // ---- a line under the pointer

  tryLine(item, change, line, marker) {
    this.line = { item, change, line, marker };
    if (!this.askingLine) this.askingLine = this.askLines();
  }

  async askLines() {
    while (this.line) {
      const { item, change, line, marker } = this.line;
      this.line = null;
      const { changes, owners } = this.desk.counted();
      const index = changes.indexOf(change);
      if (index < 0 || owners[index] !== item.id || change.kind !== "add_path") continue;
      const told = await circle15.whatif.dragPath(changes, index, line);
      if (this.dragging === item.id) this.showLine(told, marker);
    }
    this.askingLine = null;
  }

  showLine(told, marker) {
    const { desk } = this;
    const parts = told.ends.map((end) => (end.joined ? circle15.whatif.say("joined") : circle15.whatif.say("missed", { n: circle15.whatif.metres(end.miss_m) })));
    if (told.ok && told.result) {
      const layer = desk.layer;
      const [now, was] = [desk.whole(told.result, layer.id), desk.whole(desk.base, layer.id)];
      parts.unshift(circle15.whatif.gainText(layer, now.covered_people - was.covered_people, now.gap === null ? null : was.gap - now.gap));
      this.overlays.plan.show(this.groups(desk.base.covered[layer.id], told.result.covered[layer.id]));
      desk.tell({ tried: told.result });
    } else if (told.why) {
      parts.unshift(circle15.whatif.said(told.why));
    }
    this.showTip(marker, parts.join(" · "), !told.ok);
  }

  // ---- text at the pointer

  showTip(marker, text, isBad) {
    const at = this.map.latLngToContainerPoint(marker.getLatLng());
    this.showTipAt(at, text, isBad);
  }

  showTipAt(at, text, isBad) {
    const { tip } = this;
    tip.hidden = false;
    tip.classList.toggle("c15-w-bad", Boolean(isBad));
    if (tip.textContent !== text) tip.textContent = text;
    const size = this.map.getSize();
    const right = at.x + 24 + tip.offsetWidth > size.x - this.room().right;
    const x = right ? Math.max(4, at.x - 24 - tip.offsetWidth) : at.x + 24;
    const y = Math.min(Math.max(4, at.y - tip.offsetHeight - 12), size.y - tip.offsetHeight - 4);
    tip.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }

  // What of the map lies under the drawer, px.
  room() {
    const drawer = document.getElementById("c15-whatif");
    return { right: drawer && !circle15.isNarrow() ? drawer.offsetWidth : 0 };
  }

  hideTip() {
    this.tip.hidden = true;
  }
};

circle15.whatif.stepTimes = []; // ms of each step of drags, from the question to the drawing, for measuring
