"use strict";
// The summary's map: fitted to all districts, moved by the rows of the tables, laid out for paper.
var circle15 = circle15 || {};

circle15.startSummary = function (map) {
  const boxOf = (element) => {
    const [west, south, east, north] = element.dataset.box.split(",").map(Number);
    return [[south, west], [north, east]];
  };
  const show = (element) => map.fitBounds(boxOf(element), { padding: [24, 24], animate: false });
  const whole = document.querySelector("button[data-box]");
  // Marks stand for districts that are dots; nearer, their own shapes are seen.
  let farthest = 0;
  const marks = () => map.getContainer().classList.toggle("c15-near", map.getZoom() > farthest + 2);
  const goHome = () => {
    show(whole);
    farthest = map.getZoom();
    marks();
  };
  document.querySelectorAll("[data-box]").forEach((element) => {
    const go = () => {
      if (element === whole) goHome();
      else show(element);
      map.getContainer().scrollIntoView({ block: "nearest" });
    };
    element.addEventListener("click", go);
    element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && element !== whole) go();
    });
  });
  map.on("zoomend", marks);
  L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
  goHome();
  const layOut = (width) => {
    map.getContainer().style.setProperty("width", width, "important");
    map.invalidateSize({ animate: false });
    goHome();
  };
  window.addEventListener("beforeprint", () => layOut("1030px"));
  window.addEventListener("afterprint", () => layOut("100%"));
};
