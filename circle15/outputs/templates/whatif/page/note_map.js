"use strict";
// The map of the note: a picture, so that the note needs no script.
var circle15 = circle15 || {};
circle15.whatif = circle15.whatif || {};

circle15.whatif.noteKey = function (desk, el) {
  const { say, COLOURS } = circle15.whatif;
  const keys = [["note_covered", "#d3e6e2"], ["note_uncovered", "#f2dfce"], ["gained", COLOURS.gained[0]], ["lost", COLOURS.lost[0]]];
  return el("p", "", ...keys.map(([word, colour]) => {
    const box = el("i", "");
    box.style.background = colour;
    return el("span", "key", box, say(word));
  }));
};

// The map of the note: pale cells, what changes in full colours, the plan's numbers.
circle15.whatif.noteMap = function (desk, el) {
  const { width } = circle15.whatif.NOTE;
  const height = Math.round(circle15.whatif.noteRoom(desk).height);
  const { data, cells } = desk.state;
  const { COLOURS } = circle15.whatif;
  const layer = desk.layer.id;
  const canvas = document.createElement("canvas");
  const ratio = 3; // of dots to px: about 290 to the inch
  Object.assign(canvas, { width: width * ratio, height: height * ratio });
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.scale(ratio, ratio);
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, width, height);
  const [[south, west], [north, east]] = data.page.bounds;
  const squeeze = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const scale = Math.min((width - 24) / ((east - west) * squeeze), (height - 24) / (north - south));
  /** @returns {[number, number]} */
  const at = (latlng) => [width / 2 + (latlng.lng - (west + east) / 2) * squeeze * scale, height / 2 - (latlng.lat - (south + north) / 2) * scale];
  const trace = (polygons) => polygons.forEach((rings) => rings.forEach((ring) => {
    ring.forEach((corner, i) => pen[i ? "lineTo" : "moveTo"](...at(corner)));
    pen.closePath();
  }));
  const polygonsOf = (shape) => (Array.isArray(shape[0][0]) ? shape : [shape]);
  const [was, now] = [desk.base.covered[layer], desk.result.covered[layer]];
  const looks = { covered: "#d3e6e2", uncovered: "#f2dfce", gained: COLOURS.gained[0], lost: COLOURS.lost[0] };
  Object.entries(looks).forEach(([look, colour]) => {
    pen.fillStyle = pen.strokeStyle = colour;
    pen.lineWidth = 0.4;
    cells.forEach((cell, i) => {
      const own = was[i] ? (now[i] ? "covered" : "lost") : now[i] ? "gained" : "uncovered";
      if (own !== look) return;
      pen.beginPath();
      trace(polygonsOf(cell.getLatLngs()));
      pen.fill("evenodd");
      pen.stroke();
    });
  });
  pen.strokeStyle = "#2b3440";
  pen.lineWidth = 0.8;
  data.units.forEach((unit) => {
    pen.beginPath();
    trace(unit.latlngs);
    pen.stroke();
  });
  circle15.whatif.notePlan(desk, pen, at);
  circle15.whatif.noteScale(pen, scale, width, height);
  const image = el("img", "");
  image.alt = circle15.whatif.say("note_map", { service: desk.layer.name });
  image.src = canvas.toDataURL("image/png");
  return image;
};

circle15.whatif.notePlan = function (desk, pen, at) {
  desk.baskets.items.forEach((item, i) => {
    if (!item.on || desk.refused.has(item.id)) return;
    item.changes.forEach((change) => {
      const facility = change.id !== undefined && change.lon === undefined ? desk.facility(change.id, change.layer) : change;
      const places = (change.line || (facility && facility.lon !== undefined ? [[facility.lon, facility.lat]] : [])).map((place) => at(circle15.whatif.toPage(place)));
      if (places.length === 0) return;
      if (change.line) {
        pen.strokeStyle = change.kind === "add_path" ? "#a3204f" : "#2b3440";
        pen.lineWidth = 3;
        pen.beginPath();
        places.forEach((place, k) => pen[k ? "lineTo" : "moveTo"](...place));
        pen.stroke();
      }
      const [x, y] = places[0];
      pen.beginPath();
      pen.arc(x, y, 9, 0, 2 * Math.PI);
      pen.fillStyle = change.kind === "close_facility" ? "#2b3440" : "#a3204f";
      pen.fill();
      pen.strokeStyle = "#fff";
      pen.lineWidth = 1.5;
      pen.stroke();
      pen.fillStyle = "#fff";
      pen.font = "bold 11px sans-serif";
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.fillText(change.kind === "close_facility" ? "×" : String(i + 1), x, y + 0.5);
    });
  });
};

circle15.whatif.noteScale = function (pen, scale, width, height) {
  const metre = scale / 111195;
  const length = [100, 200, 500, 1000, 2000, 5000, 10000].filter((m) => m * metre <= width / 5).pop() || 50;
  const [x, y] = [16, height - 16];
  pen.strokeStyle = pen.fillStyle = "#2b3440";
  pen.lineWidth = 1.5;
  pen.beginPath();
  pen.moveTo(x, y - 5);
  pen.lineTo(x, y);
  pen.lineTo(x + length * metre, y);
  pen.lineTo(x + length * metre, y - 5);
  pen.stroke();
  pen.font = "11px sans-serif";
  pen.textAlign = "left";
  pen.textBaseline = "alphabetic";
  pen.fillText(circle15.whatif.distance(length), x + 4, y - 6);
};
