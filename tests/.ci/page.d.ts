// What the what-if's page scripts find on the map's page: Leaflet, and the map's own scripts.
declare const L: any;
