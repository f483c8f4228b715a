'use strict';
// A process that is large in one known way, for the ledger of its memory. Argument: what it is filled with:
//   plain     nothing
//   heap      100 MB of objects in `history`
//   buffers   1,200 Buffers of 100,000 bytes in `cache`
//   strings   50 external strings of 2,000,000 characters in `pages`
//   fragments 60,000 Buffers of 4,000 bytes, of which every 16th is kept: malloc has the rest and nobody uses it
//   garbage   800 Buffers of 100,000 bytes that were dropped at last, with no collection since
//   wasm      a WebAssembly.Memory of 1,600 pages, all touched
//   workers   four worker threads with 10 MB of objects and 5 MB of Buffers each
// Facts: "kind", "usage" (process.memoryUsage()), "threads", "bytes" (what it was filled with, by its own count). As its last act it
// writes /proc/self/smaps to the file smaps.txt beside the facts. Run with --expose-gc. With "stay" as second argument it
// does not die, but waits for a line on standard input. Linux only.
var fs = require('fs');
var common = require('./common.js');
var threads = require('worker_threads');

function Record(i) {
  this.id = i;
  this.name = 'record ' + i;
  this.values = [i, i + 0.5, i * 2];
}

var cache = [], history = [], pages = [], kept = [], memory = null, dropped = {list: []};

var fill = {
  plain: function() { return 0; },
  heap: function() {
    for (var i = 0; i < 500000; i++) history.push(new Record(i));
    return 0;
  },
  buffers: function() {
    for (var i = 0; i < 1200; i++) cache.push(Buffer.alloc(100000, 1));
    return 1200 * 100000;
  },
  strings: function() {
    for (var i = 0; i < 50; i++) pages.push(Buffer.alloc(2000000, 97 + i % 20).toString('latin1'));
    return 50 * 2000000;
  },
  fragments: function() {
    var all = [];
    for (var i = 0; i < 60000; i++) all.push(Buffer.allocUnsafeSlow(4000).fill(1));
    for (i = 0; i < all.length; i += 16) kept.push(all[i]);
    return kept.length * 4000;
  },
  garbage: function() {
    for (var i = 0; i < 800; i++) dropped.list.push(Buffer.alloc(100000, 2));
    return 0;
  },
  wasm: function() {
    memory = new WebAssembly.Memory({initial: 1600, maximum: 3000});
    new Uint8Array(memory.buffer).fill(7);
    return 1600 * 65536;
  },
  workers: function() { return 0; }
};

function die(kind, bytes, workers) {
  common.keep([cache, history, pages, kept, memory, dropped]);
  var facts = {app: 'memory', kind: kind, bytes: bytes, workers: workers, node: process.version, pid: process.pid};
  var room = Buffer.alloc(4 << 20, 1);
  var file = fs.openSync('smaps.txt', 'w');
  var copy = function() {
    var from = fs.openSync('/proc/self/smaps', 'r'), length = 0, count;
    while ((count = fs.readSync(from, room, length, room.length - length, null)) > 0) length += count;
    fs.closeSync(from);
    fs.writeSync(file, room, 0, length, 0);
    return length;
  };
  copy();
  common.settle();
  dropped.list = null;
  fs.ftruncateSync(file, 0);
  facts.usage = process.memoryUsage();
  facts.threads = fs.readdirSync('/proc/self/task').length;
  fs.writeSync(1, JSON.stringify(facts) + '\n');
  copy();
  if (process.argv[3] === 'stay') {
    process.stdin.on('data', function() { process.exit(0); });
    return;
  }
  process.abort();
}

if (threads.isMainThread) {
  var kind = process.argv[2] || 'plain';
  var bytes = fill[kind]();
  var wanted = kind === 'workers' ? 4 : 0, ready = 0;
  if (wanted === 0) die(kind, bytes, 0);
  for (var w = 0; w < wanted; w++) {
    var worker = new threads.Worker(__filename);
    common.keep(worker);
    worker.on('error', function(e) { common.writeAll(2, 'worker: ' + e + '\n'); process.exit(1); });
    worker.on('message', function() { if (++ready === wanted) setTimeout(die, 300, kind, 4 * 5000000, wanted); });
  }
} else {
  for (var r = 0; r < 50000; r++) history.push(new Record(r));
  for (var b = 0; b < 50; b++) cache.push(Buffer.alloc(100000, 1));
  common.keep([cache, history]);
  common.settle();
  threads.parentPort.postMessage('ready');
  setInterval(function() {}, 1 << 30);
}
