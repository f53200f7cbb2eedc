"use strict";
// A list of changes as a scenario's TOML, which `circle15 run` takes and confirms; and back.
var circle15 = circle15 || {};
circle15.whatif = circle15.whatif || {};

// What each kind of change may hold, in the order in which it is written (config/planning.py has the same).
circle15.whatif.CHANGE_KEYS = {
  add_facility: ["layer", "lon", "lat", "name", "id", "capacity", "cost"],
  close_facility: ["layer", "id"],
  set_capacity: ["layer", "id", "capacity"],
  add_path: ["name", "cost", "tolerance_m", "line"],
  close_path: ["name", "tolerance_m", "line"],
};
circle15.whatif.LONGEST_TEXT = 200;
circle15.whatif.DECIMALS = 3; // of people and gaps, as in the CSV files
circle15.whatif.PLACE_DECIMALS = 7; // of degrees, as the run rounds them

// One string of TOML: nothing in it can end it, begin a line or be a control character.
circle15.whatif.tomlText = function (text) {
  const safe = String(text).toWellFormed ? String(text).toWellFormed() : String(text).replace(/[\ud800-\udfff]/gu, "\ufffd");
  // eslint-disable-next-line no-control-regex
  return `"${safe.replace(/[\u0000-\u001f"\\\u007f-\u009f\u2028\u2029]/g, (c) => {
    return c === '"' || c === "\\" ? `\\${c}` : `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
  })}"`;
};

circle15.whatif.tomlValue = function (value) {
  if (Array.isArray(value)) return `[${value.map(circle15.whatif.tomlValue).join(", ")}]`;
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new RangeError(`no number for a scenario: ${value}`);
    return String(value);
  }
  return circle15.whatif.tomlText(value);
};

circle15.whatif.changesToml = function (changes) {
  return changes.map((change) => {
    const keys = circle15.whatif.CHANGE_KEYS[change.kind];
    if (!keys) throw new RangeError(`no such kind of change: ${change.kind}`);
    const given = keys.filter((key) => change[key] !== undefined && change[key] !== null && change[key] !== "");
    const rows = given.map((key) => `${key} = ${circle15.whatif.tomlValue(change[key])}`);
    return ["[[change]]", `kind = "${change.kind}"`, ...rows].join("\n");
  });
};

// What the run is expected to find, each number as the CSV files print it.
circle15.whatif.expectedToml = function (info, result) {
  const number = (value) => String(Number(value.toFixed(circle15.whatif.DECIMALS)));
  const rows = result.units.map((unit) => {
    const parts = [
      `unit_id = ${circle15.whatif.tomlText(unit.unit_id)}`,
      `layer = ${circle15.whatif.tomlText(unit.layer)}`,
      `covered_people = ${number(unit.covered_people)}`,
    ];
    if (unit.gap !== null) parts.push(`gap = ${number(Math.max(0, unit.gap))}`);
    return `  { ${parts.join(", ")} },`;
  });
  return ["[expected]", `base_sha256 = ${circle15.whatif.tomlText(info.config_sha256)}`, "totals = [", ...rows, "]"].join("\n");
};

/**
 * Give the TOML of a scenario with what the what-if found; sliders of the definitions never stand in it.
 * @param {object[]} changes as in [[change]] tables
 * @returns {Promise<string>}
 */
circle15.whatif.scenario = async function (changes) {
  const info = await circle15.whatif.ready();
  const result = await circle15.whatif.evaluate(changes, { cells: false });
  return [
    "# 方案推演导出 / exported from the what-if on the map",
    `base = ${circle15.whatif.tomlText(circle15.whatif.pageData().config_file)}`,
    ...circle15.whatif.changesToml(changes),
    circle15.whatif.expectedToml(info, result),
  ].join("\n\n") + "\n";
};

// A plan in one text, whoever wrote it: names and costs do not count, numbers as TOML and JSON both have them.
circle15.whatif.planKey = function (changes) {
  const counted = ["kind", "layer", "id", "lon", "lat", "capacity", "tolerance_m", "line"];
  return JSON.stringify(changes.map((change) => counted.map((key) => (change[key] === undefined ? null : change[key]))));
};

/**
 * Tell whether a run's run.json confirms a plan: one of the same base, of the very changes, whose numbers held.
 * @param {any} manifest
 * @param {string} baseSha256
 * @returns {string | null} the plan that it confirms, as `planKey` gives it
 */
circle15.whatif.confirmedPlan = function (manifest, baseSha256) {
  const { config, confirmation } = manifest || {};
  if (!confirmation || !confirmation.is_confirmed || !config || !Array.isArray(config.change)) return null;
  if (!config.expected || config.expected.base_sha256 !== baseSha256 || confirmation.base_is_same === false) return null;
  return circle15.whatif.planKey(config.change);
};

// ---- and back: the [[change]] tables of a scenario.

// Reads the values of TOML that scenarios hold: texts, numbers, true and false, arrays and inline tables.
circle15.whatif.TomlReader = class {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  fail() {
    const line = this.text.slice(0, this.at).split("\n").length;
    throw new SyntaxError(`line ${line}`);
  }

  // Skips blanks and comments, of arrays line ends too.
  skip(withLines) {
    const blank = withLines ? /(?:[ \t\r\n]|#[^\n]*)*/y : /[ \t]*/y;
    blank.lastIndex = this.at;
    blank.exec(this.text);
    this.at = blank.lastIndex;
  }

  take(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at = pattern.lastIndex;
    return found;
  }

  key() {
    this.skip(false);
    const bare = this.take(/[\w-]+/y);
    if (bare) return bare[0];
    return this.string();
  }

  string() {
    const literal = this.take(/'([^'\n]*)'/y);
    if (literal) return literal[1];
    const basic = this.take(/"((?:[^"\\\n]|\\.)*)"/y);
    if (!basic) return this.fail();
    const plain = { b: "\b", t: "\t", n: "\n", f: "\f", r: "\r", '"': '"', "\\": "\\" };
    return basic[1].replace(/\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/g, (_, short, long, one) => {
      if (one !== undefined) return one in plain ? plain[one] : this.fail();
      const code = parseInt(short || long, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : this.fail();
    });
  }

  value() {
    this.skip(false);
    const next = this.text[this.at];
    if (next === '"' || next === "'") return this.string();
    if (this.take(/\[/y)) {
      const found = [];
      for (;;) {
        this.skip(true);
        if (this.take(/\]/y)) return found;
        found.push(this.value());
        this.skip(true);
        if (!this.take(/,/y)) return this.take(/\]/y) ? found : this.fail();
      }
    }
    if (this.take(/\{/y)) {
      const found = {};
      this.skip(false);
      if (this.take(/\}/y)) return found;
      do this.pair(found); while (this.take(/[ \t]*,/y));
      return this.take(/[ \t]*\}/y) ? found : this.fail();
    }
    const word = this.take(/(?:true|false)\b/y);
    if (word) return word[0] === "true";
    const number = this.take(/[+-]?(?:\d[\d_]*)(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?/y);
    return number ? Number(number[0].replaceAll("_", "")) : this.fail();
  }

  pair(into) {
    const key = this.key();
    if (!this.take(/[ \t]*=/y)) this.fail();
    Object.defineProperty(into, key, { value: this.value(), enumerable: true, writable: true, configurable: true });
  }
};

/**
 * Read a scenario file.
 * @param {string} text
 * @returns {{base: string | null, changes: object[]}} throws a SyntaxError that names the line
 */
circle15.whatif.readScenario = function (text) {
  const reader = new circle15.whatif.TomlReader(text.replace(/^\ufeff/, ""));
  const top = {};
  const changes = [];
  let table = top;
  for (;;) {
    reader.skip(true);
    if (reader.at >= text.length || reader.at >= reader.text.length) break;
    const head = reader.take(/\[\[?[ \t]*([^\]\n]+?)[ \t]*\]\]?/y);
    if (head) {
      table = {}; // other tables than those of changes are read and left
      if (head[0].startsWith("[[") && head[1] === "change") changes.push(table);
    } else {
      reader.pair(table);
    }
    if (!reader.take(/[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/y)) reader.fail();
  }
  return { base: typeof top.base === "string" ? top.base : null, changes };
};
