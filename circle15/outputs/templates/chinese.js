"use strict";
// Leaflet's own words, in Chinese.
L.Control.Zoom.mergeOptions({ zoomInTitle: "放大", zoomOutTitle: "缩小" });
L.Control.Scale.include({
  _updateMetric(longest) {
    const metres = this._getRoundNum(longest);
    this._updateScale(this._mScale, metres < 1000 ? `${metres} 米` : `${metres / 1000} 公里`, metres / longest);
  },
});
const layersOnAdd = L.Control.Layers.prototype.onAdd;
L.Control.Layers.include({
  onAdd(map) {
    const made = layersOnAdd.call(this, map);
    made.querySelector(".leaflet-control-layers-toggle").title = "图层";
    return made;
  },
});
L.Map.addInitHook(function () {
  this.on("popupopen", ({ popup }) => {
    const close = popup.getElement().querySelector(".leaflet-popup-close-button");
    if (close) close.setAttribute("aria-label", "关闭");
  });
});
