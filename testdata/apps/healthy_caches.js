'use strict';
// Caches that each sit exactly at a limit, which only the source names, together most of the heap.
const scenario = require('./lib/scenario.js');

const MOST = 2000;

class Newest extends Map {
  set(key, value) {
    super.set(key, value);
    if (this.size > MOST) this.delete(this.keys().next().value);
    return this;
  }
}

class Pruned {
  constructor(options) {
    this.options = {most: MOST, ...options};
    this.entries = new Map();
  }
  set(key, value) {
    this.entries.set(key, value);
    this.prune();
  }
  prune() {
    let over = this.entries.size - this.options.most;
    if (over <= 0) return;
    for (const key of this.entries.keys()) {
      if (over-- <= 0) break;
      this.entries.delete(key);
    }
  }
}

// As minifiers leave it.
const Linked = function () { function t(t) { this.m = t, this.h = Object.create(null), this.f = this.l = null, this.c = 0 } return t.prototype.set = function (t, i) { var s = {k: t, v: i, p: this.l, n: null}; this.l ? this.l.n = s : this.f = s, this.l = s, this.h[t] = s, ++this.c > this.m && (s = this.f, this.f = s.n, this.f.p = null, delete this.h[s.k], this.c--) }, t }();

const newest = new Newest(), pruned = new Pruned({}), linked = new Linked(MOST);
const recent = [];

scenario.run(__filename, {
  count: 9000,
  step(i) {
    const key = 'key' + i;
    newest.set(key, {i, values: new Array(25).fill(i)});
    pruned.set(key, {i, values: new Array(25).fill(i)});
    linked.set(key, {i, values: new Array(25).fill(i)});
    recent.push({i, values: new Array(25).fill(i)});
    if (recent.length > MOST) recent.splice(0, recent.length - MOST);
    return [newest.size, linked.c];
  }
});
