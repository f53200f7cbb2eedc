"use strict";
// What a plan leaves as: own lines for [network] lines, a CSV of streets, files to save.
var circle15 = circle15 || {};
circle15.whatif = circle15.whatif || {};

// New paths as GeoJSON for `[network] lines`: WGS-84, one feature a path, kind "path". Closed stretches and facilities are no
// lines to add, so that they stand in the scenario alone.
circle15.whatif.linesGeoJson = function (changes) {
  const features = changes.filter((change) => change.kind === "add_path").map((change) => ({
    type: "Feature",
    properties: { kind: "path", name: change.name || "" },
    geometry: { type: "LineString", coordinates: change.line },
  }));
  return `${JSON.stringify({ type: "FeatureCollection", features }, null, 1)}\n`;
};

// A text of a CSV cell; what a spreadsheet would read as a formula gets an apostrophe, as the run's own files do.
circle15.whatif.csvText = function (value) {
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

// Every street and service before and after, numbers as coverage.csv and gaps.csv print them; UTF-8 with BOM for Excel.
circle15.whatif.unitsCsv = function (desk, before, after) {
  const head = [
    "unit_id", "unit_name", "layer", "people", "covered_people_before", "covered_people_after", "newly_covered_people",
    "covered_share_before", "covered_share_after", "gap_before", "gap_after", "gap_unit",
  ];
  const number = (value, decimals = circle15.whatif.DECIMALS) => (value === null || Number.isNaN(value) ? "" : String(Number(value.toFixed(decimals))));
  const names = new Map(desk.info.units.map((unit) => [unit.unit_id, unit.name]));
  const units = new Map(desk.layers.map((layer) => [layer.id, layer.gapUnit || circle15.state.data.words.people_unit]));
  const share = (people, all) => (all > 0 ? number(people / all, 9) : "");
  const rows = after.units.map((unit, i) => {
    const was = before.units[i];
    return [
      unit.unit_id, names.get(unit.unit_id) || circle15.state.data.page.name, unit.layer, number(unit.people), number(was.covered_people),
      number(unit.covered_people), number(unit.covered_people - was.covered_people), share(was.covered_people, was.people),
      share(unit.covered_people, unit.people), number(was.gap), number(unit.gap), unit.gap === null ? "" : units.get(unit.layer),
    ];
  });
  return `\ufeff${[head, ...rows].map((row) => row.map(circle15.whatif.csvText).join(",")).join("\n")}\n`;
};

// Hands a text to the browser as a file; nothing leaves the machine.
circle15.whatif.save = function (name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
};
