'use strict';
// Shared by the test programs: printing facts, settling the heap, dying. Runs on every Node.js from 12.0 on, so no syntax
// newer than that. A program prints its facts as one JSON line with writeSync: nothing may be lost when it aborts.
var fs = require('fs');
var v8 = require('v8');

// Everything that must stay alive hangs here.
var kept = global.corewalkKept = [];

function keep(value) {
  kept.push(value);
  return value;
}

// `text` is a string or a Buffer.
function writeAll(fd, text) {
  var bytes = typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
  var at = 0;
  while (at < bytes.length) at += fs.writeSync(fd, bytes, at, bytes.length - at);
}

function print(facts) {
  facts.node = process.version;
  facts.pid = process.pid;
  writeAll(1, JSON.stringify(facts) + '\n');
}

// Several collections: finalizers, weak maps and promoted objects need more than one.
function settle() {
  if (!global.gc) return;
  for (var i = 0; i < 6; i++) global.gc();
}

function spaces() {
  return v8.getHeapSpaceStatistics().map(function(s) {
    return {space: s.space_name, used: s.space_used_size, size: s.space_size, available: s.space_available_size};
  });
}

// What the last act needs is compiled and made here: else it would grow the heap after its statistics were taken.
function rehearse() {
  var text = ',"spaces":' + JSON.stringify(spaces()) + '}\n';
  var nowhere = fs.openSync('/dev/null', 'w');
  for (var i = 0; i < 3; i++) writeAll(nowhere, text);
  fs.closeSync(nowhere);
  // abort() prints the stack from Node.js 20 on, for which V8 makes a table of each script's line ends.
  return new Error('rehearsal').stack;
}

// The usual end: settle, take the statistics as the last act, print them, abort. The statistics are printed only after
// the rest was serialised, so that what they do not cover is small. `last`, if given, runs after all that: what it makes
// no collection has seen. `late`, if given, returns facts that must be as young as the statistics.
function finish(facts, last, late) {
  facts.node = process.version;
  facts.pid = process.pid;
  facts.gc = typeof global.gc === 'function';
  var head = JSON.stringify(facts).slice(0, -1);
  rehearse();
  settle();
  rehearse();  // again: a collection empties V8's caches (of number strings, for one), which grow back
  if (late) head += ',' + JSON.stringify(late()).slice(1, -1);
  writeAll(1, head + ',"spaces":' + JSON.stringify(spaces()) + '}\n');
  if (last) last();
  process.abort();
}

// `count` instances of `make`, kept alive; `ctor(i)` builds the i-th.
function make(count, ctor) {
  var list = keep(new Array(count));
  for (var i = 0; i < count; i++) list[i] = ctor(i);
  return list;
}

// Exact counters that a reader finds in the core without any help of the heap: an off-heap buffer with a header that
// occurs nowhere else (the source holds it in complement). Layout, little endian: 16 bytes magic, u32 number of
// counters, u32 identity, then u32 counters, then the magic backwards.
var kMagicComplement = [0xbc, 0xb0, 0xad, 0xba, 0xa8, 0xbe, 0xb3, 0xb4, 0xd2, 0xab, 0xad, 0xaa, 0xab, 0xb7, 0xf2, 0xf5];

function truthCounters(count, identity) {
  var buffer = new ArrayBuffer(16 + 8 + 4 * count + 16);
  var bytes = new Uint8Array(buffer);
  for (var i = 0; i < 16; i++) {
    bytes[i] = ~kMagicComplement[i] & 0xff;
    bytes[bytes.length - 1 - i] = bytes[i];
  }
  var header = new Uint32Array(buffer, 16, 2);
  header[0] = count;
  header[1] = identity;
  return keep(new Uint32Array(buffer, 24, count));
}

// step(run) adds what is done in its turn, run(done); step.begin() does one after the other, then `end`.
function steps(end) {
  var all = [];
  function next() {
    var run = all.shift();
    if (run) run(next);
    else setImmediate(end);
  }
  function step(run) { all.push(run); }
  step.begin = next;
  return step;
}

module.exports = {
  keep: keep, print: print, settle: settle, spaces: spaces, finish: finish, make: make, writeAll: writeAll,
  truthCounters: truthCounters, steps: steps
};
