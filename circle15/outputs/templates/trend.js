"use strict";
// Steps the map of a trend through its dates; the shapes carry colour and label of each.
var circle15 = circle15 || {};

circle15.startTrend = function (map, data) {
  const buttons = [...document.querySelectorAll("button[data-step]")];
  const play = document.querySelector("#c15-play");
  let step = data.steps.length - 1;
  let timer = null;
  const paint = (layer) => {
    const told = layer.feature && layer.feature.properties.steps;
    if (!told) return;
    const { colour, label } = told[step];
    layer.setStyle({ fillColor: colour || "#fff", fillOpacity: colour ? 1 : 0, weight: colour ? 0.8 : 0 });
    layer.feature.properties.label = label;
    if (layer.getTooltip()) layer.setTooltipContent(`<div>${label}</div>`);
    if (layer.getElement()) layer.getElement().style.pointerEvents = colour ? "auto" : "none";
  };
  const show = (chosen) => {
    step = chosen;
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === step)));
    map.eachLayer(paint);
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = play.dataset.start;
  };
  play.dataset.start = play.textContent;
  buttons.forEach((button, i) => button.addEventListener("click", () => {
    stop();
    show(i);
  }));
  play.addEventListener("click", () => {
    if (timer) return stop();
    play.textContent = play.dataset.stop;
    timer = setInterval(() => show((step + 1) % data.steps.length), 1500);
    return show(0);
  });
  map.on("layeradd", (event) => paint(event.layer));
  const fit = () => map.fitBounds(data.bounds, { padding: [24, 24], animate: false });
  fit();
  circle15.cueScrolls();
  circle15.namedRegion(map);
  L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
  show(step);
  const layOut = (width) => {
    map.getContainer().style.setProperty("width", width, "important");
    map.invalidateSize({ animate: false });
    fit();
  };
  window.addEventListener("beforeprint", () => layOut("1030px"));
  window.addEventListener("afterprint", () => layOut("100%"));
  circle15.trend = { show, step: () => step };
};
