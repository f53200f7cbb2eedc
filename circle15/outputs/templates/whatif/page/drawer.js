"use strict";
// The drawer of the what-if: opens on request, and only then is anything decoded.
var circle15 = circle15 || {};
circle15.whatif = circle15.whatif || {};

circle15.whatif.SIGNS = {
  add: "M9 3v12M3 9h12", move: "M9 2v14M2 9h14M9 2 7 4M9 2l2 2M9 16l-2-2M9 16l2-2M2 9l2-2M2 9l2 2M16 9l-2-2M16 9l-2 2",
  close: "M4 4l10 10M14 4 4 14", capacity: "M3 15V9M7.5 15V6M12 15V3M16 15H2", path: "M2 13c3 0 3-8 7-8s4 8 7 8", gate: "M4 16V4h10v12M9 4v12M11 10h1",
  shut: "M2 9h4M12 9h4M7 5l4 8M11 5 7 13", way: "M4 15c6 0-1-8 5-9M13 4.5a1.8 1.8 0 1 0-.01 0M4 15v.01",
  undo: "M7 4 3 8l4 4M3 8h7a4 4 0 0 1 0 8H8", redo: "M11 4l4 4-4 4M15 8H8a4 4 0 0 0 0 8h2",
};

// Puts the door to the drawer on the page.
circle15.whatif.door = function (state) {
  const el = circle15.element;
  const header = circle15.whatif.find("#c15-panel header");
  const button = el("button", "c15-w-open", state.data.words.whatif);
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => circle15.whatif.open(state));
  header.append(button);
  const asked = circle15.address.parts();
  if (asked.has("whatif") || asked.has(circle15.whatif.PLAN)) circle15.whatif.open(state);
};

circle15.whatif.open = async function (state) {
  if (circle15.whatif.drawer) {
    circle15.whatif.drawer.show(true);
    return circle15.whatif.drawer;
  }
  if (circle15.whatif.opening) return circle15.whatif.opening;
  circle15.whatif.opening = circle15.whatif.build(state).finally(() => (circle15.whatif.opening = null));
  return circle15.whatif.opening;
};

circle15.whatif.build = async function (state) {
  const el = circle15.element;
  const frame = el("aside", "");
  frame.id = "c15-whatif";
  frame.setAttribute("aria-label", circle15.whatif.say("title"));
  L.DomEvent.disableClickPropagation(frame);
  L.DomEvent.disableScrollPropagation(frame);
  const waiting = el("p", "c15-w-waiting", circle15.whatif.say("loading"));
  frame.append(waiting);
  document.body.append(frame);
  document.documentElement.classList.add("c15-w-on");
  state.folium.map.invalidateSize({ animate: false });
  const started = performance.now();
  let info;
  try {
    info = await circle15.whatif.ready();
  } catch (error) {
    waiting.textContent = circle15.whatif.say("failed", { why: error.said ? circle15.whatif.said(error.said) : error.message });
    waiting.className = "c15-w-waiting c15-w-warn";
    return null;
  }
  circle15.whatif.isShifted = circle15.whatif.pageData().is_shifted;
  waiting.remove();
  circle15.whatif.drawer = new circle15.whatif.Drawer(state, info, frame);
  circle15.whatif.openedMs = performance.now() - started;
  return circle15.whatif.drawer;
};

circle15.whatif.Drawer = class {
  constructor(state, info, frame) {
    const el = circle15.element;
    const { say } = circle15.whatif;
    this.state = state;
    this.frame = frame;
    /** @type {HTMLButtonElement[]} */
    this.sides = [];
    this.note = "";
    const map = state.folium.map;
    if (!map.getPane(circle15.whatif.PANE)) {
      const pane = map.createPane(circle15.whatif.PANE);
      pane.style.zIndex = 425;
      pane.style.pointerEvents = "none";
    }
    const desk = new circle15.whatif.Desk(state, info);
    this.desk = desk;
    circle15.whatif.desk = desk;
    const overlay = (margin) => new circle15.whatif.Overlay(state.cells, margin).addTo(map);
    this.overlays = { plan: overlay(0.2), drag: overlay(0) };
    this.places = new circle15.whatif.Places(desk, this.overlays);
    this.tools = new circle15.whatif.Tools(desk, this.places);
    this.table = new circle15.whatif.UnitTable(desk);
    this.basket = new circle15.whatif.BasketView(desk, this.places);
    this.way = new circle15.whatif.WayView(desk);
    this.trial = new circle15.whatif.TrialView(desk);
    this.toolView = new circle15.whatif.ToolView(desk, this.tools);
    this.outView = new circle15.whatif.OutView(desk);
    this.live = el("div", "c15-w-live");
    this.live.setAttribute("aria-live", "polite");
    this.live.setAttribute("role", "status");
    this.status = el("p", "c15-w-status");
    this.head = this.makeHead();
    this.body = el("div", "c15-w-body", this.status, this.serviceRow(), this.toolView.element, this.way.element, this.makeLegend(), this.basket.element, this.table.element,
      this.toolView.tray, this.trial.element, this.outView.element, el("p", "c15-small", say("keys")));
    frame.append(this.head, this.body, this.live);
    map.on("baselayerchange", () => this.showService());
    desk.on((what) => this.hear(what));
    this.show(true);
    const { told, from } = circle15.whatif.kept(info.district_id);
    if (told) {
      const lost = desk.baskets.restore(told);
      desk.baskets.past.length = 0;
      const n = desk.baskets.items.length;
      const words = [n > 0 ? say("restored", { n }) : "", lost > 0 ? say("kept_lost", { n: lost }) : ""].filter(Boolean);
      this.note = words.join(circle15.whatif.semicolon());
    } else if (from === "address") {
      this.note = say("kept_lost", { n: 1 });
    }
    this.refreshHead();
    this.basket.draw();
    this.hear("result");
    if (!desk.baskets.isEmpty) desk.later();
  }

  show(isOpen) {
    const { state } = this;
    const wasHome = !this.desk.isOpen && isOpen !== this.desk.isOpen && state.isHome();
    this.desk.isOpen = isOpen;
    document.documentElement.classList.toggle("c15-w-on", isOpen);
    circle15.whatif.find("button.c15-w-open").setAttribute("aria-expanded", String(isOpen));
    const { control, map } = this.state.folium;
    if (isOpen) control.collapse();
    else if (!circle15.isNarrow()) control.expand();
    if (circle15.isNarrow() && isOpen) this.state.setFolded(true);
    if (!isOpen) this.tools.take(null);
    state.folium.map.invalidateSize({ animate: false });
    if (wasHome) state.goHome();
    Object.values(this.overlays).forEach((overlay) => (overlay.canvas.style.display = isOpen ? "" : "none"));
    this.places.group[isOpen ? "addTo" : "remove"](map);
    this.way.clear();
    circle15.whatif.find(isOpen ? "#c15-whatif button" : "button.c15-w-open").focus({ preventScroll: true });
  }

  // ---- parts

  makeHead() {
    const el = circle15.element;
    const { say } = circle15.whatif;
    const { desk } = this;
    const button = (className, label, content, run) => {
      const made = el("button", className, content);
      made.type = "button";
      made.title = label;
      made.setAttribute("aria-label", label);
      made.addEventListener("click", run);
      return made;
    };
    this.sides = circle15.whatif.SIDES.map((side) => button("c15-w-side", say("plan", { side }), side, () => {
      this.desk.isComparing = false;
      desk.baskets.turnTo(side);
    }));
    this.compare = button("c15-w-side", say("compare"), "A | B", () => {
      desk.isComparing = !desk.isComparing;
      this.tools.take(null);
      desk.later();
    });
    this.undo = button("c15-w-icon", say("undo"), circle15.icon(circle15.whatif.SIGNS.undo), () => desk.baskets.undo());
    this.redo = button("c15-w-icon", say("redo"), circle15.icon(circle15.whatif.SIGNS.redo), () => desk.baskets.redo());
    const close = button("c15-w-icon", say("close"), "×", () => this.show(false));
    return el("header", "c15-w-head", el("h2", "", say("title")), el("span", "c15-w-sides", ...this.sides, this.compare), el("span", "c15-w-gap"), this.undo, this.redo, close);
  }

  serviceRow() {
    const el = circle15.element;
    this.service = el("select", "");
    this.desk.layers.forEach((layer, i) => {
      const option = el("option", "", layer.name);
      option.value = String(i);
      this.service.append(option);
    });
    this.service.addEventListener("change", () => this.state.show(`time-${this.service.value}`));
    return el("label", "c15-w-row", el("span", "", circle15.whatif.say("service")), this.service);
  }

  makeLegend() {
    this.legend = circle15.element("div", "c15-w-legend");
    return this.legend;
  }

  // ---- what happens

  hear(what) {
    if (typeof what === "string") this.hearDesk(what);
    else this.hearUser(what);
  }

  hearDesk(what) {
    const acts = {
      plan: () => this.refreshPlan(),
      busy: () => this.say(circle15.whatif.say("working"), "busy"),
      result: () => {
        this.showResult();
        if (this.desk.isOpen) this.announceResult();
      },
      gains: () => this.basket.drawGains(),
    };
    acts[what]();
  }

  // What a tool or a view tells: some of it together.
  hearUser(what) {
    if (what.step) this.table.showStep(what.step);
    if (what.tried) this.table.show(what.tried, { keepsOrder: true });
    if (what.shows) this.showLayer(what.shows);
    if ("tool" in what || "points" in what) this.toolView.drawHint();
    if ("way" in what) this.way.show(what.way);
    if (what.announce) this.announce(what.announce, what);
    if (what.error) this.announce(what.error.said ? circle15.whatif.said(what.error.said) : what.error.message, { isError: true });
    if (what.chosen !== undefined) this.basket.mark(what.chosen);
    if (what.focus !== undefined) this.basket.focus(what.focus);
  }

  announce(text, { stays = false, isError = false }) {
    this.live.textContent = text;
    if (stays || isError) this.say(text, isError ? "bad" : "");
  }

  say(text, kind = "") {
    this.status.textContent = text;
    this.status.className = `c15-w-status ${kind ? `c15-w-${kind}` : ""}`;
  }

  refreshPlan() {
    this.places.draw();
    this.basket.draw();
    this.refreshHead();
    if (!circle15.whatif.keep(this.desk.baskets, this.desk.info.district_id)) this.note = circle15.whatif.say("kept_not");
  }

  refreshHead() {
    const { desk } = this;
    const { baskets } = desk;
    this.sides.forEach((button) => button.setAttribute("aria-pressed", String(!desk.isComparing && button.textContent === baskets.side)));
    this.compare.setAttribute("aria-pressed", String(desk.isComparing));
    this.undo.disabled = baskets.past.length === 0;
    this.redo.disabled = baskets.future.length === 0;
    const isIdle = desk.isTrial || desk.isComparing || baskets.items.length === 0;
    this.outView.buttons.forEach((button) => (button.disabled = isIdle));
    this.frame.classList.toggle("c15-w-trying", desk.isTrial);
    this.frame.classList.toggle("c15-w-comparing", desk.isComparing);
  }

  showResult() {
    const { desk } = this;
    const { say } = circle15.whatif;
    const layer = desk.layer.id;
    this.refreshHead();
    this.places.draw();
    this.basket.draw();
    if (!this.places.dragging) this.paint(layer);
    if (desk.isComparing) this.table.showSides(desk.results.A, desk.results.B);
    else this.table.show(desk.result);
    this.toolView.drawHint();
    this.toolView.drawTray();
    this.trial.draw();
    this.service.value = String(desk.layerIndex);
    if (desk.isTrial) this.say(say("trial_on"), "trying");
    else this.say(this.note || (this.desk.isConfirmed ? say("confirmed") : ""), this.note ? "" : "good");
    this.note = "";
    if (this.way.row !== null && desk.isOpen) this.way.show(this.way.row);
  }

  paint(layer) {
    const { desk } = this;
    const base = desk.base.covered[layer];
    const legend = (looks) => this.legend.replaceChildren(...looks.map(([look, word]) => {
      const swatch = circle15.element("span", `c15-w-swatch c15-w-${look}`);
      return circle15.element("span", "", swatch, say(word));
    }));
    const { say } = circle15.whatif;
    if (!desk.isComparing) {
      const groups = this.places.groups(base, desk.result.covered[layer]);
      this.overlays.plan.show(groups);
      const shown = groups.filter((group) => group.rows.length > 0).map((group) => [group.look, group.look]);
      legend(shown);
      return;
    }
    const [a, b] = [desk.results.A.covered[layer], desk.results.B.covered[layer]];
    /** @type {Record<string, number[]>} */
    const groups = { onlyA: [], onlyB: [], both: [] };
    for (let i = 0; i < base.length; i++) {
      if (a[i] && !b[i]) groups.onlyA.push(i);
      else if (b[i] && !a[i]) groups.onlyB.push(i);
      else if (a[i] && b[i] && !base[i]) groups.both.push(i);
    }
    this.overlays.plan.show(Object.entries(groups).map(([look, rows]) => ({ look, rows })));
    legend([["onlyA", "only_a"], ["onlyB", "only_b"], ["both", "both"]]);
  }

  announceResult() {
    const { desk } = this;
    if (desk.isComparing || desk.result === desk.base) {
      this.live.textContent = "";
      return;
    }
    const layer = desk.layer;
    const [now, was] = [desk.whole(desk.result, layer.id), desk.whole(desk.base, layer.id)];
    const gap = now.gap === null || was.gap === null ? null : was.gap - now.gap;
    this.live.textContent = `${layer.name}${circle15.whatif.colon()}${circle15.whatif.gainText(layer, now.covered_people - was.covered_people, gap)}`;
  }

  // Shows a service on map and drawer.
  showLayer(id) {
    const i = this.desk.layers.findIndex((layer) => layer.id === id);
    if (i >= 0 && i !== this.desk.layerIndex) this.state.show(`time-${i}`);
  }

  showService() {
    this.way.clear();
    if (this.desk.isOpen) this.showResult();
  }
};
