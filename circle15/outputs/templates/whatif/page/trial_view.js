"use strict";
// 口径试算: minutes and, where a profile states only a speed, pace. Never mixed with a plan, never exported.
var circle15 = circle15 || {};
circle15.whatif = circle15.whatif || {};

circle15.whatif.MINUTES = { min: 3, max: 30, step: 1 };
circle15.whatif.PACE = { min: 0.5, max: 1.8, step: 0.05 };

circle15.whatif.TrialView = class {
  constructor(desk) {
    const el = circle15.element;
    const { say } = circle15.whatif;
    this.desk = desk;
    this.box = el("div", "c15-w-sliders");
    this.reset = el("button", "c15-w-plain", say("trial_reset"));
    this.reset.type = "button";
    this.reset.addEventListener("click", () => this.set("none"));
    this.element = el("details", "c15-w-section c15-w-trial", el("summary", "", say("trial")), el("p", "c15-small", say("trial_note")), this.box, this.reset);
    this.shown = null;
    /** @type {(() => void)[]} */
    this.fillers = [];
  }

  set(key, name, value, own) {
    const { desk } = this;
    if (key === "none") desk.options = { minutes: {}, pace: {} };
    else {
      const values = { ...desk.options[key] };
      if (Math.abs(value - own) < 1e-9) delete values[name];
      else values[name] = value;
      desk.options = { ...desk.options, [key]: values };
    }
    desk.isComparing = false;
    desk.later();
  }

  draw() {
    const { desk } = this;
    this.reset.hidden = !desk.isTrial;
    if (this.shown !== desk.layerIndex) {
      this.shown = desk.layerIndex;
      this.make();
    }
    this.fillers.forEach((fill) => fill());
  }

  make() {
    const el = circle15.element;
    const { say } = circle15.whatif;
    const { desk } = this;
    const { layer } = desk;
    const profile = desk.info.profiles.find((one) => one.name === layer.profile);
    const profileName = desk.state.data.words[`profile_${profile.name}`] || profile.name;
    this.fillers = [];
    const slider = (key, name, label, own, bounds) => {
      const input = el("input", "");
      Object.assign(input, { type: "range", min: String(Math.min(bounds.min, own)), max: String(Math.max(bounds.max, own)), step: "any" });
      input.step = String(bounds.step);
      input.setAttribute("aria-label", label);
      const out = el("output", "");
      const current = () => desk.options[key][name] ?? own;
      input.addEventListener("input", () => {
        // The slider stops at whole steps; the definition itself may lie between two of them.
        const value = Number(input.value);
        this.set(key, name, Math.abs(value - own) < bounds.step / 2 ? own : value, own);
        out.textContent = circle15.whatif.number(current(), 2);
      });
      this.fillers.push(() => {
        if (document.activeElement !== input) input.value = String(current());
        out.textContent = circle15.whatif.number(current(), 2);
      });
      return el("label", "c15-w-slider", el("span", "", label), input, out);
    };
    const rows = [slider("minutes", layer.id, say("minutes_of", { service: layer.name }), layer.minutes, circle15.whatif.MINUTES)];
    if (profile.pays_only_speed) rows.push(slider("pace", profile.name, say("pace_of", { profile: profileName }), profile.speed_m_s, circle15.whatif.PACE));
    else rows.push(el("p", "c15-small", say("pace_fixed", { profile: profileName })));
    this.box.replaceChildren(...rows);
  }
};
