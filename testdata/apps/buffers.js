'use strict';
// Buffers of every kind, with the program's own book-keeping: which stores each collection holds, how many bytes, how many
// of them views cover. Facts: "groups" {name: {stores, bytes, used, pinned}}, "kinds" {kind: {stores, bytes}}, "detached",
// and as the last act "usage", process.memoryUsage(). Run with --expose-gc. Argument "workers": two worker threads that
// share a SharedArrayBuffer of 3 MB with the main one.
var fs = require('fs');
var common = require('./common.js');
var threads = require('worker_threads');

function Upload(size) {
  this.body = Buffer.alloc(size, 1);
}

// What views (or whole ArrayBuffers) of a list keep, and use. `direct`: the ArrayBuffers are held themselves.
function account(list, direct) {
  var stores = new Map();
  list.forEach(function(view) {
    var buffer = view.buffer || view;
    if (!stores.has(buffer)) stores.set(buffer, []);
    if (view.buffer) stores.get(buffer).push([view.byteOffset, view.byteOffset + view.byteLength]);
  });
  var sum = {stores: stores.size, bytes: 0, used: 0, pinned: 0};
  stores.forEach(function(pieces, buffer) {
    var used = 0, covered = 0;
    pieces.sort(function(a, b) { return a[0] - b[0]; }).forEach(function(piece) {
      if (piece[1] > covered) used += piece[1] - Math.max(covered, piece[0]), covered = piece[1];
    });
    sum.bytes += buffer.byteLength;
    sum.used += used;
    if (!direct) sum.pinned += buffer.byteLength - used;
  });
  return sum;
}

var uploads = [];        // 500 objects with a Buffer of 20,000 bytes each
var slices = [];         // 100 slices of 30 bytes, each in a slab of the pool of its own
var headers = new Map(); // 40 views of 100 bytes of Buffers of 200,000
var callbacks = [];      // 60 closures, each keeps a Buffer of 5,000 bytes
var overlapping = [];    // 3 views of one ArrayBuffer: 1000..3000, 2000..4000, 9000..9500
var whole = [];          // 20 ArrayBuffers of 30,000 bytes without views
var texts = [];          // external strings

function fill() {
  var i;
  for (i = 0; i < 500; i++) uploads.push(new Upload(20000));
  Buffer.allocUnsafe(Buffer.poolSize / 2 - 1), Buffer.allocUnsafe(Buffer.poolSize / 2 - 1);  // into a fresh slab
  for (i = 0; i < 100; i++) {
    slices.push(Buffer.allocUnsafe(30).fill(7));
    for (var taken = 0; taken < Buffer.poolSize; taken += 1024) Buffer.allocUnsafe(1024);
  }
  for (i = 0; i < 40; i++) headers.set('header:' + i, Buffer.alloc(200000, 2).slice(500, 600));
  for (i = 0; i < 60; i++) callbacks.push(capture(Buffer.alloc(5000, 3)));
  var shared = new ArrayBuffer(10000);
  overlapping.push(new Uint8Array(shared, 1000, 2000), new DataView(shared, 2000, 2000), new Uint16Array(shared, 9000, 250));
  for (i = 0; i < 20; i++) whole.push(new ArrayBuffer(30000));
  texts.push(Buffer.alloc(2000000, 'a').toString('latin1'), Buffer.alloc(3000000, 'b').toString('utf16le'));
}

function capture(chunk) {
  return function sendChunk() { return chunk.length; };
}

function main(shared, workers) {
  fill();
  var captured = [];
  var groups = {
    uploads: account(uploads.map(function(u) { return u.body; })),
    slices: account(slices),
    headers: account(Array.from(headers.values())),
    overlapping: account(overlapping),
    whole: account(whole, true)
  };
  groups.callbacks = {stores: 60, bytes: 60 * 5000, used: 60 * 5000, pinned: 0};
  var kinds = {shared: {stores: 1, bytes: shared.byteLength}};
  kinds.string = {stores: 2, bytes: 2000000 + 3000000};
  var resizable = [];
  if (ArrayBuffer.prototype.resize) {
    var a = new ArrayBuffer(1000, {maxByteLength: 5000000}), b = new SharedArrayBuffer(2000, {maxByteLength: 7000000});
    a.resize(700000);
    b.grow(900000);
    resizable.push(a, b);
    kinds.resizable = {stores: 2, bytes: 700000 + 900000};
  }
  var memory = null;
  if (typeof WebAssembly !== 'undefined') {
    memory = new WebAssembly.Memory({initial: 10, maximum: 100});
    new Uint8Array(memory.buffer).fill(9);
    kinds.wasm_memory = {stores: 1, bytes: 655360};
  }
  var moved = new ArrayBuffer(50000);
  var channel = new threads.MessageChannel();
  channel.port1.postMessage(moved, [moved]);
  common.keep([shared, resizable, memory, moved, channel, uploads, slices, headers, callbacks, overlapping, whole, texts, captured]);
  var facts = {app: 'buffers', groups: groups, kinds: kinds, detached: 1, in_flight: 50000, node: process.version,
               pool: Buffer.poolSize, workers: workers};
  var text = ',"usage":';
  common.writeAll(fs.openSync('/dev/null', 'w'), JSON.stringify(process.memoryUsage()));
  common.settle();
  common.writeAll(1, JSON.stringify(facts).slice(0, -1) + text);
  common.settle();
  // Nothing that makes buffers comes after this.
  var usage = JSON.stringify(process.memoryUsage());
  fs.writeSync(1, usage + '}\n');
  process.abort();
}

if (threads.isMainThread) {
  var shared = new SharedArrayBuffer(3000000);
  var wanted = process.argv[2] === 'workers' ? 2 : 0;
  var ready = [];
  if (wanted === 0) {
    setTimeout(main, 50, shared, []);
  }
  for (var k = 0; k < wanted; k++) {
    var worker = new threads.Worker(__filename, {workerData: {shared: shared, number: k + 1}});
    common.keep(worker);
    worker.on('error', function(e) { common.writeAll(2, 'worker: ' + e + '\n'); process.exit(1); });
    worker.on('message', function(facts) {
      ready.push(facts);
      if (ready.length === wanted) setTimeout(main, 200, shared, ready);
    });
  }
} else {
  var own = common.keep([]);
  for (var n = 0; n < 100 * threads.workerData.number; n++) own.push(Buffer.alloc(40000, 4));
  common.keep(new Uint8Array(threads.workerData.shared));
  common.settle();
  var facts = {number: threads.workerData.number, own: {stores: own.length, bytes: own.length * 40000}};
  threads.parentPort.postMessage(facts);
  setInterval(function() {}, 1 << 30);
}
