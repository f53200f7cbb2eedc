"use strict";
// The way: the very path walked from a cell to its facility, and where its minutes go.
var circle15 = circle15 || {};
circle15.whatif = circle15.whatif || {};

circle15.whatif.WayView = class {
  constructor(desk) {
    this.desk = desk;
    this.map = desk.state.folium.map;
    this.group = L.layerGroup().addTo(this.map);
    this.element = circle15.element("section", "c15-w-section c15-w-way");
    this.element.hidden = true;
    this.row = null;
  }

  clear() {
    this.row = null;
    this.element.hidden = true;
    this.group.clearLayers();
  }

  async show(row) {
    if (row < 0) return this.clear();
    const { desk } = this;
    this.row = row;
    const layer = desk.layer;
    const { changes } = desk.isTrial ? { changes: [] } : desk.counted();
    const way = await circle15.whatif.way(layer.id, row, changes, desk.isTrial ? desk.options : {});
    if (this.row !== row || desk.layer !== layer) return undefined;
    this.draw(way);
    this.write(way, layer);
    return way;
  }

  draw(way) {
    this.group.clearLayers();
    const places = way.line.map(circle15.whatif.toPage);
    if (places.length < 2) return;
    const paint = { pane: "c15-lines", interactive: false };
    const inner = places.slice(1, -1);
    L.polyline(inner.length > 1 ? inner : places, { ...paint, color: "#fff", weight: 8, opacity: 0.9 }).addTo(this.group);
    L.polyline(inner.length > 1 ? inner : places, { ...paint, color: "#2b3440", weight: 4 }).addTo(this.group);
    for (const leg of [places.slice(0, 2), places.slice(-2)]) L.polyline(leg, { ...paint, color: "#2b3440", weight: 2.5, dashArray: "3 4" }).addTo(this.group);
    L.circleMarker(places[0], { ...paint, radius: 5, color: "#2b3440", fillColor: "#fff", fillOpacity: 1, weight: 2 }).addTo(this.group);
    if (way.facility) L.polyline([places[0], places[places.length - 1]], { ...paint, color: "#6a727c", weight: 1.2, dashArray: "2 6" }).addTo(this.group);
    this.ticks(way, places);
  }

  // A mark for every whole minute, as many as stay apart.
  ticks(way, places) {
    const total = way.ms_at[way.ms_at.length - 1];
    const step = [1, 2, 5, 10].find((minutes) => total / (minutes * 60000) <= 12) || 20;
    for (let minute = step; minute * 60000 < total; minute += step) {
      const ms = minute * 60000;
      const k = way.ms_at.findIndex((at) => at >= ms);
      const [a, b] = [way.ms_at[k - 1], way.ms_at[k]];
      const t = b > a ? (ms - a) / (b - a) : 0;
      const [from, to] = [places[k - 1], places[k]];
      const at = L.latLng(from.lat + t * (to.lat - from.lat), from.lng + t * (to.lng - from.lng));
      const isPast = ms > way.threshold_ms;
      L.marker(at, { icon: circle15.symbol(`c15-w-tick${isPast ? " c15-w-past" : ""}`, String(minute), 20), interactive: false, keyboard: false }).addTo(this.group);
    }
  }

  write(way, layer) {
    const el = circle15.element;
    const { say, metres, minutesText, number } = circle15.whatif;
    const close = el("button", "c15-w-icon", "×");
    close.type = "button";
    close.setAttribute("aria-label", say("cancel"));
    close.addEventListener("click", () => this.clear());
    const parts = [el("div", "c15-w-line", el("h3", "", say("way", { service: layer.name })), close)];
    if (way.facility) parts.push(el("p", "", way.facility.name || way.facility.id));
    if (way.k > 1) parts.push(el("p", "c15-small", say("way_kth", { k: way.k })));
    if (way.ms !== null && way.ms !== undefined) {
      const mark = el("b", way.covered ? "c15-w-in" : "c15-w-out", say(way.covered ? "way_covered" : "way_uncovered"));
      parts.push(el("p", "", `${say("way_minutes", { minutes: minutesText(way.ms), threshold: minutesText(way.threshold_ms) })} · `, mark));
      const rows = [
        [say("way_access", { m: metres(way.access_start_m) }), way.access_start_ms],
        [say("way_streets", { m: metres(way.length_m) }), way.walked_ms],
        [say("way_waits", { n: way.n_waits }), way.wait_ms],
        [say("way_extra"), way.extra_ms],
        [say("way_egress", { m: metres(way.access_end_m) }), way.access_end_ms],
        [say("way_total"), way.ms],
      ].filter(([, ms], i) => Math.abs(ms) >= 3000 || [0, 1, 4, 5].includes(i)); // less than 0.05 min is rounding
      const table = circle15.table(rows.map(([label, ms]) => [label, say("minutes", { n: minutesText(ms) })]));
      table.classList.add("c15-w-parts");
      parts.push(table);
    }
    if (way.why) parts.push(el("p", "c15-w-warn", circle15.whatif.said(way.why)));
    if (way.straight_ms !== null && way.straight_ms !== undefined && way.facility) {
      const walked = way.access_start_m + way.length_m + way.access_end_m;
      const straight = say("way_straight", { m: metres(way.straight_m), minutes: minutesText(way.straight_ms), factor: way.straight_m > 0 ? number(walked / way.straight_m, 1) : "–" });
      const misleads = !way.covered && way.straight_ms <= way.threshold_ms;
      parts.push(el("p", "c15-small", misleads ? `${straight}${circle15.whatif.isChinese() ? "。" : ". "}${say("way_straight_within")}` : straight));
    }
    this.element.replaceChildren(...parts);
    this.element.hidden = false;
    this.desk.tell({ announce: [...this.element.querySelectorAll("p")].map((p) => p.textContent).join(" ") });
  }
};
