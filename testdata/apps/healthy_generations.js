'use strict';
// A cache of two generations, as the packages hashlru and quick-lru are made: when the younger one is full, it becomes the
// older one, and what that had is dropped.
const scenario = require('./lib/scenario.js');

class TwoGenerations {
  constructor(max) {
    this.max = max;
    this.younger = new Map();
    this.older = new Map();
  }
  set(key, value) {
    this.younger.set(key, value);
    if (this.younger.size < this.max) return;
    this.older = this.younger;
    this.younger = new Map();
  }
  get(key) {
    return this.younger.get(key) || this.older.get(key);
  }
}
const pages = new TwoGenerations(4000);

function serve(i) {
  const key = '/page/' + i;
  if (!pages.get(key)) pages.set(key, {key: key, html: scenario.text(i, 300), at: i});
}

scenario.run(__filename, {count: 30900, step: serve});
