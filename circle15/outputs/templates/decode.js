"use strict";
// Geometry of the page: whole steps, each vertex as the difference from the one before (see outputs/packed_shapes.py).
var circle15 = circle15 || {};

// Steps to LatLngs, in order.
circle15.decodeVertices = function (xy, scale) {
  const places = new Array(xy.length / 2);
  let x = 0;
  let y = 0;
  for (let i = 0; i < places.length; i++) {
    x += xy[2 * i];
    y += xy[2 * i + 1];
    places[i] = new L.LatLng(y / scale, x / scale);
  }
  return places;
};

// One entry per shape: polygons of rings of LatLngs, as L.polygon takes them.
circle15.decodePolygons = function (encoded) {
  const places = circle15.decodeVertices(encoded.xy, encoded.scale);
  let ring = 0;
  let part = 0;
  let at = 0;
  return encoded.parts.map((nParts) => {
    const polygons = [];
    for (let p = 0; p < nParts; p++) {
      const rings = [];
      for (let r = encoded.rings[part++]; r > 0; r--) {
        const n = encoded.points[ring++];
        rings.push(places.slice(at, at + n));
        at += n;
      }
      polygons.push(rings);
    }
    return polygons;
  });
};

circle15.decodeLines = function (encoded) {
  const places = circle15.decodeVertices(encoded.xy, encoded.scale);
  let at = 0;
  return encoded.points.map((n) => places.slice(at, (at += n)));
};
