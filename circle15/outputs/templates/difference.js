"use strict";
// Starts a difference map: controls, the panel's fold and the units' names; its cells are folium's own layers.
var circle15 = circle15 || {};

circle15.startDifference = function (folium, data) {
  const { map } = folium;
  const state = { data, folium };
  circle15.landmarks(map, data);
  circle15.folding(state, document.querySelector("#c15-panel header"));
  circle15.controls(state);
  map.createPane("c15-labels").style.zIndex = 590;
  const units = data.units.map((unit) => {
    const icon = circle15.unitIcon(unit, "");
    return { unit, label: L.marker([unit.lat, unit.lon], { icon, pane: "c15-labels", interactive: false }).addTo(map) };
  });
  // The service that is shown is marked in the panel: a printed map has no layer control.
  const sections = document.querySelectorAll("#c15-panel section");
  const mark = () => {
    const radios = folium.control.getContainer().querySelectorAll("input[type=radio]");
    sections.forEach((section, i) => section.setAttribute("aria-current", String(radios[i].checked)));
  };
  circle15.numbersSheet(sections);
  map.on("baselayerchange", mark);
  mark();
  circle15.declutter(units);
  map.on("zoomend", () => circle15.declutter(units));
  const [alternatives, overlays] = [false, true].map((isOver) => Object.fromEntries(folium.control._layers
    .filter((item) => Boolean(item.overlay) === isOver).map((item, i) => [String(i), item.layer])));
  circle15.keepView(map, alternatives, overlays);
};

// On paper the panel has room for a part of the numbers: all of them follow the map on sheets of their own.
circle15.numbersSheet = function (sections) {
  const sheet = document.createElement("div"), columns = document.createElement("div");
  sheet.id = "c15-sheet";
  sheet.setAttribute("aria-hidden", "true");
  columns.className = "c15-columns";
  const told = [...sections, ...document.querySelectorAll("#c15-panel .c15-warnings")].map((part) => part.cloneNode(true));
  told.forEach((part) => part.querySelectorAll("details").forEach((details) => { details.open = true; }));
  columns.append(...told);
  sheet.append(document.querySelector("#c15-panel h1").cloneNode(true), columns);
  document.body.append(sheet);
};
