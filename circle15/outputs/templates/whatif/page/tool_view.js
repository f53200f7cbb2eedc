"use strict";
// The tools as buttons, what the one that is taken wants, and the tray of candidates.
var circle15 = circle15 || {};
circle15.whatif = circle15.whatif || {};

circle15.whatif.HINTS = { add: "hint_add", move: "hint_move", close: "hint_close", capacity: "hint_capacity", path: "hint_path", gate: "hint_gate", shut: "hint_shut", way: "hint_way" };

circle15.whatif.ToolView = class {
  constructor(desk, tools) {
    this.desk = desk;
    this.tools = tools;
    /** @type {HTMLButtonElement[]} */
    this.buttons = [];
    this.element = this.toolBox();
    this.tray = this.trayBox();
  }

  toolBox() {
    const el = circle15.element;
    const { say } = circle15.whatif;
    this.buttons = circle15.whatif.TOOLS.map((tool) => {
      const button = el("button", "c15-w-tool", circle15.icon(circle15.whatif.SIGNS[tool]), el("span", "", say(`tool_${tool}`)));
      button.type = "button";
      button.dataset.tool = tool;
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => this.tools.take(this.tools.tool === tool ? null : tool));
      return button;
    });
    this.hint = el("div", "c15-w-hint");
    const group = el("div", "c15-w-tools", ...this.buttons);
    group.setAttribute("role", "toolbar");
    group.setAttribute("aria-label", say("tools"));
    return el("section", "c15-w-section", group, this.hint);
  }

  // What the tool that is taken wants, and how to give it without a pointer.
  drawHint() {
    const el = circle15.element;
    const { say } = circle15.whatif;
    const { tool } = this.tools;
    this.buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.tool === tool)));
    if (tool === null) {
      this.hint.replaceChildren(...(circle15.isNarrow() ? [el("p", "c15-small", say("hint_phone", { service: this.desk.layer.name }))] : []));
      return;
    }
    const word = tool === "gate" && circle15.whatif.gate ? "hint_gate_one" : circle15.whatif.HINTS[tool];
    const parts = [el("p", "", say(word, { service: this.desk.layer.name }))];
    const button = (text, run, isOff) => {
      const made = el("button", "c15-w-plain", text);
      made.type = "button";
      made.disabled = Boolean(isOff);
      made.addEventListener("click", run);
      return made;
    };
    if (["move", "close", "capacity"].includes(tool)) {
      parts.push(this.facilityList());
    } else {
      const row = [button(say(tool === "add" ? "put_centre" : "point_centre"), () => this.tools.useCentre())];
      if (this.tools.drawsLine) {
        row.push(button(say("done"), () => this.tools.finish(), this.tools.points.length < 2), button(say("cancel"), () => this.tools.drop(), this.tools.points.length === 0));
      }
      parts.push(el("div", "c15-w-buttons", ...row));
    }
    this.hint.replaceChildren(...parts);
  }

  facilityList() {
    const el = circle15.element;
    const list = el("select", "");
    list.setAttribute("aria-label", circle15.whatif.say("choose"));
    const first = el("option", "", circle15.whatif.say("choose"));
    first.value = "";
    list.append(first);
    this.desk.info.facilities.forEach((facility, i) => {
      if (facility.layer !== this.desk.layer.id) return;
      const option = el("option", "", facility.name || facility.id);
      option.value = String(i);
      list.append(option);
    });
    list.addEventListener("change", () => {
      const facility = list.value === "" ? null : this.desk.info.facilities[Number(list.value)];
      list.value = "";
      if (facility) this.tools.useFacility(facility.id, facility.layer);
    });
    return list;
  }

  trayBox() {
    const el = circle15.element;
    const { say } = circle15.whatif;
    const tray = el("details", "c15-w-section c15-w-tray");
    const { candidates } = this.desk.info;
    tray.hidden = candidates.length === 0;
    this.trayList = el("div", "c15-w-list");
    tray.append(el("summary", "", `${say("tray")} (${candidates.length})`), this.trayList);
    return tray;
  }

  // Candidates of the service that is shown, and those for any.
  drawTray() {
    const el = circle15.element;
    const { say } = circle15.whatif;
    const { desk } = this;
    this.trayList.replaceChildren(...desk.info.candidates.filter((c) => !c.layer || c.layer === desk.layer.id).map((candidate) => {
      const facts = [
        candidate.capacity === null ? "" : `${circle15.whatif.number(candidate.capacity, 1)} ${desk.layer.unit}`,
        candidate.cost === null ? "" : `${circle15.whatif.number(candidate.cost, 1)} ${circle15.whatif.isChinese() ? "万元" : "×10⁴ yuan"}`,
      ].filter(Boolean);
      const button = el("button", "c15-w-plain", say("tray_add"));
      button.type = "button";
      button.setAttribute("aria-label", `${say("tray_add")} ${candidate.name}`);
      button.addEventListener("click", () => {
        const latlng = circle15.whatif.toPage([candidate.lon, candidate.lat]);
        this.tools.addAt(latlng, { layer: candidate.layer || desk.layer.id, name: candidate.name, cost: candidate.cost, capacity: candidate.capacity });
        this.desk.state.folium.map.panTo(latlng, { animate: false });
      });
      return el("div", "c15-w-candidate", el("span", "", candidate.name), el("i", "", facts.join(" · ")), button);
    }));
  }
};
