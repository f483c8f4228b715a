'use strict';
// What comes goes again, by turns: a batch that is flushed, hit counts of this window and of the one before, as rate limiters
// keep them. There is always much in both, and no more.
const scenario = require('./lib/scenario.js');
const common = require('./common.js');

const kWindow = 300;  // ms

class Batcher {
  constructor() {
    this.batch = [];
  }
  add(event) {
    this.batch.push(event);
  }
  flush() {
    const events = this.batch;
    this.batch = [];
    return events.length;
  }
}

class Hits {
  constructor() {
    this.previous = new Map();
    this.current = new Map();
  }
  turn() {
    this.previous = this.current;
    this.current = new Map();
  }
  count(address) {
    const hits = this.current.get(address) || this.previous.get(address) || {total: 0, since: new Date()};
    hits.total++;
    this.current.set(address, hits);
  }
}

const batcher = new Batcher();
const limiter = new Hits();
let come = 0;

const begun = Date.now();
const turns = setInterval(() => {
  batcher.flush();
  limiter.turn();
}, kWindow);
const visits = setInterval(() => {
  for (let i = 0; i < 60; i++) {
    batcher.add({id: ++come, url: scenario.text(come, 60)});
    limiter.count('192.168.' + (come >> 7 & 255) + '.' + (come & 127));
  }
  // Between two turns.
  if (Date.now() - begun < 5.5 * kWindow || batcher.batch.length < 1000) return;
  clearInterval(visits);
  clearInterval(turns);
  common.finish({expect: null});
}, 1);
