'use strict';
// Dies at a place that its first argument names. Before that it prints, from V8's own structured stack trace taken in the
// same moment, which frames are on the stack (function, script, line, column of each), and from its own record which
// arguments the functions called `at*` got. Node.js 12 and later; %-natives make the tiers happen.
//   stacks.js PLACE [FLAVOUR]
// FLAVOUR: error (default) takes the trace right before the abort; kill: no trace is taken at all and the process waits
// busily for its end, so that V8 has no reason to know more about source positions than it does in production.
var common = require('./common.js');
var path = require('path');
var inWorker = !require('worker_threads').isMainThread;
var place = process.argv[2];
var flavour = process.argv[3] || 'error';
var args = {};  // function -> its arguments, as the program passed them

Error.stackTraceLimit = Infinity;

function native(text) {
  return new Function('f', 'return ' + text);
}
function attempt(text, f) {
  try { return native(text)(f); } catch (error) { return undefined; }
}
var prepare = function(f) { return attempt('%PrepareFunctionForOptimization(f)', f); };
var optimizeNext = function(f) { return attempt('%OptimizeFunctionOnNextCall(f)', f); };
var maglevNext = function(f) { return attempt('%OptimizeMaglevOnNextCall(f)', f); };
var baselineNow = function(f) { return attempt('%CompileBaseline(f)', f); };
var deoptimize = function(f) { return attempt('%DeoptimizeFunction(f)', f); };
var status = function(f) { return attempt('%GetOptimizationStatus(f)', f); };

var die = false;       // rehearsals go all the way and come back
var tiers = {};

function frames(error, sites) {
  return sites.filter(function(s) { return !(s.isAsync && s.isAsync()); }).map(function(s) {
    var f = s.getFunctionName();
    return {name: f === null ? '' : f, method: s.getMethodName && s.getMethodName(), script: s.getFileName() || '',
            line: s.getLineNumber() || 0, column: s.getColumnNumber() || 0, top: s.isToplevel(),
            constructor: s.isConstructor(), native: s.isNative(), eval: s.isEval(), origin: s.isEval() ? s.getEvalOrigin() : ''};
  });
}

// The end. Its own frame is the first of the trace.
function finish(tag) {
  if (!die) return tag;
  if (flavour === 'kill') {
    common.print({place: place, args: args, tiers: tiers, frames: []});
    for (;;) Math.random();
  }
  var holder = {};
  var kept = Error.prepareStackTrace;
  Error.prepareStackTrace = frames;
  Error.captureStackTrace(holder);
  var stack = holder.stack;
  Error.prepareStackTrace = kept;
  common.print({place: place, args: args, tiers: tiers, frames: stack, flavour: flavour});
  // A worker may not abort: the signal ends the process while its thread is here.
  if (inWorker) { process.kill(process.pid, 'SIGABRT'); for (;;) Math.random(); }
  process.abort();
  return tag;
}
global.finishStack = finish;
global.recordArguments = record;

function record(name, list) {
  args[name] = list;
}

// Functions that are compiled on purpose. They record nothing themselves: what their arguments are is told by who calls.
function atRecursion(depth, label, extra) {
  if (depth === 0) return finish(label);
  return atRecursion(depth - 1, label + depth, extra) + 1;
}
function atRecursionBaseline(depth, label) {
  if (depth === 0) return finish(label);
  return atRecursionBaseline(depth - 1, label) + 1;
}
function atRecursionOptimized(depth, label) {
  if (depth === 0) return finish(label);
  return atRecursionOptimized(depth - 1, label) + 1;
}
function atRecursionMaglev(depth, label) {
  if (depth === 0) return finish(label);
  return atRecursionMaglev(depth - 1, label) + 1;
}
function inlinedInner(value) {
  return value > 0 ?
      finish('inner') : value;
}
function inlinedMiddle(value) {
  var doubled = value * 2;
  return inlinedInner(doubled) + 1;
}
function atInlining(value, text) {
  var result = 7;
  result += inlinedMiddle(value + 1) + text.length;
  return result;
}
function atInliningMaglev(value, text) {
  var result = 7;
  result += inlinedMiddle(value + 1) + text.length;
  return result;
}
// What they rely on changes while they are on the stack: V8 throws their code away and has them return to an exit.
function Shape() { this.side = 1; }
Shape.prototype.area = function area() { return this.side; };
var shape = new Shape();
function staleInner(value) {
  if (die) Shape.prototype.area = function other() { return 2; };
  return finish(value);
}
function staleMiddle(value, text) {
  if (value > 100) return shape.area();
  return staleInner(text + value) + shape.area();
}
function atStale(value, text) {
  var result = staleMiddle(value + 1, text) + shape.area();
  return result;
}
function atStaleMaglev(value, text) {
  var result = staleMiddle(value + 1, text) + shape.area();
  return result;
}
function markedInner(value) {
  if (die) deoptimize(value > 100 ? atMarkedMaglev : atMarked);
  return finish(value);
}
function markedMiddle(value) {
  return 1 +
      markedInner(value * 2);
}
function atMarked(value, text) {
  if (value < 0) return finish('early');
  return markedMiddle(value + text.length) +
      text.length;
}
function atMarkedMaglev(value, text) {
  if (value < 0) return finish('early');
  return markedMiddle(value + text.length) +
      text.length;
}
// Not in the first turn, which Maglev takes off the loop.
function loopCalled(turn) { return turn === 2 ? finish(turn) : turn; }
function atLoopMaglev(turns, text) {
  var sum = 0;
  for (var i = 0; i < turns; i++) {
    sum += text.length;
    sum += loopCalled(i);
  }
  return sum;
}
// What only the data say that a frame is deoptimized by: a function of V8's own in the middle of optimized code, names that the
// program computes, and an iterator's maker that a for...of waits for.
var kRead = Symbol('read');
class Named {
  [kRead](value) { return atIterating({[Symbol.iterator]: makeIterator}) + value; }
  ['get' + 'All'](value) { return this[kRead](value) + 1; }
}
function makeIterator() {
  finish('iterator');
  return [1][Symbol.iterator]();
}
function atIterating(list) {
  var sum = 0;
  for (const x of
      list) {
    sum += x;
  }

  return sum;
}
function atNames(named, value) {
  var result = 7;
  result += named.getAll(value);
  return result;
}
function atChecking(value) {
  if (value > 1000) atNames(new Named(), value);  // never taken while it was hot
  return value + 1;
}
function atMapping(list) {
  return list.map(function mapped(value) { return atChecking(value); });
}
function tierTop(value) { return atTierMiddle(value, 'mixed') + 1; }
function atTierMiddle(value, text) { return atTierBottom(value + 1, text, null) + 1; }
function atTierBottom(value, text) { return finish(text + value); }
function warm(f, list) {
  prepare(f);
  for (var i = 0; i < 4; i++) f.apply(null, list);
}
function optimized(f, list, next) {
  warm(f, list);
  next(f);
  f.apply(null, list);
  tiers[f.name] = status(f);
}
function osr(count, text) {
  var sum = 0;
  for (var i = 0; i < count; i++) {
    sum += i & 3;
    if (i === count - 1) sum += finish(text);
  }
  return sum;
}
class Base {
  constructor(name, size) {
    this.name = name;
    this.made = this.build(size);
  }
  build(size) { return finish(size); }
}
class Derived extends Base {
  constructor(name) {
    super(name + '!', 42);
    this.more = true;
  }
  get wide() { return finish('wide' + this.name); }
  set wide(value) { finish(value); }
  static make(kind) { return new Derived(kind); }
  ['computed name'](value) { return finish(value); }
}
var sloppy = new Function('finish', 'return function atSloppy(a, b) { a = 5; return finish(arguments.length); }')(finish);

var places = {
  interpreted: function() { record('atRecursion', [0, 'label4321', {deep: true}]); return atRecursion(4, 'label', {deep: true}); },
  baseline: function() {
    record('atRecursionBaseline', [0, 'base']);
    atRecursionBaseline(3, 'base');
    baselineNow(atRecursionBaseline);
    tiers.atRecursionBaseline = status(atRecursionBaseline);
    return run(function() { return atRecursionBaseline(5, 'base'); });
  },
  optimized: function() {
    record('atRecursionOptimized', [0, 'opt']);
    optimized(atRecursionOptimized, [3, 'opt'], optimizeNext);
    return run(function() { return atRecursionOptimized(5, 'opt'); });
  },
  maglev: function() {
    record('atRecursionMaglev', [0, 'mag']);
    optimized(atRecursionMaglev, [3, 'mag'], maglevNext);
    return run(function() { return atRecursionMaglev(5, 'mag'); });
  },
  inlined: function() {
    record('atInlining', [3, 'text']);
    prepare(inlinedInner); prepare(inlinedMiddle);
    optimized(atInlining, [3, 'text'], optimizeNext);
    return run(function() { return atInlining(3, 'text'); });
  },
  inlined_maglev: function() {
    record('atInliningMaglev', [3, 'text']);
    prepare(inlinedInner); prepare(inlinedMiddle);
    optimized(atInliningMaglev, [3, 'text'], maglevNext);
    return run(function() { return atInliningMaglev(3, 'text'); });
  },
  stale: function() {
    record('atStale', [3, 'text']);
    prepare(staleMiddle);
    optimized(atStale, [3, 'text'], optimizeNext);
    return run(function() { return atStale(3, 'text'); });
  },
  stale_maglev: function() {
    record('atStaleMaglev', [3, 'text']);
    prepare(staleMiddle);
    optimized(atStaleMaglev, [3, 'text'], maglevNext);
    return run(function() { return atStaleMaglev(3, 'text'); });
  },
  marked: function() {
    record('atMarked', [3, 'text']);
    prepare(markedMiddle);
    optimized(atMarked, [3, 'text'], optimizeNext);
    return run(function() { return atMarked(3, 'text'); });
  },
  marked_maglev: function() {
    record('atMarkedMaglev', [90, 'text']);
    prepare(markedMiddle);
    optimized(atMarkedMaglev, [90, 'text'], maglevNext);
    return run(function() { return atMarkedMaglev(90, 'text'); });
  },
  loop_maglev: function() {
    record('atLoopMaglev', [4, 'text']);
    attempt('%NeverOptimizeFunction(f)', loopCalled);  // nor is it inlined
    optimized(atLoopMaglev, [4, 'text'], maglevNext);
    return run(function() { return atLoopMaglev(4, 'text'); });
  },
  translated: function() {
    record('atIterating', [{}]);
    record('atMapping', [[1, 2000]]);
    attempt('%NeverOptimizeFunction(f)', makeIterator);
    optimized(atIterating, [{[Symbol.iterator]: makeIterator}], maglevNext);
    prepare(Named.prototype[kRead]); prepare(Named.prototype.getAll);
    optimized(atNames, [new Named(), 3], optimizeNext);
    prepare(atChecking);
    optimized(atMapping, [[1, 2]], optimizeNext);
    return run(function() { return atMapping([1, 2000]); });
  },
  mixed: function() {
    record('atTierMiddle', [9, 'mixed']);
    record('atTierBottom', [10, 'mixed', null]);
    prepare(atTierMiddle);
    tierTop(9);
    baselineNow(tierTop);
    optimized(atTierMiddle, [9, 'mixed'], optimizeNext);
    return run(function() { return tierTop(9); });
  },
  osr: function() { return run(function() { return osr(300000, 'osr'); }); },
  forEach: function() { record('atForEach', [2, 1, [1, 2, 3]]); return [1, 2, 3].forEach(function atForEach(value, index) { if (index === 1) finish(value); }); },
  map: function() { return [1, 2, 3].map(v => v === 3 ? finish(v) : v); },
  reduce: function() { return ['a', 'b'].reduce((sum, v) => finish(sum + v), '>'); },
  from: function() { return Array.from({length: 2}, (nothing, i) => i && finish(i)); },
  sort: function() { return [3, 1, 2].sort(function compare(a, b) { return finish(0) || a - b; }); },
  typed: function() { return new Uint8Array([1, 2]).map((v) => finish(v)); },
  optimized_forEach: function() {
    var looper = function looper(list, seen) { list.forEach(function each(value) { seen.n += value; if (value === 9) finish(value); }); return seen; };
    optimized(looper, [[1, 2], {n: 0}], optimizeNext);
    return run(function() { return looper([1, 9], {n: 0}); });
  },
  replace: function() { return 'abc'.replace(/b/g, function replacer(match) { return finish(match); }); },
  replace_string: function() { return 'abc'.replace('b', (match) => finish(match)); },
  reviver: function() { return JSON.parse('{"a":[1,{"b":2}]}', function reviver(key, value) { return key === 'b' ? finish(value) : value; }); },
  toJSON: function() { return JSON.stringify({a: {toJSON: function toJSON(key) { return finish(key); }}}); },
  call: function() { record('atCalled', [1, 'b']); return (function atCalled(a, b) { return finish(a + b); }).call({me: 1}, 1, 'b'); },
  apply: function() { record('atApplied', [1, 2, 3]); return Reflect.apply(function atApplied(a) { return finish(a); }, 'text', [1, 2, 3]); },
  bind: function() { record('atBound', ['first', 2]); return (function atBound(a, b) { return finish(a + b); }).bind({me: 2}, 'first')(2); },
  few: function() { record('atFew', [1]); return (function atFew(a, b, c) { return finish(a); })(1); },
  many: function() { record('atMany', [1, 2, 3, 4, 5]); return (function atMany(a) { return finish(a); })(1, 2, 3, 4, 5); },
  rest: function() { record('atRest', [1, 2.5, 'three', true, undefined]); return (function atRest(a, ...b) { return finish(b.length); })(1, 2.5, 'three', true, undefined); },
  defaults: function() { record('atDefaults', [undefined, 'x']); return (function atDefaults(a = 5, {length} = '') { return finish(a + length); })(undefined, 'x'); },
  sloppy: function() { return sloppy(1, 2); },
  construct: function() { return Derived.make('thing'); },
  reflect_construct: function() { return Reflect.construct(Derived, ['thing'], Base); },
  getter: function() { var o = Object.create(Derived.prototype); o.name = 'g'; return o.wide; },
  setter: function() { var o = Object.create(Derived.prototype); o.wide = 5; return o; },
  computed: function() { return Derived.prototype['computed name'](3); },
  field: function() { return new Function('finish', 'return new (class Fielded { field = finish(1); })()')(finish); },
  static_field: function() { return new Function('finish', 'return class Fielded { static field = finish(1); }')(finish); },
  eval: function() { var local = 3; return eval('local +\n  finish(local)'); },
  indirect_eval: function() { return (0, eval)('var x = 1;\n   finishStack(x)'); },
  function_constructor: function() { return new Function('a', 'b', 'return finishStack(a + b)')(1, 2); },
  vm: function() { return require('vm').runInThisContext('function inVm() { return finishStack(7); }\n inVm()', {filename: '/virtual/script.js', lineOffset: 10, columnOffset: 5}); },
  vm_negative: function() { return new (require('vm').Script)('\n\n\n\n\n\n\nfunction inVm() {\n return finishStack(7); }\n inVm()', {filename: '/virtual/negative.js', lineOffset: -5}).runInThisContext(); },
  vm_context: function() { return require('vm').runInNewContext('(function inContext(a) { return end(a); })(8)', {end: finish}, {filename: 'context.js'}); },
  proxy_get: function() { return new Proxy({}, {get: function trap(target, key) { return finish(key); }}).missing; },
  proxy_apply: function() { return new Proxy(function() {}, {apply(target, self, list) { return finish(list); }})(1, 2); },
  proxy_has: function() { return 'x' in new Proxy({}, {has: (target, key) => finish(key)}); },
  generator: function() { var g = (function* atGenerator(a) { yield a; yield finish(a); })(4); g.next(); return g.next('sent'); },
  iterator: function() { for (var x of {[Symbol.iterator]() { return {next() { return {done: finish(true), value: 1}; }}; }}) return x; },
  spread: function() { return Math.max(...{* [Symbol.iterator]() { yield finish(1); }}); },
  conversion: function() { return '' + {toString() { return 'x' + finish(1); }}; },
  primitive: function() { return +{[Symbol.toPrimitive](hint) { return finish(hint); }}; },
  tagged: function() { function tag(strings, a) { return finish(a); } return tag`one${1}two`; },
  trying: function() { try { throw new Error('x'); } catch (error) { try { finish(1); } finally { args.fine = []; } } },
  mapForEach: function() { return new Map([[1, 2]]).forEach(function entry(value, key, map) { finish(value); }); },
  async_start: function() { (async function atAsync(a) { finish(a); await 1; })(1); },
  async_later: function() { (async function later(a) { await null; await inner(a); })(1); async function inner(b) { await 0; finish(b); } },
  then: function() { Promise.resolve(5).then(function onResolved(value) { finish(value); }); },
  async_generator: function() { (async function() { for await (var x of (async function* items() { yield 1; finish(1); })()) if (x > 5) return; })(); },
  thenable: function() { Promise.resolve({then(resolve) { finish(1); resolve(); }}); },
  timeout: function() { setTimeout(function onTimeout(a, b) { finish(a + b); }, 1, 1, 2); },
  immediate: function() { setImmediate((a) => finish(a), 1); },
  nextTick: function() { process.nextTick(function onTick(a) { finish(a); }, 1); },
  microtask: function() { queueMicrotask(() => finish(1)); },
  emitter: function() {
    var emitter = new (require('events'))();
    emitter.on('event', function onEvent(a, b) { finish(a); });
    emitter.emit('event', 1, 2);
  },
  file: function() { require('fs').readFile(__filename, function onRead(error, data) { finish(data.length); }); },
  module: function() { return require('./stacks/module.js').exported('m'); },
  esm: function() {
    new Function('p', 'return import(p)');
    return attempt('import(f)', path.join(__dirname, 'stacks', 'module.mjs')) ||
        require('./stacks/import.js')(path.join(__dirname, 'stacks', 'module.mjs'));
  },
  worker: function() {
    var Worker = require('worker_threads').Worker;
    new Worker(path.join(__dirname, 'stacks', 'worker.js'), {workerData: {inner: 'reviver'}});
  },
  arguments_object: function() { record('atArguments', ['a', 'b', 'c']); return (function atArguments() { return finish(arguments.length); })('a', 'b', 'c'); },
  native_callback: function() { return process.binding ? require('zlib').deflate('text', function onDeflated(error, data) { finish(data.length); }) : 0; },
  wasm: function() {
    // (import "e" "f"), a function that calls it, and an exported one that calls that: 0, 1, 2.
    var bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 2, 7, 1, 1, 101, 1, 102, 0, 0, 3, 3, 2, 0, 0, 7, 7, 1, 3, 114, 117, 110, 0, 2,
      10, 18, 2, 6, 0, 32, 0, 16, 0, 11, 9, 0, 32, 0, 16, 1, 65, 1, 106, 11];
    var instance = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(bytes)), {e: {f: function atImport(a) { return finish(a); }}});
    return (function atRun(a) { return instance.exports.run(a); })(5);
  },
  symbol_name: function() { var s = Symbol('described'); return {[s](a) { return finish(a); }}[s](1); },
  deep: function() { function down(n) { return n === 0 ? finish(n) : down(n - 1) + 1; } return down(200); }
};

function run(f) {
  die = true;
  return f();
}
var rehearsed = ['baseline', 'optimized', 'maglev', 'inlined', 'inlined_maglev', 'stale', 'stale_maglev', 'marked', 'marked_maglev', 'loop_maglev', 'translated', 'mixed', 'osr', 'optimized_forEach'];

function main() {
  if (place === 'list') return console.log(Object.keys(places).join(' '));
  if (rehearsed.indexOf(place) < 0) die = true;
  return places[place]();
}
main();
