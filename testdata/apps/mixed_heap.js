'use strict';
// A heap of everyday objects of any size, for measurements: some 50 objects, 2.4 KB, per unit.
//   node --max-old-space-size=8000 mixed_heap.js UNITS [abort|snapshot FILE]
// With `snapshot` it writes its own heap snapshot and prints how long that took.
var EventEmitter = require('events');
var v8 = require('v8');
var common = require('./common.js');
var units = Number(process.argv[2] || 20000);

class MixSession {
  constructor(i) {
    this.id = i;
    this.token = 'tok-' + i;
    this.user = {name: 'user' + i % 1000, tags: [i % 3, i % 5, 'tag' + i % 50], score: i / 3};
    this.next = null;
  }
}
class MixNode { constructor(previous, value) { this.previous = previous; this.next = null; this.value = value; } }

var cache = new Map(), members = new Set(), byName = Object.create(null), rows = [], closures = [], emitters = [];
var promises = [], texts = [], buffers = [], weak = new WeakMap(), last = null, chain = null, bus = new EventEmitter();
bus.setMaxListeners(0);

function counter(session, start) {
  var count = start;
  return function next() { return session.id + count++; };
}

for (var i = 0; i < units; i++) {
  var session = new MixSession(i);
  cache.set('session:' + i, session);
  if (last) last.next = session;
  last = session;
  chain = new MixNode(chain, {index: i, payload: [i, i + 1, i + 2]});
  if (chain.previous) chain.previous.next = chain;
  if (i % 2 === 0) members.add(session);
  if (i % 4 === 0) byName['name' + i] = {session: session, at: new Date(i)};
  rows.push(JSON.parse('{"id":' + i + ',"name":"row ' + i + '","list":[1.5,2.5,' + i + '.25],"nested":{"a":{"b":{"c":' + i + '}}}}'));
  closures.push(counter(session, i));
  if (i % 5 === 0) bus.on('tick', counter(session, -i));
  if (i % 8 === 0) {
    var emitter = new EventEmitter();
    emitter.on('data', counter(chain, 0));
    emitters.push(emitter);
  }
  if (i % 3 === 0) promises.push(new Promise(function() {}).then(counter(session, 1)));
  texts.push('text ' + i + ' ' + 'abcdefgh'.slice(i % 8) + i * 7, ('line ' + i + '/' + (i + 1)).slice(1));
  if (i % 16 === 0) buffers.push(Buffer.allocUnsafe(48), new Float64Array(8));
  weak.set(session, {note: 'n' + i});
  rows[i].more = [{x: i, y: i + 0.5}, {x: i + 1, y: null}, {x: 'x' + i, y: [i]}];
}
common.keep([cache, members, byName, rows, closures, emitters, promises, texts, buffers, weak, last, chain, bus]);

var used = process.memoryUsage();
if (process.argv[3] === 'snapshot') {
  var begin = Date.now();
  v8.writeHeapSnapshot(process.argv[4]);
  common.print({units: units, heap: used.heapUsed, snapshot_ms: Date.now() - begin, rss: process.memoryUsage().rss});
} else {
  common.print({units: units, heap: used.heapUsed, rss: used.rss});
  process.abort();
}
