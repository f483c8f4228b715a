'use strict';
// A cache of weak references: the objects go, their entries stay.
const scenario = require('./lib/scenario.js');

class Thumbnail {
  constructor(url) {
    this.url = url;
    this.pixels = new Array(30).fill(0);
  }
}

const thumbnails = new Map();  // leak: thumbnails

function thumbnail(url) {
  const reference = thumbnails.get(url);
  let image = reference && reference.deref();
  if (!image) {
    image = new Thumbnail(url);
    thumbnails.set(url, new WeakRef(image));
  }
  return image;
}

scenario.run(__filename, {
  kind: 'Map', class: 'WeakRef', count: 60000,
  step: (i) => thumbnail('/images/' + i + '/' + scenario.text(i, 120))
});
