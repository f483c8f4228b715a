'use strict';
// Big and odd containers, each with a known number of marker objects inside, and every kind of value V8 stores in its own
// way. Facts: "classes" as in classes.js (the markers), "spaces". Run with --expose-gc.
var common = require('./common.js');
var keep = common.keep;
var facts = [];

function marker(name) {
  return new Function('return class ' + name + ' { constructor(i) { this.marker = i; } }')();
}
function fact(name, count) {
  facts.push({name: name, instances: count, prototypes: 0});
}

function maps() {
  var InMap = marker('InMap'), InSet = marker('InSet'), InWeakMap = marker('InWeakMap'), InWeakSet = marker('InWeakSet');
  var map = keep(new Map()), set = keep(new Set()), i;
  for (i = 0; i < 120000; i++) map.set('key:' + i, i % 4 ? i : new InMap(i));
  for (i = 0; i < 120000; i += 3) map.delete('key:' + i);  // deletions and a rehash
  for (i = 0; i < 5000; i++) map.set({late: i}, i);
  var left = 0;
  map.forEach(function(v) { if (v instanceof InMap) left++; });
  fact('InMap', left);
  for (i = 0; i < 100000; i++) set.add(i % 5 ? i : new InSet(i));
  fact('InSet', 20000);
  var small = keep([]);
  for (i = 0; i < 500; i++) small.push(new Map([[i, i]]), new Set([i, i + 1]));
  var weak = keep(new WeakMap()), weakSet = keep(new WeakSet()), keys = keep([]);
  for (i = 0; i < 3000; i++) {
    var key = {key: i};
    if (i % 2) keys.push(key);  // the others are collected
    weak.set(key, new InWeakMap(i));
    weakSet.add(i % 2 ? keep(new InWeakSet(i)) : {});
  }
  fact('InWeakMap', 1500);
  fact('InWeakSet', 1500);
  keep([map.entries(), set.values(), map.keys()]);
}

function elements() {
  var InArray = marker('InArray'), InHoley = marker('InHoley'), InSparse = marker('InSparse');
  var InDictionary = marker('InDictionary'), InAccessor = marker('InAccessor'), i;
  common.make(70000, function(i) { return i % 7 ? i : new InArray(i); });  // 560 kB: large object space
  fact('InArray', 10000);
  var holey = keep([]);
  for (i = 0; i < 4000; i++) holey[i * 2] = new InHoley(i);
  fact('InHoley', 4000);
  var sparse = keep([]);
  for (i = 0; i < 2000; i++) sparse[i * 100003] = new InSparse(i);  // dictionary elements
  fact('InSparse', 2000);
  var wide = keep({});
  for (i = 0; i < 20000; i++) wide['property' + i] = i % 10 ? i : new InDictionary(i);
  for (i = 1; i < 20000; i += 10) delete wide['property' + i];
  fact('InDictionary', 2000);
  var accessors = keep([]);
  for (i = 0; i < 300; i++) {
    accessors.push(Object.defineProperty({held: new InAccessor(i)}, 'get', {get: function() { return this.held; }}));
  }
  fact('InAccessor', 300);
  common.make(30000, function(i) { return i + 0.5; });  // double elements, 240 kB
  common.make(100, function(i) { return [1.5, i + 0.25, , 3]; });
  keep([Object.freeze([1, 2, 3]), Object.seal({a: 1}), Object.preventExtensions([{}])]);
  (function() { keep(arguments); })(1, 2, 3);
}

function buffers() {
  var types = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array,
               Float64Array];
  types.forEach(function(type) {
    common.make(50, function(i) { return new type(i); });
    keep(new type(100000));
  });
  if (typeof BigInt64Array === 'function') keep(new BigInt64Array(100));
  common.make(400, function(i) { return Buffer.from('buffer ' + i); });
  common.make(20, function(i) { return Buffer.alloc(200000, i); });
  common.make(50, function(i) { return new DataView(new ArrayBuffer(64), 8, i); });
  keep([new SharedArrayBuffer(4096), new ArrayBuffer(0)]);
}

function strings() {
  var base = 'abcdefghijklmnopqrstuvwxyz'.repeat(10), i;
  var cons = '';
  for (i = 0; i < 3000; i++) cons += 'part' + i + ';';
  keep(cons);
  common.make(300, function(i) { return base + 'cons tail number ' + i + base; });
  var flat = keep(('0123456789'.repeat(2000) + '!').toString().slice(0));
  common.make(300, function(i) { return flat.slice(i, i + 500); });                    // sliced
  keep(Buffer.alloc(1200000, 0x61).toString('latin1'));                                // external, one byte
  keep(Buffer.alloc(2400000, 0x61).toString('utf16le'));                               // external, two bytes
  keep('\u6f22'.repeat(100000).split('').join(''));                                    // two bytes, large object space
  common.make(300, function(i) { return 'two\u2022bytes ' + i; });
  common.make(300, function(i) { return Symbol('symbol ' + i); });
  keep([Symbol.for('registered'), Symbol()]);
}

function others() {
  var InClosure = marker('InClosure'), InPromise = marker('InPromise'), InGenerator = marker('InGenerator');
  var InBound = marker('InBound'), InProxy = marker('InProxy');
  common.make(1000, function(i) { var held = new InClosure(i); return function() { return held; }; });
  fact('InClosure', 1000);
  common.make(500, function(i) { return Promise.resolve(new InPromise(i)); });
  common.make(100, function() { return new Promise(function() {}); });
  fact('InPromise', 500);
  function* generator(i) { var held = new InGenerator(i); yield held; yield held; }
  common.make(200, function(i) { var g = generator(i); g.next(); return g; });
  fact('InGenerator', 200);
  common.make(200, function(i) { return others.bind(new InBound(i), i, 'x'); });
  fact('InBound', 200);
  common.make(200, function(i) { return new Proxy(new InProxy(i), {get: function() { return i; }}); });
  fact('InProxy', 200);
  async function waits(i) { await new Promise(function() {}); return i; }
  common.make(50, waits);
  common.make(200, function(i) { return new RegExp('re' + (i % 20) + '(a|b)+', i % 2 ? 'gi' : 'u'); })
    .forEach(function(r) { r.test('re1ab'); });
  common.make(200, function(i) { return new Date(i * 86400000); });
  common.make(100, function(i) { return [Object(i), Object('s' + i), Object(true), Object(Symbol('b'))]; });
  if (typeof BigInt === 'function') common.make(200, function(i) { return BigInt('0x' + 'f'.repeat(1 + i)); });
  if (typeof WeakRef === 'function') common.make(100, function(i) { return new WeakRef(keep({target: i})); });
  if (typeof FinalizationRegistry === 'function') {
    var registry = keep(new FinalizationRegistry(function() {}));
    common.make(50, function(i) { var o = {}; registry.register(o, i); return o; });
  }
  if (typeof Intl === 'object') keep([new Intl.NumberFormat('en'), new Intl.Collator('en')]);
  common.make(300, function(i) { return [i * 1e10, -0.5 * i, NaN, Infinity, i % 2 ? null : undefined]; });
  var list = keep({next: null});
  for (var i = 0; i < 50000; i++) list = list.next = {next: null, i: i};  // a deep chain
}

maps();
elements();
buffers();
strings();
others();
common.finish({app: 'collections', classes: facts});
