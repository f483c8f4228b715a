'use strict';
// Pictures as typed arrays: small on the heap, large outside of it.
const scenario = require('./lib/scenario.js');

const pictures = new Map();  // leak: pictures

function upload(id) {
  const pixels = new Uint8Array(1500);
  pixels.fill(id & 255);
  pictures.set('picture-' + id, pixels);
}

scenario.run(__filename, {
  kind: 'Map', class: 'Uint8Array', count: 12000,
  step: upload
});
