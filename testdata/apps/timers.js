'use strict';
// Timers of every kind, of which the program keeps its own books: timeouts of one and of many durations, intervals,
// immediates, unref'd, refreshed, cleared and fired ones, timers of promises and of AbortSignal.timeout().
//   node --expose-gc --expose-internals timers.js COUNT [immediate|timeout|interval]
// The second word says in what kind of callback the process dies; the callbacks that would have followed in that round are
// pending too. Facts: "groups" [{kind, line, interval, count, unrefed, first_due, last_due}] of what is pending, in
// milliseconds, told by the line on which the callback is written; "over" [{state, line, kind, count}] what is not, but
// still held; "now" libuv's time in milliseconds since Node.js began.
var util = require('util');
var common = require('./common.js');

var kMany = Number(process.argv[2] || 10);
var kMode = process.argv[3] || 'immediate';
var kMinute = 60000;
var binding = null;
try {
  binding = require('internal/test/binding').internalBinding('timers');
} catch (error) {
  binding = null;  // without --expose-internals
}

var books = [];   // {kind, line, interval, timers: []}
var over = [];    // {state, line, kind, count}

function lineOf(error) {
  var match = /timers\.js:(\d+):\d+\)?$/m.exec(error.stack.split('\n')[1]);
  return match ? Number(match[1]) : 0;
}
function book(kind, line, interval, timer) {
  var entry = books.filter(function(b) { return b.kind === kind && b.line === line && b.interval === interval; })[0];
  if (!entry) books.push(entry = {kind: kind, line: line, interval: interval, timers: []});
  entry.timers.push(timer);
  return timer;
}

class Job {
  constructor(i) { this.data = new Array(50).fill(i); }
}
var i, line;

// Many of one duration, each with a closure of its own.
function start(job) { return setTimeout(function onJob() { return job; }, 30 * kMinute); }
line = lineOf(new Error()) - 1;
for (i = 0; i < kMany; i++) book('timeout', line, 30 * kMinute, start(new Job(i)));
var jobLine = line;

// Many durations with one callback; every third unref'd.
function onDuration() {}
line = lineOf(new Error()) - 1;
for (i = 0; i < kMany; i++) {
  var one = book('timeout', line, 40 * kMinute + i, setTimeout(onDuration, 40 * kMinute + i, 'argument', i));
  if (i % 3 === 0) one.unref();
}

// Intervals.
class Poller {
  constructor(i) {
    this.history = [i];
    this.timer = setInterval(this.poll.bind(this), 10 * kMinute);
  }
  poll() { this.history.push(1); }
}
line = lineOf(new Error()) - 2;
for (i = 0; i < kMany; i++) {
  var poller = new Poller(i);
  book('interval', line, 10 * kMinute, poller.timer);
  if (i % 5 === 0) poller.timer.unref();
}

// Fractions do not count, too large and too small numbers become 1, numbers may be strings.
function onOdd() {}
line = lineOf(new Error()) - 1;
book('timeout', line, 90000.75, setTimeout(onOdd, 90000.75));
book('timeout', line, 90001, setTimeout(onOdd, '90001'));

// Refreshed, unref'd and ref'd again, started anew.
function onRefresh() {}
line = lineOf(new Error()) - 1;
book('timeout', line, 50 * kMinute, setTimeout(onRefresh, 50 * kMinute)).refresh();
book('timeout', line, 50 * kMinute, setTimeout(onRefresh, 50 * kMinute)).unref().refresh();
book('timeout', line, 50 * kMinute, setTimeout(onRefresh, 50 * kMinute)).unref().ref();

// Cleared, and held.
function onCleared() {}
line = lineOf(new Error()) - 1;
var held = common.keep([]);
for (i = 0; i < kMany; i++) {
  held.push(setTimeout(onCleared, 20 * kMinute + i % 7));
  held.push(setInterval(onCleared, 20 * kMinute));
}
held.forEach(function(timer) { clearTimeout(timer); });
over.push({state: 'cleared', kind: 'timeout', count: kMany}, {state: 'cleared', kind: 'interval', count: kMany});

// Fired, and held.
function onFired() {}
for (i = 0; i < kMany; i++) held.push(setTimeout(onFired, 1 + i % 3));
over.push({state: 'over', kind: 'timeout', count: kMany});
var immediates = common.keep([]);
for (i = 0; i < kMany; i++) immediates.push(setImmediate(onFired));
for (i = 0; i < 3; i++) {
  immediates.push(setImmediate(onFired));
  clearImmediate(immediates[immediates.length - 1]);
}
over.push({state: 'over', kind: 'immediate', count: kMany + 3});

// Timers that promises wait for.
var promises = [];
var sleep = util.promisify(setTimeout);
async function sleeper(i) {
  await sleep(15 * kMinute, i);
  return i;
}
line = lineOf(new Error()) - 4;
for (i = 0; i < kMany; i++) common.keep(sleeper(i));
promises.push({line: line, interval: 15 * kMinute, count: kMany});
var timersPromises = null;
try {
  timersPromises = require('timers/promises');
} catch (error) {
  timersPromises = null;  // before 15
}
if (timersPromises) {
  var napper = async function napper(ms) {
    await timersPromises.setTimeout(ms, 'value');
  };
  line = lineOf(new Error()) - 3;
  for (i = 0; i < kMany; i++) common.keep(napper(16 * kMinute));
  promises.push({line: line, interval: 16 * kMinute, count: kMany});
}

// AbortSignal.timeout(): 16.14 and 17.3.
var signals = [];
if (typeof AbortSignal === 'function' && AbortSignal.timeout) {
  for (i = 0; i < kMany; i++) signals.push(common.keep(AbortSignal.timeout(25 * kMinute)));
}

function pendingImmediates() {
  function onImmediate() {}
  var line = lineOf(new Error()) - 1;
  for (var i = 0; i < kMany; i++) book('immediate', line, null, setImmediate(onImmediate, i));
  book('immediate', line, null, setImmediate(onImmediate)).unref();
}

function finish() {
  var now = binding ? binding.getLibuvNow() : null;
  function due(timer) { return timer._idleStart + Math.trunc(timer._idleTimeout) - now; }
  var facts = {
    file: __filename,
    many: kMany,
    mode: kMode,
    now: now,
    groups: books.map(function(entry) {
      var dues = entry.interval === null || now === null ? [] : entry.timers.filter(function(t) { return t._idleNext; }).map(due);
      return {
        kind: entry.kind, line: entry.line, interval: entry.interval, count: entry.timers.length,
        unrefed: entry.timers.filter(function(t) { return !t.hasRef(); }).length,
        first_due: dues.length ? dues.reduce(function(a, b) { return Math.min(a, b); }) : null,
        last_due: dues.length ? dues.reduce(function(a, b) { return Math.max(a, b); }) : null
      };
    }),
    over: over, promises: promises,
    signals: {count: signals.length, interval: 25 * kMinute},
    job: {class: 'Job', line: jobLine, variable: 'job', count: kMany}
  };
  common.finish(facts);
}

// The end begins when what is to fire has fired.
var ending = {
  // Pending immediates stand in the queue.
  immediate: function() { setImmediate(function() { pendingImmediates(); finish(); }); },
  // Immediates that follow in the round that has begun; timers that are due, behind the one that runs.
  timeout: function() {
    function onDue() {}
    var line = lineOf(new Error()) - 1;
    setTimeout(finish, 60);
    setTimeout(function() {  // of the same duration: it runs after that, were it not for the end
      return 1;
    }, 60);
    book('timeout', lineOf(new Error()) - 3, 60, {_idleNext: null, hasRef: function() { return true; }});
    for (var i = 0; i < kMany; i++) book('timeout', line, 60, setTimeout(onDue, 60));
  },
  // An interval runs: it is pending all the same.
  interval: function() {
    var interval = setInterval(function onInterval() {
      pendingImmediates();
      finish();
    }, 50);
    book('interval', lineOf(new Error()) - 4, 50, interval);
    setImmediate(function() {});
  },
  // The rest of a list of immediates, of which the first one is the end.
  queue: function() {
    setImmediate(finish);
    pendingImmediates();
  }
};
setTimeout(ending[kMode], 80);
