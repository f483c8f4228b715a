'use strict';
// Promises: pending ones with reactions, long chains, suspended async functions and generators, resolved values, Promise.all
// over promises that never come, and many that are done and gone.
var graph = require('./graph_common.js');

var kDeferred = 16000;
var kChains = 200;
var kChainLength = 30;
var kTasks = 11000;
var kSettled = 9000;
var kGroups = 100;
var kPerGroup = 20;
var kStreams = 1000;

class Deferred {
  constructor(i) {
    var self = this;
    this.id = i;
    this.promise = new Promise(function(resolve, reject) {
      self.resolve = resolve;
      self.reject = reject;
    });
  }
}
class Reply {
  constructor(i) { this.body = graph.text(i + 1, 80); }
}
class TaskState {
  constructor(i) {
    this.id = i;
    this.log = ['started', i, i / 7];
  }
}
class SettledValue {
  constructor(i) {
    this.id = i;
    this.list = [i, String(i)];
  }
}
class SourceState {
  constructor(i) { this.position = i; }
}
class Finished {
  constructor(i) { this.id = i; }
}

async function task(i, gate) {
  var state = new TaskState(i);
  try {
    await gate.promise;
    state.log.push('resumed');
  } finally {
    state.log.push('done');
  }
  return state;
}

async function* source(i) {
  var state = new SourceState(i);
  while (state.position >= 0) yield state.position++;
}

graph.main('graph_promises', function(facts, done) {
  var i, k;
  var deferred = graph.keep([]);
  var react = function(d, reply) {
    d.promise.then(function() { return reply.body; }, function(error) { return [error, reply]; });
  };
  for (i = 0; i < kDeferred; i++) {
    var d = new Deferred(i);
    react(d, new Reply(i));
    deferred.push(d);
  }

  var never = graph.keep(new Deferred(-1));
  var chains = graph.keep([]);
  var step = function(n) { return function(value) { return value + n; }; };
  for (i = 0; i < kChains; i++) {
    var last = never.promise;
    for (k = 0; k < kChainLength; k++) last = last.then(step(k));
    chains.push(last);
  }

  // Nothing holds these but the promise they wait for.
  for (i = 0; i < kTasks; i++) task(i, deferred[i % 500]);

  var settled = graph.keep([]);
  for (i = 0; i < kSettled; i++) settled.push(Promise.resolve(new SettledValue(i)));

  var groups = graph.keep([]);
  for (i = 0; i < kGroups; i++) {
    var members = [];
    for (k = 0; k < kPerGroup; k++) members.push(deferred[1000 + i * kPerGroup + k].promise);
    groups.push(i % 2 ? Promise.all(members) : Promise.race(members));
  }

  var sources = graph.keep([]);
  var started = [];
  for (i = 0; i < kStreams; i++) {
    var iterator = source(i);
    started.push(iterator.next());
    sources.push(iterator);
  }

  var gone = [];
  for (i = 0; i < 4000; i++) gone.push(Promise.resolve(new Finished(i)).then(function(finished) { return finished.id; }));

  facts.live('Deferred', kDeferred + 1);
  facts.live('Reply', kDeferred);
  facts.live('TaskState', kTasks);
  facts.live('SettledValue', kSettled);
  facts.live('SourceState', kStreams);
  facts.gone('Finished', 4000);
  Promise.all(started.concat(gone)).then(function() {
    started = gone = null;
    done();
  });
});
