'use strict';
// Random graphs of objects: each seed is one graph, a property s<seed> of one object of class GraphKeeper, and once more of
// a GraphYoung, which is made after the last collection. Facts: "graphs" [{name, depth, expect}]: `expect` is what
// describe.js says of a third copy, as a tree down to `depth`; where an object stands below itself the tree ends ("seen").
//   node --expose-gc random_graph.js FIRST COUNT      (default 0 50)
var common = require('./common.js');
var encoder = require('./describe.js');
var annotate = encoder.annotate, of = encoder.of;

var kDepth = 7;          // of the trees
var kMostText = 150000;  // characters of one tree: beyond it, it is cut at a lesser depth
var kObjects = 70;       // in one graph

class GraphKeeper {}
class GraphYoung {}
class Node1 { constructor(a, b) { this.a = a; this.b = b; } }
class Node2 extends Node1 { constructor(a, b, c) { super(a, b); this.c = c; } }
function Old(x) { this.x = x; this.y = 0; }
var constructors = [Node1, Node2, Old];

// Mulberry32.
function generator(seed) {
  var state = (seed * 0x9e3779b1 + 0x1234567) | 0;
  return function() {
    state = (state + 0x6d2b79f5) | 0;
    var t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function Graph(seed) {
  this.random = generator(seed);
  this.objects = [];  // made so far, for references across
  this.alive = [];    // what weak collections hold
}

var G = Graph.prototype;
G.upto = function(n) { return Math.floor(this.random() * n); };
G.chance = function(p) { return this.random() < p; };
G.pick = function(list) { return list[this.upto(list.length)]; };
G.times = function(n, f) { for (var i = 0; i < n; i++) f.call(this, i); };

// --- primitives ---------------------------------------------------------------------------------------------------------

var kNumbers = [0, -0, 1, -1, NaN, Infinity, -Infinity, 0.5, 0.1, 1073741823, 1073741824, -1073741824, -1073741825,
                2147483647, 2147483648, -2147483648, -2147483649, 4294967295, 9007199254740991, 5e-324, 1.7976931348623157e308];
var bits = new DataView(new ArrayBuffer(8));

G.number = function() {
  switch (this.upto(6)) {
    case 0: return this.pick(kNumbers);
    case 1: return this.upto(1000);
    case 2: return this.upto(4294967296) | 0;
    case 3: return this.random() * 1000 - 500;
    case 4: return Math.round(this.random() * 1e17);
    default:
      bits.setUint32(0, this.upto(4294967296));
      bits.setUint32(4, this.upto(4294967296));
      return bits.getFloat64(0);
  }
};

G.bigint = function() {
  if (typeof BigInt !== 'function') return this.number();
  var text = '1';
  this.times(this.upto(this.chance(0.1) ? 300 : 40), function() { text += this.upto(10); });
  return this.chance(0.4) ? -BigInt(text) : BigInt(text) - BigInt(1);
};

var kPieces = ['a', 'xyz', 'some words of text', 'Gr\u00f6\u00dfe', '\u6570\u636e', '\ud83d\ude00', '\ud800', '\u0000', '\n\t\u001b[0m',
               '"quoted"', '\\', '\u202e', '0123456789abcdefghijklmnopqrstuvwxyz', '7', '-1', 'constructor', '__proto__', ''];

G.piece = function() {
  var text = this.pick(kPieces);
  if (this.chance(0.3)) text = text.repeat(1 + this.upto(30));
  // A string made at run time, of one or two bytes per character.
  return this.chance(0.5) ? Buffer.from(text, 'utf16le').toString('utf16le') : text;
};

G.string = function() {
  var text = this.piece();
  this.times(this.upto(this.chance(0.1) ? 40 : 4), function() {
    switch (this.upto(6)) {
      case 0: text = text + this.piece(); break;
      case 1: text = this.piece() + text; break;
      case 2: text = text.slice(this.upto(text.length + 1)); break;
      case 3: text = text.slice(this.upto(5), this.upto(text.length + 1)); break;
      case 4: text = text.length < 2000 ? text + text : text; break;
      default: var key = {}; key[text] = 1;  // internalized, so that the string itself becomes thin
    }
  });
  return text;
};

G.primitive = function() {
  var r = this.random();
  if (r < 0.3) return this.number();
  if (r < 0.4) return this.upto(100);
  if (r < 0.75) return this.string();
  if (r < 0.8) return this.bigint();
  if (r < 0.85) return Symbol(this.string());
  if (r < 0.86) return Symbol();
  return this.pick([true, false, null, undefined]);
};

G.value = function() {
  if (this.chance(0.12) && this.objects.length) return this.pick(this.objects);
  if (this.chance(0.4) && this.objects.length < kObjects) return this.object();
  return this.primitive();
};

// --- objects ------------------------------------------------------------------------------------------------------------

G.object = function() {
  var makers = [this.plain, this.plain, this.plain, this.instance, this.array, this.array, this.array, this.doubles, this.map, this.set,
                this.typed, this.buffer, this.weakmap, this.other, this.other, this.other, this.arguments_];
  var made = this.pick(makers).call(this);
  this.objects.push(made);
  return made;
};

var kKeys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'name', 'value', 'x', 'y', '\u6570\u636e', 'a key of several words', '', '-1', '1.5', '4294967295'];
var kSymbols = [Symbol.for('corewalk.random'), Symbol('shared by graphs'), Symbol.toPrimitive];

G.key = function() {
  var r = this.random();
  if (r < 0.7) return this.pick(kKeys);
  if (r < 0.9) return 'key' + this.upto(60);
  if (r < 0.94) return String(this.upto(12));
  if (r < 0.95) return String(this.upto(4294967295));
  return this.pick(kSymbols);
};

// Whatever can be done to the properties of an object.
G.change = function(o, steps) {
  this.times(steps, function() {
    var key = this.key(), r = this.random(), graph = this;
    try {
      if (r < 0.6) {
        o[key] = this.value();
      } else if (r < 0.7) {
        delete o[this.pick(Reflect.ownKeys(o).concat(key))];
      } else if (r < 0.8) {  // of another representation
        o[key] = this.upto(10);
        o[key] = this.pick([this.upto(10), 0.5, 'text', null]);
      } else if (r < 0.88) {
        Object.defineProperty(o, key, {value: this.value(), writable: this.chance(0.5), enumerable: this.chance(0.5), configurable: this.chance(0.7)});
      } else if (r < 0.93) {
        var accessor = {enumerable: this.chance(0.5), configurable: this.chance(0.7)};
        if (this.chance(0.7)) accessor.get = function readIt() { return graph; };
        if (this.chance(0.5) || !accessor.get) accessor.set = function writeIt(v) {};
        Object.defineProperty(o, key, accessor);
      } else if (r < 0.95) {
        Object.create(o);  // as a prototype its properties are made fast
      } else {
        o['n' + this.upto(1000)] = this.number();
      }
    } catch (e) {  // a fixed property stays as it is
      if (!(e instanceof TypeError)) throw e;
    }
  });
};

G.close = function(o) {
  if (this.chance(0.08)) Object.freeze(o);
  else if (this.chance(0.06)) Object.seal(o);
  else if (this.chance(0.06)) Object.preventExtensions(o);
  return o;
};

G.plain = function() {
  var o;
  switch (this.upto(6)) {
    case 0: o = {a: this.primitive(), b: this.primitive(), c: this.primitive()}; break;
    case 1: o = {x: this.number(), y: this.number()}; break;
    case 2: o = Object.create(null); break;
    case 3: o = JSON.parse('{"a":1,"name":"from JSON","list":[1,2.5,null],"0":true}'); break;
    default: o = {};
  }
  this.objects.push(o);  // before it is filled: it may come to hold itself
  if (this.chance(0.06)) this.times(20 + this.upto(180), function(i) { o['many' + i] = i % 3 ? i : this.primitive(); });
  if (this.chance(0.04)) this.times(1 + this.upto(60), function(i) { o[this.upto(100000)] = i; });
  this.change(o, this.upto(12));
  return this.close(o);
};

G.instance = function() {
  var Ctor = this.pick(constructors), o = new Ctor(this.value(), this.number(), this.primitive());
  this.objects.push(o);
  if (this.chance(0.5)) this.change(o, this.upto(6));
  return this.close(o);
};

G.array = function() {
  var a;
  switch (this.upto(6)) {
    case 0: a = []; break;
    case 1: a = [1, 2, 3]; break;
    case 2: a = new Array(this.upto(20)); break;
    case 3: a = [1, , 'x', , null]; break;
    case 4: a = Array.from({length: this.upto(30)}, function(unused, i) { return i; }); break;
    default: a = new (class List extends Array {})();
  }
  this.objects.push(a);
  this.edit(a, function() { return this.value(); }, this.upto(14));
  if (this.chance(0.15)) this.change(a, this.upto(5));
  return this.close(a);
};

G.doubles = function() {
  var a = this.chance(0.5) ? [0.5, 1.5] : [1.5, , -0];
  this.edit(a, this.number, this.upto(20));
  return this.close(a);
};

G.edit = function(a, make, steps) {
  this.times(steps, function() {
    switch (this.upto(12)) {
      case 0: a.pop(); break;
      case 1: a.shift(); break;
      case 2: a.unshift(make.call(this)); break;
      case 3: delete a[this.upto(a.length + 1)]; break;
      case 4: a.length = this.upto(20); break;
      case 5: a[a.length + this.upto(8)] = make.call(this); break;
      // Old V8 (to 8.1) do not fill the room behind what is put into an empty array this way: its rest would be chance.
      case 6: if (a.length) a.splice(this.upto(5), this.upto(3), make.call(this)); break;
      case 7: if (this.chance(0.2)) a.reverse(); break;
      default: a.push(make.call(this));
    }
  });
  // Last of all: the methods above would walk through all of the holes.
  if (this.chance(0.1)) a[this.upto(4294967295)] = make.call(this);
};

G.mapKey = function() { return this.chance(0.2) ? this.pick([NaN, -0, null, undefined, '']) : this.value(); };

G.map = function() {
  var map = new Map();
  this.objects.push(map);
  this.times(this.upto(this.chance(0.2) ? 60 : 10), function() {
    var r = this.random();
    if (r < 0.2) map.delete(this.pick(Array.from(map.keys()).concat(1)));
    else if (r < 0.21) map.clear();
    else map.set(this.mapKey(), this.value());
  });
  if (this.chance(0.3)) this.times(this.upto(80), function(i) { if (i % 3) map.set(i, -i); else map.delete(i - 2); });
  if (this.chance(0.1)) this.change(map, 3);
  return map;
};

G.set = function() {
  var set = new Set();
  this.objects.push(set);
  this.times(this.upto(this.chance(0.2) ? 80 : 10), function() {
    var r = this.random();
    if (r < 0.25) set.delete(this.pick(Array.from(set).concat(1)));
    else if (r < 0.26) set.clear();
    else set.add(this.mapKey());
  });
  return set;
};

G.weakmap = function() {
  var map = new WeakMap(), shadow = new Map();
  this.times(this.upto(8), function() {
    var key = this.chance(0.5) && this.objects.length ? this.pick(this.objects) : {weak: this.upto(100)}, value = this.primitive();
    this.alive.push(key);
    map.set(key, value);
    shadow.set(key, value);
    if (this.chance(0.2)) {
      key = this.pick(Array.from(shadow.keys()));
      map.delete(key);
      shadow.delete(key);
    }
  });
  return annotate(map, 'weakmap', {size: shadow.size, entries: Array.from(shadow).map(function(e) { return e.map(of); })});
};

var kTyped = ['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array', 'Float32Array',
              'Float64Array', 'BigInt64Array', 'BigUint64Array'].filter(function(name) { return typeof global[name] === 'function'; });

G.bytes = function(length) {
  var buffer = this.chance(0.2) ? new SharedArrayBuffer(length) : new ArrayBuffer(length), bytes = new Uint8Array(buffer);
  for (var i = 0; i < length; i++) bytes[i] = this.upto(256);
  return buffer;
};

G.typed = function() {
  var Type = global[this.pick(kTyped)], size = Type.BYTES_PER_ELEMENT, length = this.upto(this.chance(0.2) ? 60 : 12), a;
  switch (this.upto(3)) {
    case 0:
      a = new Type(length);  // small ones stay in the heap
      for (var i = 0; i < length; i++) a[i] = size === 8 && /^Big/.test(Type.name) ? this.bigint() : this.number();
      break;
    case 1:
      a = new Type(this.bytes(size * (length + 4)), size * this.upto(4), length);
      break;
    default:
      a = new Type(this.bytes(size * (length + 2))).subarray(this.upto(3), length);
  }
  if (this.chance(0.1)) a.own = this.primitive();
  return a;
};

G.buffer = function() {
  var buffer = this.bytes(this.upto(100));
  this.objects.push(buffer);
  return this.chance(0.5) ? buffer : new DataView(buffer, this.upto(buffer.byteLength + 1));
};

G.arguments_ = function() {
  var f = this.pick([new Function('a', 'b', 'return arguments;'), function() { return arguments; },
                     new Function('a', 'b', 'a = "set"; (function() { return b; })(); return arguments;')]);
  var a = f.apply(undefined, Array.from({length: this.upto(5)}, this.primitive.bind(this)));
  this.times(this.upto(4), function() {
    var index = this.upto(6), r = this.random();
    if (r < 0.3) delete a[index];
    else if (r < 0.9) a[index] = this.primitive();
    else a[index * 3000] = this.primitive();
  });
  return a;
};

G.other = function() {
  var inner, f;
  switch (this.upto(14)) {
    case 0: return new Date(Math.floor(this.random() * 4e12) - 1e12);
    case 1: return new Date(NaN);
    case 2: return new RegExp(this.pick(['a+b', '[\\w/]+', '\u6570', '(x)|(y)', '']), this.pick(['', 'g', 'gi', 'my', 'su']));
    case 3: return Object.assign(new (this.pick([Error, TypeError, RangeError]))(this.string()), {code: this.primitive()});
    case 4: return Object(this.pick([true, 1, 1.5, 'boxed', '\u6570', Symbol('boxed')]));
    case 5: return Object.assign(new String(this.string()), {extra: this.primitive()});
    case 6:
      inner = this.value();
      if (inner !== null && /object|function/.test(typeof inner)) inner = 1;  // it may have a `then`
      return annotate(Promise.resolve(inner), 'promise', {state: 'fulfilled', result: of(inner), has_handler: false});
    case 7: return annotate(new Promise(function() {}), 'promise', {state: 'pending', has_handler: false, reactions_count: 0});
    case 8:
      inner = this.objects.length ? this.pick(this.objects) : {};
      f = {};
      return annotate(new Proxy(inner, f), 'proxy', {target: of(inner), handler: of(f), revoked: false});
    case 9:
      f = function toBind() {};
      inner = [this.value(), this.value()];
      return annotate(f.bind(inner[0], inner[1]), 'bound_function', {
        bound_target: of(f), bound_this: of(inner[0]), bound_arguments: [of(inner[1])], omit: ['name']
      });
    case 10:
      f = function* walk() { yield 1; yield 2; };
      inner = f();
      var steps = this.upto(5);
      for (var i = 0; i < steps; i++) inner.next();
      return annotate(inner, 'generator', {receiver: of(undefined), state: steps > 2 ? 'closed' : 'suspended'});
    case 11:
      f = this.pick([function named() {}, () => 1, class Made { static s() {} }]);
      if (this.chance(0.5)) f.own = this.value();
      return f;
    case 12:
      inner = new Map(Array.from({length: 1 + this.upto(9)}, function(unused, i) { return [i, 'v' + i]; }));
      this.alive.push(inner);
      f = inner.entries();
      var taken = this.upto(inner.size);
      for (i = 0; i < taken; i++) f.next();
      return annotate(f, 'map_iterator', {index: taken, entries: Array.from(inner).slice(taken).map(function(e) { return e.map(of); })});
    default:
      return [function() { return 'anonymous'; }, async function later() {}][this.upto(2)];
  }
};

function build(seed) {
  var graph = new Graph(seed), root = {};
  graph.objects.push(root);
  graph.times(6 + graph.upto(10), function(i) { root['r' + i] = this.chance(0.7) ? this.object() : this.value(); });
  graph.change(root, 3);
  return {root: root, alive: graph.alive};
}

// The deepest tree that is not too large.
function expectation(seed) {
  for (var depth = kDepth;; depth--) {
    var expect = encoder.describe(build(seed).root, depth);
    if (depth === 2 || JSON.stringify(expect).length <= kMostText) return {name: 's' + seed, depth: depth, expect: expect};
  }
}

function keep(keeper, first, count) {
  for (var seed = first; seed < first + count; seed++) {
    var graph = build(seed);
    keeper['s' + seed] = graph.root;
    common.keep(graph.alive);
  }
  common.keep(keeper);
}

var first = parseInt(process.argv[2] || '0', 10), count = parseInt(process.argv[3] || '50', 10);
var facts = {app: 'random_graph', graphs: []};
for (var seed = first; seed < first + count; seed++) facts.graphs.push(expectation(seed));
keep(new GraphKeeper(), first, count);
common.finish(facts, function() { keep(new GraphYoung(), first, count); });
