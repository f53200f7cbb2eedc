"use strict";
// The box of layers: in groups by what they show, with a search where they are many, so that it fits beside the map.
var circle15 = circle15 || {};

circle15.MOST_OPEN = 24; // rows; more are shown group by group

// groupOf(layer): the heading that a layer stands under, "" for none.
circle15.layerBox = function (control, groupOf, words) {
  const el = circle15.element;
  const standard = L.Control.Layers.prototype;
  const rows = control._layers.length;
  const areMany = rows > circle15.MOST_OPEN;
  const isOpen = new Map(); // by heading, once somebody opened or closed it or chose a layer of it
  let boxes = new Map();
  const search = el("input", "c15-layer-search");
  search.type = "search";
  search.placeholder = words.search_layers;
  search.setAttribute("aria-label", words.search_layers);

  const boxFor = (heading, list) => {
    if (!boxes.has(heading)) {
      const count = el("i", "");
      const box = el("details", "c15-group", el("summary", "", heading, " ", count));
      box.c15Count = count;
      box.firstChild.addEventListener("click", () => isOpen.set(heading, !box.open));
      boxes.set(heading, box);
      list.append(box);
    }
    return boxes.get(heading);
  };
  control._addItem = function (item) {
    const label = standard._addItem.call(this, item);
    const heading = groupOf(item.layer);
    if (!heading) return label;
    const box = boxFor(heading, item.overlay ? this._overlaysList : this._baseLayersList);
    box.append(label);
    // The heading says it for the eye; who hears or searches the label hears it whole.
    const text = label.lastElementChild.lastElementChild;
    const tail = ` · ${heading}`;
    if (text.textContent.endsWith(tail)) text.replaceChildren(text.textContent.trim().slice(0, -tail.length), el("span", "c15-heard", tail));
    text.title = text.textContent.trim();
    return label;
  };
  const arrange = () => {
    const wanted = search.value.trim().toLowerCase();
    const container = control.getContainer();
    container.querySelectorAll("label").forEach((label) => {
      label.hidden = wanted !== "" && !label.textContent.toLowerCase().includes(wanted);
    });
    boxes.forEach((box, heading) => {
      const labels = [...box.querySelectorAll("label")];
      const found = labels.filter((label) => !label.hidden);
      box.c15Count.textContent = `${found.length}`;
      box.hidden = found.length === 0;
      const holdsChosen = box.querySelector("input[type=radio]:checked") !== null;
      const isFew = !areMany || labels.length <= 2 || labels.length <= 8 && box.parentElement === control._overlaysList && heading === words.layers;
      box.open = wanted !== "" || (isOpen.has(heading) ? isOpen.get(heading) : isFew || holdsChosen);
    });
  };
  control._update = function () {
    if (!this._container) return this;
    const focused = document.activeElement && document.activeElement.closest ? document.activeElement.closest(".c15-group") : null;
    const heading = focused && focused.firstChild === document.activeElement ? focused.firstChild.firstChild.textContent : null;
    boxes = new Map();
    standard._update.call(this);
    arrange();
    if (heading && boxes.has(heading)) boxes.get(heading).firstChild.focus();
    return this;
  };
  // A layer that is chosen from outside opens its group.
  control._map.on("baselayerchange", (event) => isOpen.delete(groupOf(event.layer)));
  search.addEventListener("input", arrange);
  if (areMany) control._section.prepend(search);
  control._update();
};
