"use strict";
// The summary's map: fitted to all districts, moved by the rows of the tables, laid out for paper.
var circle15 = circle15 || {};

// What a reader by ear finds the map by.
circle15.namedRegion = function (map) {
  const isChinese = document.documentElement.lang.startsWith("zh");
  map.getContainer().setAttribute("role", "region");
  map.getContainer().setAttribute("aria-label", isChinese ? "地图" : "Map");
};

circle15.startSummary = function (map) {
  circle15.namedRegion(map);
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
    element.addEventListener("click", (event) => event.target.closest("a") || go());
    element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && element !== whole && event.target === element) go();
    });
  });
  map.on("zoomend", marks);
  L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
  goHome();
  document.querySelectorAll("table.sorted").forEach(circle15.sortByHeadings);
  circle15.cueScrolls();
  const layOut = (width) => {
    map.getContainer().style.setProperty("width", width, "important");
    map.invalidateSize({ animate: false });
    goHome();
  };
  window.addEventListener("beforeprint", () => layOut("1030px"));
  window.addEventListener("afterprint", () => layOut("100%"));
};

// Lets a click on a heading sort a table's rows by it: numbers from the largest, texts from the first; again: the other way.
circle15.sortByHeadings = function (table) {
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  const valueOf = (row, i) => {
    const cell = row.cells[i];
    if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
    return cell.classList.contains("number") ? NaN : cell.textContent;
  };
  headings.forEach((heading, i) => {
    const isNumber = heading.classList.contains("number");
    if (heading.classList.contains("links")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const now = heading.getAttribute("aria-sort");
      const falls = isNumber ? now !== "descending" : now === "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", falls ? "descending" : "ascending");
      const sign = falls ? -1 : 1;
      const rows = [...body.rows].map((row) => [valueOf(row, i), row]);
      rows.sort(([a], [b]) => {
        if (typeof a === "string") return sign * a.localeCompare(b, document.documentElement.lang);
        if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b); // nothing to compare: last
        return sign * (a - b);
      });
      body.append(...rows.map(([, row]) => row));
    });
  });
};

// Marks tables that are wider than the window, so that the page's style can say that they move sideways.
circle15.cueScrolls = function () {
  const mark = () => document.querySelectorAll(".scroll").forEach((box) => box.classList.toggle("c15-more", box.scrollWidth > box.clientWidth + 1));
  mark();
  window.addEventListener("resize", mark);
};
