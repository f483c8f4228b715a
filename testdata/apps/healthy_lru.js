'use strict';
// A cache with a bound: the oldest goes when a new one comes. It is the largest thing of the program, and it is no leak.
const scenario = require('./lib/scenario.js');

class LruCache {
  constructor(max) {
    this.max = max;
    this.items = new Map();
    this.hits = 0;
    this.misses = 0;
  }

  get(key) {
    const value = this.items.get(key);
    if (value === undefined) {
      this.misses++;
      return undefined;
    }
    this.hits++;
    this.items.delete(key);  // to the end: it is the youngest now
    this.items.set(key, value);
    return value;
  }

  set(key, value) {
    this.items.delete(key);
    this.items.set(key, value);
    if (this.items.size > this.max) this.items.delete(this.items.keys().next().value);
  }
}

const articles = new LruCache(6000);

function article(id) {
  let found = articles.get(id);
  if (!found) {
    found = {id, title: 'Article ' + id, text: scenario.text(id, 1200)};
    articles.set(id, found);
  }
  return found.text.length;
}

const next = scenario.random(7);

scenario.run(__filename, {count: 40000, step: (i) => article(i % 3 ? next(i + 1) : i)});
