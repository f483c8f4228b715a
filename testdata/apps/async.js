'use strict';
// Async work of every kind, of which the program keeps its own books: async functions at awaits of timers, of each other,
// of Promise.all, of emitters, of what nobody settles; generators; promises of all states, rejections with and without
// handlers; ticks, microtasks and AsyncLocalStorage stores at the moment of death.
//   node --expose-gc --unhandled-rejections=none async.js COUNT
// Facts: "suspended" [{kind, name, line, column, count, waits_for}], places found by the marks /*@name*/ in front of await
// and yield; "promises" counts by state of those that hold a Marker; "unhandled" messages; "ticks", "microtasks" by name;
// "stores" of AsyncLocalStorage; "trace": the place that V8 itself tells in an async stack trace.
var fs = require('fs');
var util = require('util');
var events = require('events');
var async_hooks = require('async_hooks');
var common = require('./common.js');

var kMany = Number(process.argv[2] || 10);
var source = fs.readFileSync(__filename, 'utf8').split('\n');
var books = [];
process.on('unhandledRejection', function() {});

function place(name) {
  var mark = '/*@' + name + '*/';
  for (var i = 0; i < source.length; i++) {
    var at = source[i].indexOf(mark);
    if (at >= 0) return {line: i + 1, column: at + mark.length + 1};
  }
  throw new Error('no mark ' + name);
}
function book(kind, name, count, waits) {
  var at = place(name);
  books.push({kind: kind, name: name, line: at.line, column: at.column, count: count, waits_for: waits});
}

class Marker { constructor(i) { this.i = i; } }
var sleep = util.promisify(setTimeout);
var i;

// A timer, and who awaits whom.
async function load(i) {
  var x = {i: i};
  /*@load*/await sleep(1e6 + 7, x);
  return x;
}
async function handle(i) {
  for (var k = 0; k < 2; k++) {
    var got = /*@handle*/await load(i);
    if (!got) return null;
  }
  return got;
}
async function middleware(i) {
  try {
    return /*@middleware*/await handle(i);
  } finally {
    i = 0;
  }
}
for (i = 0; i < kMany; i++) common.keep(middleware(i));
book('async function', 'load', kMany, 'timer');
book('async function', 'handle', kMany, 'async_function');
book('async function', 'middleware', kMany, 'async_function');

// A resolve function in a Map, one that nobody has, an emitter's.
var waiting = common.keep(new Map());
async function request(i) { return /*@request*/await new Promise(function(resolve) { waiting.set(i, resolve); }); }
for (i = 0; i < kMany; i++) common.keep(request(i));
book('async function', 'request', kMany, 'resolve_function');
var never = common.keep(new Promise(function() {}));
async function stuck() { /*@stuck*/await never; }
for (i = 0; i < kMany; i++) common.keep(stuck());
book('async function', 'stuck', kMany, 'nothing_found');
class Connection extends events.EventEmitter {}
var connection = common.keep(new Connection());
connection.setMaxListeners(0);
async function ready() { return /*@ready*/await new Promise(function(resolve) { connection.once('ready', resolve); }); }
for (i = 0; i < kMany; i++) common.keep(ready());
book('async function', 'ready', kMany, 'object');

// What events.on() waits for, pairs of functions in an array of an object of a class.
async function reader() { for await (var /*@reader*/x of events.on(connection, 'data')) if (!x) return; }
if (events.on) {
  for (i = 0; i < kMany; i++) common.keep(reader());
  book('async function', 'reader', kMany, 'object');
}
class Pool {
  constructor() { this.queue = []; }
  get() { return new Promise((resolve, reject) => this.queue.push({resolve, reject})); }
}
var pool = common.keep(new Pool());
async function pooled() { /*@pooled*/await pool.get(); }
for (i = 0; i < kMany; i++) common.keep(pooled());
book('async function', 'pooled', kMany, 'object');

// then() and Promise.all.
async function chained(i) { return /*@chained*/await load2(i).then(function onLoad(x) { return x; }); }
async function load2(i) { return /*@load2*/await sleep(1e6 + 8, i); }
for (i = 0; i < kMany; i++) common.keep(chained(i));
book('async function', 'chained', kMany, 'then');
book('async function', 'load2', kMany, 'timer');
async function gather(i) { return /*@gather*/await Promise.all([load3(i), load3(-i)]); }
async function load3(i) { return /*@load3*/await sleep(1e6 + 9, i); }
for (i = 0; i < kMany; i++) common.keep(gather(i));
book('async function', 'gather', kMany, 'combinator');
book('async function', 'load3', 2 * kMany, 'timer');

// Generators: at a yield, at an await, not begun (which is suspended too), at the second yield; over ones do not count.
function* numbers(i) {
  yield i;
  /*@numbers*/yield i + 1;
}
async function* pages(i) {
  yield i;
  /*@pages*/await never;
  yield 2;
}
async function* rows(i) {
  /*@rows*/yield i;
}
for (i = 0; i < kMany; i++) {
  var g = common.keep(numbers(i));
  g.next(), g.next();
  var over = common.keep(numbers(i));
  over.next(), over.next(), over.next();
  var p = common.keep(pages(i));
  p.next(), common.keep(p.next());
  var r = common.keep(rows(i));
  r.next();
}
book('generator', 'numbers', kMany, 'next');
book('async generator', 'pages', kMany, 'nothing_found');
book('async generator', 'rows', kMany, 'next');

// An await in a loop over an async iterator; a method, an arrow function.
async function drain(i) {
  for await (var x of rows2(i)) if (!x) return;
}
async function* rows2(i) {
  yield i + 1;
  /*@rows2*/await sleep(1e6 + 10);
}
class Service {
  async start(i) { /*@start*/await sleep(1e6 + 11, i); }
}
var service = new Service();
var arrow = async (i) => { /*@arrow*/await sleep(1e6 + 12, i); };
for (i = 0; i < kMany; i++) common.keep(drain(i)), common.keep(service.start(i)), common.keep(arrow(i));
book('async generator', 'rows2', kMany, 'timer');
book('async function', 'start', kMany, 'timer');
book('async function', 'arrow', kMany, 'timer');

// Those that have ended do not count.
async function done(i) { await null; return new Marker(i); }
for (i = 0; i < kMany; i++) common.keep(done(i));

// Settled promises.
for (i = 0; i < kMany; i++) {
  common.keep(Promise.resolve(new Marker(i)));
  var handled = common.keep(Promise.reject(new Marker(i)));
  handled.catch(function() {});
  common.keep(Promise.reject(new Marker(i)));
}
function failing(message) {
  return Promise.reject(new Error(message));
}
for (i = 0; i < 3; i++) common.keep(failing('unhandled ' + i));
var failLine = 0;
source.forEach(function(text, at) { if (/return Promise.reject\(new Error\(message/.test(text)) failLine = at + 1; });

// What V8 itself tells of an await.
var trace = null;
async function inner() { await null; throw new Error('trace'); }
async function tracer() {
  try {
    /*@tracer*/await inner();
  } catch (error) {
    trace = error.stack;
  }
}
tracer();

// AsyncLocalStorage: timers carry a store, and in the end ticks do.
class Store { constructor(i) { this.i = i; } }
var als = common.keep(new async_hooks.AsyncLocalStorage());
for (i = 0; i < kMany; i++) als.run(new Store(i), function() { common.keep(setTimeout(function() {}, 1e6)); });

// Awaits while promise hooks are on.
async function carried(i) { /*@carried*/await sleep(1e6 + 13, i); }
for (i = 0; i < kMany; i++) common.keep(carried(i));
book('async function', 'carried', kMany, 'timer');

function onTick() {}
function onOtherTick() {}
function onMicrotask() {}
function onThen() {}
async function resumed() { /*@resumed*/await null; }
function last() {
  for (var i = 0; i < kMany; i++) {
    process.nextTick(onTick, i);
    if (i % 2 === 0) als.run(new Store(i), process.nextTick, onOtherTick);
    queueMicrotask(onMicrotask);
    Promise.resolve(i).then(onThen);
    resumed();
  }
  for (i = 0; i < 3; i++) outer();
  for (i = 0; i < 2; i++) common.keep(heldLost());
}
// Calls that nobody can resume: what they await is garbage, and they are. The promise of one is held, in vain.
async function lost() { /*@lost*/await new Promise(function() {}); }
async function outer() { /*@outer*/await lost().then(function(x) { return x; }); }
async function heldLost() { /*@heldLost*/await new Promise(function() {}); }
var lostBooks = [['lost', 3, 'nobody'], ['outer', 3, 'lost'], ['heldLost', 2, 'nobody']].map(function(b) {
  return {name: b[0], line: place(b[0]).line, column: place(b[0]).column, count: b[1], waits_for: b[2]};
});
if (typeof queueMicrotask === 'undefined') global.queueMicrotask = function(f) { Promise.resolve().then(f); };
book('async function', 'resumed', kMany, 'microtask');

setImmediate(function() {
  setImmediate(function() {
    var seen = /at async tracer .*async\.js:(\d+):(\d+)/.exec(trace) || [];
    common.finish({
      file: __filename, many: kMany, lost: lostBooks, suspended: books.filter(function(b) { return b.name !== 'drain'; }),
      drain: {name: 'drain', count: kMany},
      promises: {fulfilled: 2 * kMany, handled: kMany, unhandled: kMany},
      unhandled: ['unhandled 0', 'unhandled 1', 'unhandled 2'], fail_line: failLine,
      trace: {line: Number(seen[1]), column: Number(seen[2])}, tracer: place('tracer'),
      ticks: [{name: 'onTick', count: kMany}, {name: 'onOtherTick', count: Math.ceil(kMany / 2)}],
      microtasks: [{name: 'onMicrotask', kind: 'queueMicrotask', count: kMany}, {name: 'onThen', kind: 'fulfilled', count: kMany},
                   {name: 'resumed', kind: 'await', count: kMany}],
      stores: {timers: kMany, ticks: Math.ceil(kMany / 2), distinct: kMany + Math.ceil(kMany / 2)}
    }, last);
  });
});
