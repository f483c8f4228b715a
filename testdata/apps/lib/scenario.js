'use strict';
// Drives the programs leak_* and healthy_*: small programs of ordinary code that end as a core whose verdict is known.
//   node --expose-gc leak_x.js abort [SNAPSHOT]           grows to a known count, settles, prints its facts, (writes V8's own
//                                                         snapshot of itself in the same tick,) aborts
//   node --max-old-space-size=64 leak_x.js oom            prints its facts, then grows until V8 gives up; how far it came stands
//                                                         outside of the heap (common.truthCounters, identity kTruth)
// What the verdict must say is written where it is true: the comment "// leak: NAME" stands on the line of the declaration (or
// of the first assignment) of the variable or property NAME that grows, "// holder: NAME" on those of names that are as right
// (the variable that holds the object with that property). Facts: see expectation() and test_leaks.py.
var fs = require('fs');
var path = require('path');
var v8 = require('v8');
var common = require('../common.js');

var kTruth = 5;
var kBatch = 200;  // steps between two visits to the event loop

// Numbers that are the same in every run.
function random(seed) {
  var state = (seed ^ 0x5bd1e995) >>> 0;
  return function(below) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 4294967296 * below);
  };
}

// A flat string of its own: no rope, shared with no other.
function text(seed, length) {
  var next = random(seed), bytes = Buffer.alloc(length);
  for (var i = 0; i < length; i++) bytes[i] = 97 + next(26);
  return bytes.toString('latin1');
}

// The names that the comments of the program's source mark, with their lines.
function marked(file) {
  var found = [];
  fs.readFileSync(file, 'utf8').split('\n').forEach(function(line, index) {
    var match = /\/\/ (leak|holder): (\S+)/.exec(line);
    if (match) found.push({name: match[2], line: index + 1, leak: match[1] === 'leak'});
  });
  return found;
}

// null for a healthy program, which accuses nobody. Else {kind, name, file, line, holders: [{name, line}], class, oracle};
// `kind` is what grows: Map, Set, Array, Object, listeners, timers, closures, list, string; `class`: what it grows by; `oracle`:
// how to find it in the snapshot: {edge: its name, class: its class}; the largest in retained size of those that fit is it.
function expectation(file, scenario) {
  if (!scenario.kind) return null;
  var names = marked(file), leak = names.filter(function(one) { return one.leak; })[0] || {name: scenario.name, line: 0};
  return {
    kind: scenario.kind, name: leak.name, file: file, line: leak.line,
    holders: names.filter(function(one) { return !one.leak; }).map(function(one) { return {name: one.name, line: one.line}; }),
    class: scenario.class, oracle: scenario.oracle || {edge: leak.name}
  };
}

// What a server would be to its handlers: what keeps them alive.
var running = null, die = null;  // set by run()

function ticks(count, then) {
  if (count === 0) return then();
  setImmediate(ticks, count - 1, then);
}

// Everything the last act needs is compiled, and what it caches is cached, before the heap is full.
function rehearse(withSnapshot) {
  if (withSnapshot) v8.writeHeapSnapshot('/dev/null');
  var nowhere = fs.openSync('/dev/null', 'w');
  common.writeAll(nowhere, Buffer.from('{}\n'));
  fs.closeSync(nowhere);
  return new Error('rehearsal').stack;
}

function lastAct(snapshot, bytes) {
  common.settle();
  common.writeAll(1, bytes);
  if (snapshot) v8.writeHeapSnapshot(snapshot);
  process.abort();
}

function asLine(facts) { return Buffer.from(JSON.stringify(facts) + '\n', 'utf8'); }

// The end in mode abort: collects garbage, prints `facts`, writes the snapshot if facts.snapshot names a file, aborts.
function finish(facts) {
  var snapshot = facts.snapshot, bytes = asLine(facts);
  common.settle();
  setImmediate(lastAct, snapshot, bytes);
}

// `scenario`: {kind, class, oracle: see expectation(); count: steps in mode abort; step(i[, done]): makes it grow by one;
// per: how much it grows by a step (1); extra: how much was there before (0); setup(done): runs first; atEnd: runs after the last step, in mode abort; settle: false
// when no collection shall run before the end}. A step that takes `done` is over when it has called it.
function run(file, scenario) {
  file = file.indexOf('file://') === 0 ? require('url').fileURLToPath(file) : file;
  var mode = process.argv[2] || 'abort';
  var snapshot = mode === 'abort' && process.argv[3] ? path.resolve(process.argv[3]) : '';
  var counters = common.truthCounters(1, kTruth);
  running = scenario;
  var facts = {
    app: path.basename(file).replace(/\.m?js$/, ''), mode: mode, expect: expectation(file, scenario),
    truth: {identity: kTruth}, per: scenario.per === undefined ? 1 : scenario.per, extra: scenario.extra || 0,
    node: process.version, pid: process.pid
  };
  if (mode !== 'abort' && mode !== 'oom') throw new Error('abort or oom, not ' + mode);
  var limit = mode === 'oom' ? Infinity : scenario.count;
  if (mode === 'oom') common.print(facts);
  else rehearse(snapshot);

  function closing() {
    facts.count = counters[0] * facts.per + facts.extra;
    facts.snapshot = snapshot;
    return facts;
  }
  die = function() {
    if (mode === 'abort') lastAct(snapshot, asLine(closing()));
  };

  var next = 0;
  function end() {
    if (scenario.atEnd) scenario.atEnd();
    ticks(6, function() {
      if (scenario.settle !== false) return finish(closing());
      common.writeAll(1, asLine(closing()));
      process.abort();
    });
  }
  function batch() {
    for (var i = 0; i < kBatch && next < limit; i++) {
      scenario.step(next++);
      counters[0]++;
    }
    next < limit ? setImmediate(batch) : end();
  }
  function one() {
    if (next >= limit) return end();
    scenario.step(next++, function() {
      counters[0]++;
      next % kBatch ? one() : setImmediate(one);
    });
  }
  var start = scenario.step.length > 1 ? one : batch;
  scenario.setup ? scenario.setup(start) : start();
}

// `die`, once run() was called: aborts where it is called, in the midst of a step; does nothing in mode oom.
module.exports = {
  run: run, text: text, random: random, marked: marked, rehearse: rehearse, finish: finish, truth: kTruth, die: function() { die(); }
};
