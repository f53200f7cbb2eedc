"use strict";
// Search on the map: units, communities, facilities, named roads, and coordinates in any of the systems of Chinese maps.
var circle15 = circle15 || {};

circle15.MOST_FOUND = 8;
circle15.NEAR_ZOOM = 16.5;
circle15.NEAR_M = 600;

// Degrees east and north by which GCJ-02 is shifted at a place of WGS-84, and BD-09 at one of GCJ-02: the formulas of
// inputs/coordinates/china_shift.py.
circle15.gcj02Shift = function (lon, lat) {
  const [x, y, pi] = [lon - 105, lat - 35, Math.PI];
  const { sin, cos, sqrt, abs } = Math;
  const ripple = 20 * sin(6 * x * pi) + 20 * sin(2 * x * pi);
  const north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    + ((ripple + 20 * sin(y * pi) + 40 * sin((y * pi) / 3) + 160 * sin((y * pi) / 12) + 320 * sin((y * pi) / 30)) * 2) / 3;
  const east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    + ((ripple + 20 * sin(x * pi) + 40 * sin((x * pi) / 3) + 150 * sin((x * pi) / 12) + 300 * sin((x * pi) / 30)) * 2) / 3;
  const [axis, flat, phi] = [6378245, 0.00669342162296594323, (lat * pi) / 180];
  const w2 = 1 - flat * sin(phi) ** 2;
  const degree = pi / 180;
  return [east / ((axis / sqrt(w2)) * cos(phi) * degree), north / (((axis * (1 - flat)) / (w2 * sqrt(w2))) * degree)];
};

circle15.bd09Shift = function (lon, lat) {
  const wave = (Math.PI * 3000) / 180;
  const radius = Math.hypot(lon, lat) + 0.00002 * Math.sin(lat * wave);
  const turn = Math.atan2(lat, lon) + 0.000003 * Math.cos(lon * wave);
  return [radius * Math.cos(turn) + 0.0065 - lon, radius * Math.sin(turn) + 0.006 - lat];
};

// The place that a shift moves to lon, lat; ten steps leave less than a millimetre.
circle15.unshifted = function (lon, lat, shift) {
  let [x, y] = [lon, lat];
  for (let i = 0; i < 10; i++) {
    const [dx, dy] = shift(x, y);
    [x, y] = [lon - dx, lat - dy];
  }
  return [x, y];
};

circle15.toWgs84 = {
  "WGS-84": (lon, lat) => [lon, lat],
  "GCJ-02": (lon, lat) => circle15.unshifted(lon, lat, circle15.gcj02Shift),
  "BD-09": (lon, lat) => circle15.unshifted(...circle15.unshifted(lon, lat, circle15.bd09Shift), circle15.gcj02Shift),
};

// Two numbers as people write a place: "120.48, 29.48", "北纬29°28′54″ 东经120°28′45″", "E120.48 N29.48"; else null.
circle15.twoNumbers = function (text) {
  const degrees = /(\d+(?:\.\d+)?)\s*[°度]\s*(?:(\d+(?:\.\d+)?)\s*[′'’分]\s*)?(?:(\d+(?:\.\d+)?)\s*(?:[″"”秒]|′′))?/g;
  const plain = text.normalize("NFKC").replace(degrees, (_, d, m, s) => `${+d + +(m || 0) / 60 + +(s || 0) / 3600} `);
  const rest = plain.replace(/-?\d+(?:\.\d+)?/g, "").replace(/lon(gitude)?|lng|lat(itude)?/gi, "");
  const numbers = (plain.match(/-?\d+(?:\.\d+)?/g) || []).map(Number);
  return numbers.length === 2 && /^[\s,;:/|()[\]、，；：东西南北经纬度EWNS=]*$/i.test(rest) ? numbers : null;
};

// Where a pair of coordinates may lie on this map: one hit for each system, in the order of numbers that fits.
circle15.coordinateHits = function (state, wanted) {
  const { data } = state;
  const pair = circle15.twoNumbers(wanted);
  if (pair === null) return null;
  const around = L.latLngBounds(data.page.bounds).pad(1);
  const systems = data.shift.is_shifted ? Object.keys(circle15.toWgs84) : ["WGS-84"];
  return systems.flatMap((system) => {
    const places = [pair, [pair[1], pair[0]]].filter(([lon, lat]) => Math.abs(lon) <= 180 && Math.abs(lat) <= 90).map(([lon, lat]) => {
      const wgs84 = circle15.toWgs84[system](lon, lat);
      const [dx, dy] = data.shift.draws_in_gcj02 ? circle15.gcj02Shift(...wgs84) : [0, 0];
      return { wgs84, latlng: L.latLng(wgs84[1] + dy, wgs84[0] + dx) };
    });
    const place = places.find(({ latlng }) => around.contains(latlng));
    if (!place) return [];
    const text = place.wgs84.map((v) => v.toFixed(6)).join(", ");
    const go = () => state.goToPlace(place.latlng, wanted, system, system === "WGS-84" ? [] : [["WGS-84", text]]);
    return [{ text: wanted, note: data.words.search_as.replace("{system}", system), go }];
  });
};

// All that has a name on this page, in the order in which hits are listed.
circle15.findable = function (state) {
  const { data } = state;
  const { words, named } = data;
  const point = ([name, lon, lat, unit], note) => {
    const around = unit === undefined || unit < 0 ? "" : data.units[unit].name;
    return { text: name, note: around || note, go: () => state.goToPlace(L.latLng(lat, lon), name, [note, around].filter(Boolean).join(" · "), []) };
  };
  const facilities = data.facilities.facilities.flatMap((f, i) => (
    f.name ? [{ text: f.name, note: data.layers[f.layer].name, go: () => state.goToFacility(i) }] : []));
  return [
    ...data.units.map((u) => ({ text: u.name, note: words.unit, go: () => state.goToUnit(u) })),
    ...named.communities.map((c) => point(c, words.community)),
    ...facilities,
    ...named.roads.map((r) => point(r, words.road)),
  ];
};

circle15.search = function (state) {
  const { data } = state;
  const el = circle15.element;
  const input = el("input", "");
  input.type = "search";
  input.placeholder = data.words.search;
  input.setAttribute("aria-label", data.words.search);
  const list = el("ul", "c15-found");
  let things = null; // made when first asked for
  const find = () => {
    const wanted = input.value.trim();
    const part = wanted.toLowerCase();
    things = things || circle15.findable(state);
    const at = (wanted && circle15.coordinateHits(state, wanted)) || [];
    const named = wanted ? things.filter((t) => t.text.toLowerCase().includes(part)) : [];
    const begins = (t) => (t.text.toLowerCase().startsWith(part) ? 0 : 1);
    const hits = [...at, ...named.sort((a, b) => begins(a) - begins(b))].slice(0, circle15.MOST_FOUND);
    list.replaceChildren(...hits.map((hit) => {
      const button = el("button", "", el("span", "", hit.text), el("i", "", hit.note));
      button.type = "button";
      button.addEventListener("click", () => {
        list.replaceChildren();
        hit.go();
      });
      return el("li", "", button);
    }));
    const none = circle15.twoNumbers(wanted) ? data.words.search_outside : data.words.search_none;
    if (wanted && hits.length === 0) list.append(el("li", "c15-small", none));
  };
  input.addEventListener("input", find);
  const made = el("div", "c15-search", input, list);
  made.addEventListener("keydown", (event) => {
    const stops = [input, ...list.querySelectorAll("button")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const at = stops.indexOf(document.activeElement) + step;
      stops[Math.min(Math.max(at, 0), stops.length - 1)].focus();
    }
    if (event.key === "Enter" && document.activeElement === input && stops.length > 1) stops[1].click();
    if (event.key === "Escape") {
      input.value = "";
      list.replaceChildren();
      input.focus();
    }
  });
  return made;
};
