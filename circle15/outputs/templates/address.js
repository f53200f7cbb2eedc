"use strict";
// The page's address holds what is seen, so that a link or a bookmark shows it again: #at=LAT,LON,ZOOM&show=...&with=...
// A part of another's, such as a plan of the what-if, stays in it.
var circle15 = circle15 || {};

circle15.address = {
  // Parts in their order; one without "=" has no value.
  parts() {
    return new Map(location.hash.slice(1).split("&").filter(Boolean).map((part) => {
      const at = part.indexOf("=");
      return at < 0 ? [part, null] : [part.slice(0, at), part.slice(at + 1)];
    }));
  },
  get(name) {
    return this.parts().get(name) || "";
  },
  // Sets parts by name, those without text are taken out; no step is added to the browser's history.
  set(changes) {
    const parts = this.parts();
    Object.entries(changes).forEach(([name, text]) => (text ? parts.set(name, text) : parts.delete(name)));
    const ofView = ([name]) => ["at", "show", "with"].indexOf(name); // behind what is another's
    const hash = [...parts].sort((a, b) => ofView(a) - ofView(b)).map(([name, text]) => (text === null ? name : `${name}=${text}`)).join("&");
    const [path] = location.href.split("#");
    history.replaceState(null, "", hash ? `${path}#${hash}` : path);
  },
};

// layers: {key: layer} of the alternatives and of those that lie above them. Restores what the address says and keeps it.
circle15.keepView = function (map, alternatives, overlays) {
  const { address } = circle15;
  const on = (layers) => Object.keys(layers).filter((key) => map.hasLayer(layers[key]));
  const seen = () => {
    const { lat, lng } = map.getCenter();
    return {
      at: [lat.toFixed(5), lng.toFixed(5), Number(map.getZoom().toFixed(2))].join(","),
      show: on(alternatives).map(encodeURIComponent).join(","),
      with: on(overlays).map(encodeURIComponent).join(",") || "-",
    };
  };
  const turn = (layers, wanted) => Object.entries(layers).forEach(([key, layer]) => {
    const isWanted = wanted.includes(key);
    if (isWanted && !map.hasLayer(layer)) map.addLayer(layer);
    if (!isWanted && map.hasLayer(layer)) map.removeLayer(layer);
  });
  const names = (text) => text.split(",").map((name) => {
    try {
      return decodeURIComponent(name);
    } catch {
      return name; // an address that somebody cut short
    }
  });
  let isRestoring = false;
  const restore = () => {
    const told = address.parts();
    const part = (name) => told.get(name) || "";
    isRestoring = true;
    const [show] = names(part("show")).filter((key) => key in alternatives);
    if (show) turn(alternatives, [show]);
    const [lat, lon, zoom] = part("at").split(",").map(Number);
    const isPlace = Math.abs(lat) <= 90 && Math.abs(lon) <= 180 && zoom > 0;
    if (isPlace) map.setView([lat, lon], zoom, { animate: false });
    queueMicrotask(() => { // later: choosing a service brings its facilities, which the address overrules
      if (part("with")) turn(overlays, names(part("with")));
      isRestoring = false;
    });
  };
  let first = null;
  const write = () => {
    if (map.c15Prints || isRestoring || first === null) return;
    const now = seen();
    if (address.get("at") || JSON.stringify(now) !== first) address.set(now);
  };
  restore();
  setTimeout(() => { // the first view needs no address
    first = JSON.stringify(seen());
    const layers = new Set([...Object.values(alternatives), ...Object.values(overlays)]);
    map.on("moveend", write);
    map.on("layeradd layerremove", ({ layer }) => layers.has(layer) && write());
  });
  window.addEventListener("hashchange", restore);
};
