"use strict";
// Starts the page: fills folium's map and layers from the page's data and keeps panel and layers in step.
var circle15 = circle15 || {};

circle15.MOST_COVERED = 0.6;
circle15.isNarrow = () => window.innerWidth < 700;

// folium: {map, control, cells: {key: layer}, overlays: {key: layer}}; keys are the data's own.
circle15.start = function (folium, data) {
  const { map } = folium;
  const { words } = data;
  const state = { data, folium, key: data.first, kind: data.kinds[data.first] };
  circle15.state = state;
  circle15.landmarks(map, data);
  circle15.panel(state);
  circle15.layerBox(folium.control, circle15.headings(state), words);
  circle15.controls(state); // fits the view, before there is anything to draw again
  const renderers = circle15.panes(map);
  const cells = circle15.makeCells(data, renderers.cells);
  state.cells = cells;
  const unitShapes = circle15.decodePolygons(data.unit_shapes);
  data.units.forEach((unit, i) => (unit.latlngs = unitShapes[i]));
  const areaShapes = circle15.decodePolygons(data.area_shapes);
  data.areas.forEach((area, i) => (area.latlngs = areaShapes[i]));

  state.visible = (key) => key in folium.overlays && map.hasLayer(folium.overlays[key]);

  // Cells: every cell layer holds the same polygons and paints them when it comes on.
  data.order.forEach((key) => {
    const group = folium.cells[key];
    const fill = () => {
      circle15.paint(cells, circle15.colouring(data, data.kinds[key]));
      if (group.getLayers().length === 0) cells.forEach((cell) => group.addLayer(cell));
    };
    circle15.bindLazily(group);
    if (map.hasLayer(group)) fill();
    group.on("add", fill);
  });
  circle15.bindLazily(folium.overlays.uncovered);
  if (!window.matchMedia("(hover: none)").matches) { // a finger's tap would leave the tooltip beside the popup
    const tell = (group) => group.bindTooltip((cell) => circle15.cellTold(state, cell.c15Cell), { sticky: true });
    tell(folium.overlays.uncovered);
    Object.values(folium.cells).forEach((group) => { // they share their cells: one that is not shown must not answer
      if (map.hasLayer(group)) tell(group);
      group.on("add", () => tell(group)).on("remove", () => group.unbindTooltip());
    });
  }

  const facilities = circle15.makeFacilities(data);
  state.markers = facilities;
  data.layers.forEach((layer, i) => {
    const group = folium.overlays[`facilities-${i}`];
    group.clearLayers(); // its tree of clusters begins at the least zoom, which was set after folium made it
    group.addLayers(facilities.filter((m) => m.c15Facility.layer === i));
  });
  const units = circle15.makeUnits(data, renderers.lines);
  units.forEach(({ outline, label }) => folium.overlays.units.addLayer(outline).addLayer(label));
  const boundary = circle15.decodePolygons(data.boundary_shapes);
  L.polygon(boundary, { renderer: renderers.lines, color: data.ink, weight: 2.4, fill: false, interactive: false }).addTo(map);
  state.streets = circle15.decodeLines(data.streets);
  folium.overlays.streets.addLayer(L.polyline(state.streets, {
    renderer: renderers.streets, color: "#c9c7c0", weight: 0.8, interactive: false, smoothFactor: 1.5,
  }));
  if (folium.overlays.unlinked) {
    data.unlinked.forEach((lost) => {
      const marker = L.marker([lost.lat, lost.lon], { icon: circle15.symbol("c15-lost", "×", 18), title: lost.title, alt: lost.title });
      folium.overlays.unlinked.addLayer(marker.bindPopup(() => circle15.factPopup(lost.title, lost.subtitle, lost.rows), { maxWidth: 320 }));
    });
  }
  Object.entries(data.planned).forEach(([name, places]) => {
    places.forEach((place) => folium.overlays[name].addLayer(circle15.makePlanned(data, name, place, renderers.lines)));
  });

  // Layers that follow the service whose cells are shown.
  const followers = {
    uncovered: () => circle15.makeUncovered(data, state.kind, cells, renderers.cells),
    sites: () => (state.kind.mode === "count" ? [] : circle15.makeSites(data, state.kind.layer)),
    areas: () => (state.kind.mode === "count" ? [] : circle15.makeAreas(data, state.kind.layer, renderers.lines)),
  };
  const tidyLabels = () => queueMicrotask(() => circle15.declutter(units)); // after the clusters of the same zoom
  const filledFor = {};
  const follow = () => {
    Object.entries(followers).forEach(([name, make]) => {
      const group = folium.overlays[name];
      if (!map.hasLayer(group)) return;
      if (filledFor[name] !== state.key) {
        group.clearLayers();
        make().forEach((shape) => group.addLayer(shape));
        filledFor[name] = state.key;
      }
    });
    units.forEach(({ unit, label }) => {
      const share = unit.shares[state.key] || "";
      label.setIcon(circle15.unitIcon(unit, share));
      if (label.getElement()) label.getElement().title = share ? circle15.shareTold(state, unit.name, share) : "";
    });
    tidyLabels();
    state.refreshPanel();
  };

  const swapFacilities = (from, to) => {
    if (from.mode === "count" || to.mode === "count" || to.mode === "none" || from.layer === to.layer) return;
    const [before, after] = [folium.overlays[`facilities-${from.layer}`], folium.overlays[`facilities-${to.layer}`]];
    // Later: while it handles a click, the layer control puts back what its boxes still say.
    queueMicrotask(() => {
      if (!map.hasLayer(before) || map.hasLayer(after)) return;
      map.removeLayer(before);
      map.addLayer(after);
    });
  };
  data.order.forEach((key) => {
    folium.cells[key].on("add", () => {
      const kind = data.kinds[key].mode === "none" ? { ...state.kind, mode: "none" } : data.kinds[key];
      swapFacilities(state.kind, kind);
      state.key = key;
      state.kind = kind;
      follow();
    });
  });
  state.show = (key) => {
    if (key === state.key) return;
    map.removeLayer(folium.cells[state.key]);
    map.addLayer(folium.cells[key]);
  };
  state.goToUnit = (unit) => {
    map.fitBounds(L.polygon(unit.latlngs).getBounds(), state.padding());
    units.find((u) => u.unit === unit).label.openPopup();
  };
  state.goToFacility = (i) => {
    const group = folium.overlays[`facilities-${data.facilities.facilities[i].layer}`];
    if (!map.hasLayer(group)) map.addLayer(group);
    if (circle15.isNarrow()) state.setFolded(true);
    group.zoomToShowLayer(facilities[i], () => facilities[i].openPopup());
  };
  state.goToPlace = (latlng, title, note, rows) => {
    if (circle15.isNarrow()) state.setFolded(true);
    map.fitBounds(latlng.toBounds(circle15.NEAR_M), { ...state.padding(), maxZoom: circle15.NEAR_ZOOM });
    L.popup({ maxWidth: 320 }).setLatLng(latlng).setContent(circle15.factPopup(title, note, rows)).openOn(map);
  };

  follow();
  map.on("overlayadd", follow);
  map.on("overlayremove", () => {
    tidyLabels();
    state.refreshPanel();
  });
  map.on("zoomend", tidyLabels);
  if (circle15.whatif) circle15.whatif.door(state);
  circle15.keepView(map, folium.cells, folium.overlays);
};

// What a reader by ear finds its way by.
circle15.landmarks = function (map, data) {
  const container = map.getContainer();
  container.setAttribute("role", "main");
  container.setAttribute("aria-label", data.page.name);
};

// The heading in the box of layers that a layer stands under.
circle15.headings = function (state) {
  const { data, folium } = state;
  const { words } = data;
  const ofMode = { time: words.walking_minutes, gap: words.gap, cause: words.cause, sure: data.sure.title };
  const known = new Map();
  data.order.forEach((key) => known.set(folium.cells[key], ofMode[data.kinds[key].mode] || words.cell));
  Object.entries(folium.overlays).forEach(([key, layer]) => known.set(layer, key.startsWith("facilities-") ? words.facilities : words.layers));
  return (layer) => (known.has(layer) ? known.get(layer) : words.layers);
};

circle15.icon = function (path) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 18 18");
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
};

circle15.controls = function (state) {
  const { data, folium } = state;
  const { map } = folium;
  const panel = document.getElementById("c15-panel");
  const home = L.latLngBounds(data.page.bounds);
  // What lies over the map is left out of the view, but never more than MOST_COVERED of the window.
  const margins = (before, after, size) => {
    const shrink = Math.min(1, (circle15.MOST_COVERED * size) / (before + after));
    return [before * shrink, after * shrink];
  };
  state.padding = () => {
    const size = map.getSize();
    const drawer = document.getElementById("c15-whatif");
    const beside = drawer && drawer.offsetWidth > 0 ? drawer.offsetWidth + 40 : folium.control.getContainer().offsetWidth;
    const side = map.c15Prints ? 0 : beside;
    const [left, right] = circle15.isNarrow() ? [10, 10] : margins(panel.offsetWidth + 28, side + 28, size.x);
    const below = drawer && drawer.offsetHeight > 0 ? drawer.offsetHeight + 20 : 110;
    const [top, bottom] = circle15.isNarrow() ? margins(86, below, size.y) : [20, 30];
    return { paddingTopLeft: [left, top], paddingBottomRight: [right, bottom], animate: false };
  };
  const goHome = () => {
    map.fitBounds(home, state.padding());
    state.homeView = { centre: map.getCenter(), zoom: map.getZoom() };
  };
  state.goHome = goHome;
  // Whether the view is still the first one, but for a rounded pixel.
  state.isHome = () => {
    const { centre, zoom } = state.homeView;
    return map.getZoom() === zoom && map.latLngToContainerPoint(centre).distanceTo(map.getSize().divideBy(2)) < 3;
  };
  const padPopups = () => {
    const { paddingTopLeft, paddingBottomRight } = state.padding();
    L.Popup.mergeOptions({ autoPanPaddingTopLeft: paddingTopLeft, autoPanPaddingBottomRight: paddingBottomRight });
  };

  const Buttons = L.Control.extend({
    onAdd() {
      const bar = circle15.element("div", "leaflet-bar c15-buttons");
      L.DomEvent.disableClickPropagation(bar);
      const button = (paths, title, run) => {
        const a = circle15.element("a", "", circle15.icon(paths));
        a.href = "#";
        a.title = title;
        a.setAttribute("role", "button");
        a.setAttribute("aria-label", title);
        a.addEventListener("click", (event) => {
          event.preventDefault();
          run();
        });
        bar.append(a);
      };
      button("M3 9 9 3.5 15 9M5 8v6.5h8V8", data.words.home, goHome);
      button("M3 7V3h4M11 3h4v4M15 11v4h-4M7 15H3v-4", data.words.full_screen, () => {
        if (document.fullscreenElement) document.exitFullscreen();
        else document.documentElement.requestFullscreen();
      });
      button("M5 7V3h8v4M5 13H3V7h12v6h-2M5 11h8v4H5z", data.words.print, () => window.print());
      return bar;
    },
  });
  new Buttons({ position: "bottomright" }).addTo(map);
  L.control.scale({ imperial: false, position: "bottomright", maxWidth: 140 }).addTo(map);
  const North = L.Control.extend({
    onAdd() {
      const arrow = circle15.icon("M9 1 5.5 12 9 9.5 12.5 12z");
      return circle15.element("div", "c15-north", arrow, circle15.element("span", "", data.words.north));
    },
  });
  new North({ position: "bottomright" }).addTo(map);

  // Paper has its own size: the map is laid out for it and back.
  const container = map.getContainer();
  const layOut = (size) => {
    map.c15Prints = size.width !== "";
    Object.assign(container.style, size);
    map.invalidateSize({ animate: false });
    goHome();
  };
  const root = document.documentElement.style;
  const [width, height, least] = [1056, 716, 460]; // of the sheet inside its margins and of the map on it, px
  window.addEventListener("beforeprint", () => {
    const paper = document.getElementById("c15-paper");
    if (paper) paper.style.display = "block"; // to be measured before the sheet's own style holds
    const needed = paper ? paper.offsetHeight : 0;
    if (paper) paper.style.display = "";
    const isShared = needed <= height - least; // else the warnings have a sheet of their own
    const left = isShared ? height - needed : height;
    document.documentElement.classList.toggle("c15-two-sheets", !isShared);
    root.setProperty("--c15-map", `${left}px`);
    layOut({ width: `${width}px`, height: `${left}px` });
  });
  window.addEventListener("afterprint", () => layOut({ width: "", height: "" }));
  const measure = (name, element) => new ResizeObserver(() => root.setProperty(name, `${element.offsetHeight}px`)).observe(element);
  measure("--c15-top", panel.querySelector("header"));
  measure("--c15-bottom", document.querySelector(".c15-strip"));
  goHome();
  padPopups();
  map.on("resize", padPopups);
  map.setMinZoom(Math.floor(map.getZoom()) - 3); // whole: the trees of clusters have whole levels
  map.setMaxBounds(home.pad(1.5));
};
