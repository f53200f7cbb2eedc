"use strict";
// What a plan leaves as and comes back from: buttons for files and the note, and the import of a scenario.
var circle15 = circle15 || {};
circle15.whatif = circle15.whatif || {};

circle15.whatif.OutView = class {
  constructor(desk) {
    this.desk = desk;
    /** @type {HTMLButtonElement[]} */
    this.buttons = [];
    this.element = this.outBox();
  }

  outBox() {
    const el = circle15.element;
    const { say } = circle15.whatif;
    const button = (name, word, run) => {
      const made = el("button", "c15-w-plain", say(word));
      made.type = "button";
      made.dataset.out = name;
      made.addEventListener("click", () => run().catch((error) => this.desk.tell({ error })));
      return made;
    };
    const { save } = circle15.whatif;
    const stem = () => `${this.desk.info.district_id}-${this.desk.baskets.side}`;
    const plan = () => this.desk.counted().changes;
    this.buttons = [
      button("toml", "out_toml", async () => save(`${stem()}.toml`, await circle15.whatif.scenario(plan()), "application/toml")),
      button("csv", "out_csv", async () => save(`${stem()}.csv`, circle15.whatif.unitsCsv(this.desk, this.desk.base, this.desk.result), "text/csv")),
      button("lines", "out_lines", async () => save(`${stem()}.geojson`, circle15.whatif.linesGeoJson(plan()), "application/geo+json")),
      button("note", "out_note", async () => circle15.whatif.openNote(this.desk)),
    ];
    const file = el("input", "");
    file.type = "file";
    file.accept = ".toml,.json";
    file.setAttribute("aria-label", say("out_import"));
    file.addEventListener("change", () => this.importFile(file));
    const into = el("label", "c15-w-plain c15-w-file", say("out_import"), file);
    const rule = el("p", "c15-small", say("out_rule", { base: circle15.whatif.pageData().config_file }));
    return el("section", "c15-w-section", el("h3", "", say("out")), el("div", "c15-w-buttons", ...this.buttons, into), rule, el("p", "c15-small", say("draft_note")));
  }

  async importFile(input) {
    const { say } = circle15.whatif;
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    let told;
    try {
      if (file.name.endsWith(".json")) {
        this.takeManifest(JSON.parse(await file.text()));
        return;
      }
      const { base, changes } = circle15.whatif.readScenario(await file.text());
      told = this.take(base, changes);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const line = /^line (\d+)$/.exec(error.message);
      told = say("import_bad", { why: line ? say("import_line", { n: line[1] }) : say("import_no_run") });
    }
    this.desk.tell({ announce: told, stays: true });
  }

  // A run's run.json: the plan that it confirmed is no draft any more.
  takeManifest(manifest) {
    const { desk } = this;
    const { say, confirmedPlan, planKey } = circle15.whatif;
    const plan = confirmedPlan(manifest, desk.info.config_sha256);
    desk.confirmed = plan;
    const told = plan === null ? "confirm_not" : plan === planKey(desk.counted().changes) ? "confirmed" : "confirm_other";
    desk.tell({ announce: say(told), stays: true });
  }

  // Puts a scenario's changes into the basket; a closing with an opening behind it is one that moved.
  take(base, changes) {
    const { say } = circle15.whatif;
    const { desk } = this;
    const withFile = changes.filter((change) => typeof change.line === "string").length;
    const good = changes.map(circle15.whatif.checkedChange).filter(Boolean);
    const items = [];
    good.forEach((change, i) => {
      const before = good[i - 1];
      if (change.kind === "add_facility" && before && before.kind === "close_facility" && before.layer === change.layer && items[items.length - 1].changes.length === 1) {
        items[items.length - 1] = { changes: [before, change], name: say("moving", { name: change.name || before.id }) };
      } else {
        const facility = change.id && desk.facility(change.id, change.layer);
        const named = facility && (facility.name || facility.id);
        const name = change.kind === "close_facility" ? say("closing", { name: named || change.id })
          : change.kind === "set_capacity" ? say("resizing", { name: named || change.id })
            : change.name || say(`kind_${change.kind}`);
        items.push({ changes: [change], name });
      }
    });
    if (items.length > 0) {
      const fresh = items.slice(0, circle15.whatif.MOST_ITEMS - desk.baskets.items.length).map((item) => ({ ...item, on: true, id: desk.baskets.nextId++ }));
      desk.baskets.put([...desk.baskets.items, ...fresh]);
    }
    const words = [items.length > 0 ? say("imported", { n: good.length }) : say("import_bad", { why: say("import_none") })];
    if (withFile > 0) words.push(say("import_file", { n: withFile }));
    else if (good.length < changes.length) words.push(say("kept_lost", { n: changes.length - good.length }));
    const own = circle15.whatif.pageData().config_file;
    if (base !== null && own && base.split("/").pop() !== own) words.push(say("import_other", { base, own }));
    return words.join(circle15.whatif.semicolon());
  }
};
