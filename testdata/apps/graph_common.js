'use strict';
// Shared by the programs graph_*.js: each builds a known heap, settles, prints its facts, collects garbage, writes V8's
// own snapshot of itself to argv[2] and aborts in the same tick, so that snapshot and core show one heap.
//   node --expose-gc graph_caches.js FILE
// Facts: "classes" [{name, instances, prototypes}] the program's own classes with the live count of each (`prototypes`:
// objects that bear the name because they are the prototype of a subclass), "dropped" [{name, instances}]: classes of which
// that many were made and let go. Runs on every Node.js from 12.0 on.
var fs = require('fs');
var path = require('path');
var v8 = require('v8');
var common = require('./common.js');

// Numbers that are the same in every run.
function random(seed) {
  var state = seed >>> 0 || 1;
  return function(below) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 4294967296 * below);
  };
}

// A flat string of its own: no rope, not shared with any other.
function text(seed, length) {
  var next = random(seed), bytes = Buffer.alloc(length);
  for (var i = 0; i < length; i++) bytes[i] = 97 + next(26);
  return bytes.toString('latin1');
}

function Facts(app) {
  this.app = app;
  this.classes = [];
  this.dropped = [];
}
Facts.prototype.live = function(name, instances, prototypes) {
  this.classes.push({name: name, instances: instances, prototypes: prototypes || 0});
};
Facts.prototype.gone = function(name, instances) { this.dropped.push({name: name, instances: instances}); };

function ticks(count, then) {
  if (count === 0) return then();
  setImmediate(ticks, count - 1, then);
}

// Everything the last act needs is compiled, and what it caches is cached, before the heap is full.
function rehearse() {
  v8.writeHeapSnapshot('/dev/null');
  var nowhere = fs.openSync('/dev/null', 'w');
  common.writeAll(nowhere, Buffer.from('{}\n'));
  fs.closeSync(nowhere);
  return new Error('rehearsal').stack;
}

function lastAct(file, bytes) {
  common.settle();
  common.writeAll(1, bytes);
  v8.writeHeapSnapshot(file);
  process.abort();
}

// `build(facts, done)` makes the heap, keeps it with common.keep() and calls done() when it stands.
function main(app, build) {
  var facts = new Facts(app);
  var file = path.resolve(process.argv[2] || 'app.heapsnapshot');
  rehearse();
  build(facts, function() {
    ticks(6, function() {
      facts.snapshot = file;
      facts.node = process.version;
      facts.pid = process.pid;
      facts.gc = typeof global.gc === 'function';
      var bytes = Buffer.from(JSON.stringify(facts) + '\n', 'utf8');
      facts = null;
      common.settle();
      setImmediate(lastAct, file, bytes);
    });
  });
}

module.exports = {keep: common.keep, main: main, random: random, text: text};
