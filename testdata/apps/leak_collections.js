'use strict';
// Collections of every kind, grown in known ways. Each is held by a property of one object of class Shelf, under the name
// of its fact. Facts: "collections" [{name, kind, entries, capacity?, deleted?, pattern?, keys?, bound?, values, ...}],
// "file". Run with --expose-gc.
var common = require('./common.js');

class Shelf {}
class Session {
  constructor(i, at) {
    this.id = i;
    this.createdAt = new Date(at);
    this.token = 'token ' + i % 7;
  }
}
class Entry {
  constructor(i) { this.payload = 'payload ' + i % 5; }
}
class LruCache {
  constructor(max) {
    this.max = max;
    this.map = new Map();
  }
  put(key, value) {
    this.map.delete(key);
    this.map.set(key, value);
    if (this.map.size > this.max) this.map.delete(this.map.keys().next().value);
  }
}
class RegistryMap extends Map {}
class TagSet extends Set {}
class Queue extends Array {}

var shelf = common.keep(new Shelf());
var facts = [];
var kStart = 1700000000000;
var kUuid = '0123456789abcdef';

function random(seed) {
  var state = seed >>> 0 || 1;
  return function(below) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 4294967296 * below);
  };
}
var next = random(7);
function hex(digits) {
  var text = '';
  for (var i = 0; i < digits; i++) text += kUuid[next(16)];
  return text;
}
function uuid() { return [hex(8), hex(4), hex(4), hex(4), hex(12)].join('-'); }

function fact(name, kind, collection, more) {
  shelf[name] = collection;
  facts.push(Object.assign({name: name, kind: kind}, more));
}
// Of a Map or Set to which entries were added one by one.
function capacityFor(entries) {
  var capacity = 4;
  while (capacity < entries) capacity *= 2;
  return capacity;
}

function maps() {
  var i;
  var users = new Map();
  for (i = 0; i < 60000; i++) users.set('user:' + i, new Session(i, kStart + i * 250));
  fact('users', 'map', users, {entries: 60000, capacity: capacityFor(60000), deleted: 0, pattern: 'user:\u2026', keys: 'sequential',
    first: 0, last: 59999, values: [['Session', 60000]], bound: 'unbounded', time: 'createdAt', rate: 4,
    oldest: new Date(kStart).toISOString(), newest: new Date(kStart + 59999 * 250).toISOString(),
    sequence: 'key', gapless: true, reasons: ['never_deleted', 'none_missing', 'by_time', 'identifiers', 'objects']});

  var byUuid = new RegistryMap();
  for (i = 0; i < 3000; i++) byUuid.set('session-' + uuid(), i % 10 ? new Entry(i) : null);
  fact('byUuid', 'map', byUuid, {class: 'RegistryMap', entries: 3000, capacity: 4096, deleted: 0, pattern: 'session-\u2026', keys: 'uuids',
    values: [['Entry', 2700], ['null', 300]], bound: 'unbounded', deleted_from: false});

  var byTime = new Map();
  for (i = 0; i < 2000; i++) byTime.set(kStart + i * 1000, i + 0.5);
  fact('byTime', 'map', byTime, {entries: 2000, capacity: 2048, deleted: 0, keys: 'timestamps', values: [['(number)', 2000]],
    bound: 'unbounded', time: '', rate: 1});

  var churned = new Map();
  for (i = 0; i < 5000; i++) churned.set('job/' + i, new Entry(i));
  for (i = 0; i < 5000; i += 2) churned.delete('job/' + i);
  fact('churned', 'map', churned, {entries: 2500, deleted: 2500, pattern: 'job/\u2026', values: [['Entry', 2500]], bound: null, deleted_from: true});

  var lru = new LruCache(2000);
  for (i = 0; i < 9000; i++) lru.put('page:' + i, new Entry(i));
  fact('lru', 'map', lru, {class: 'LruCache', inner: '.map', entries: 2000, pattern: 'page:\u2026', values: [['Entry', 2000]], bound: 'bounded',
    limit: 'max', limit_value: 2000});

  var objects = new Map();
  for (i = 0; i < 1500; i++) objects.set(new Entry(i), i);
  fact('objects', 'map', objects, {entries: 1500, keys: 'objects', pattern: 'Entry', values: [['(number)', 1500]], bound: 'unbounded',
    keys_held_here: 1});
  var borrowed = new Map(), owners = common.keep([]);
  for (i = 0; i < 400; i++) {
    owners.push(new Entry(i));
    borrowed.set(owners[i], i);
  }
  fact('borrowed', 'map', borrowed, {entries: 400, keys: 'objects', keys_held_here: 0});
  var expiring = new Map();
  for (i = 0; i < 1001; i++) expiring.set('t' + i, {made: kStart + i * 1000, expiresAt: kStart + i * 1000 + 100500});
  fact('expiring', 'map', expiring, {entries: 1001, time: 'made', rate: 1, expired_share: 0.9});
  if (typeof WeakRef === 'function') {
    var dead = new Map(), living = common.keep({});
    for (i = 0; i < 300; i++) dead.set('ref' + i, new WeakRef(i % 3 ? {i: i} : living));
    fact('dead', 'map', dead, {entries: 300, dead_references: 200, values: [['WeakRef', 300]]});
  }

  var words = new Map();
  ['content-type', 'accept', 'host', 'user-agent', 'etag', 'vary', 'origin'].forEach(function(w) { words.set(w, w + '!'); });
  fact('words', 'map', words, {entries: 7, capacity: 8, deleted: 0, keys: 'texts', values: [['(string)', 7]], bound: null});
  fact('empty', 'map', new Map(), {entries: 0, capacity: 4, deleted: 0, values: [], bound: null});
}

function sets() {
  var i;
  var tokens = new TagSet();
  for (i = 0; i < 4000; i++) tokens.add(hex(24));
  fact('tokens', 'set', tokens, {class: 'TagSet', entries: 4000, capacity: 4096, deleted: 0, keys: 'hex', values: [['(string)', 4000]], bound: 'unbounded'});
  var members = new Set();
  for (i = 0; i < 1200; i++) members.add(new Session(i, kStart + i * 2000));
  fact('members', 'set', members, {entries: 1200, capacity: 2048, deleted: 0, keys: 'objects', pattern: 'Session', values: [['Session', 1200]],
    bound: 'unbounded', time: 'createdAt', rate: 0.5, sequence: 'id', gapless: true});
}

function arrays() {
  var i;
  var history = [];
  for (i = 0; i < 20000; i++) history.push({id: i + 1, url: '/item/' + i % 9, at: kStart + i * 10});
  fact('history', 'array', history, {entries: 20000, length: 20000, values: [['Object', 20000]], properties: 'id, url, at', bound: 'unbounded',
    time: 'at', rate: 100, sequence: 'id', gapless: true, pushed: true});
  var queue = new Queue();
  for (i = 0; i < 1500; i++) queue.push(new Entry(i));
  fact('queue', 'array', queue, {class: 'Queue', entries: 1500, length: 1500, values: [['Entry', 1500]]});
  var lines = [];
  for (i = 0; i < 1200; i++) lines.push('GET /api/orders/' + (7000 + i) + '?page=2');
  fact('lines', 'array', lines, {entries: 1200, length: 1200, keys: 'sequential', pattern: 'GET /api/orders/\u2026?page=2', values: [['(string)', 1200]], bound: 'unbounded'});
  var holey = new Array(5000);
  for (i = 0; i < 5000; i += 5) holey[i] = i;
  fact('holey', 'array', holey, {entries: 1000, length: 5000, capacity: 5000, values: [['(number)', 1000]], bound: null});
  var doubles = [];
  for (i = 0; i < 3000; i++) doubles.push(i / 4);
  fact('doubles', 'array', doubles, {entries: 3000, length: 3000, keys: 'numbers', values: [['(number)', 3000]], bound: null});
  var sparse = [];
  for (i = 0; i < 2000; i++) sparse[i * 100003] = new Entry(i);
  fact('sparse', 'array', sparse, {entries: 2000, length: 1999 * 100003 + 1, values: [['Entry', 2000]], bound: null});
  fact('frozen', 'array', Object.freeze(Array.from({length: 1100}, function(_, i) { return new Entry(i); })),
    {entries: 1100, length: 1100, values: [['Entry', 1100]], bound: 'bounded'});
}

function objects() {
  var i;
  var cache = {};
  for (i = 0; i < 30000; i++) cache['order_' + i] = new Session(i, kStart + i * 500);
  fact('cache', 'object', cache, {entries: 30000, pattern: 'order_\u2026', keys: 'sequential', values: [['Session', 30000]], dictionary: true,
    bound: 'unbounded', ever_added: 30000, deleted_from: false, time: 'createdAt', rate: 2, first: 0, last: 29999, sequence: 'key', gapless: true});
  var pruned = {};
  for (i = 0; i < 3000; i++) pruned['k' + i] = i;
  for (i = 0; i < 3000; i += 3) delete pruned['k' + i];
  fact('pruned', 'object', pruned, {entries: 2000, pattern: 'k\u2026', values: [['(number)', 2000]], dictionary: true, bound: null, ever_added: 3000,
    deleted_from: true});
  var byId = {};
  for (i = 1; i <= 4000; i++) byId[i] = new Entry(i);
  fact('byId', 'object', byId, {entries: 4000, values: [['Entry', 4000]], first: 1, last: 4000, keys: 'sequential'});
  var wide = {};
  for (i = 0; i < 5000; i++) wide[1000000 + i * 977] = new Entry(i);
  fact('wide', 'object', wide, {entries: 5000, values: [['Entry', 5000]], first: 1000000, last: 1000000 + 4999 * 977, keys: 'integers'});
  var literal = JSON.parse('{' + Array.from({length: 50}, function(_, i) { return '"field' + i + '":' + i; }).join(',') + '}');
  fact('literal', 'object', literal, {entries: 50, values: [['(number)', 50]], bound: null});
}

function weak() {
  var i, key;
  var notes = new WeakMap(), seen = new WeakSet(), keys = common.keep([]);
  for (i = 0; i < 1000; i++) {
    key = new Entry(i);
    keys.push(key);
    notes.set(key, new Session(i, kStart));
    seen.add(key);
  }
  fact('notes', 'weakmap', notes, {entries: 1000, keys: 'objects', pattern: 'Entry', values: [['Session', 1000]]});
  fact('seen', 'weakset', seen, {entries: 1000, keys: 'objects', values: [['Entry', 1000]]});
}

function wrappers() {
  var params = new URLSearchParams(), i;
  for (i = 0; i < 40; i++) params.append('name' + i, 'value' + i);
  fact('params', 'array', params, {class: 'URLSearchParams', entries: 40});
  if (typeof Headers === 'function') {
    var headers = new Headers();
    for (i = 0; i < 45; i++) headers.append('x-header-' + i, 'value ' + i);
    fact('headers', 'map', headers, {class: 'Headers', entries: 45});
  }
}

maps();
sets();
arrays();
objects();
weak();
wrappers();
// What a WeakRef refers to stays until the turn of the event loop ends.
setImmediate(function() { common.finish({app: 'leak_collections', file: __filename, collections: facts}); });
