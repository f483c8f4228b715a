'use strict';
// Closures: counters, chains of contexts, siblings that share a scope with something big, bound functions, suspended
// generators, closures that were dropped.
var graph = require('./graph_common.js');

var kCounters = 27000;
var kChains = 300;
var kChainLength = 12;
var kShared = 400;
var kBound = 9000;
var kGenerators = 3000;

class Ledger {
  constructor(i) {
    this.id = i;
    this.lines = [i, i + 0.5, 'line ' + graph.text(i + 1, 60)];
  }
}
class SharedScope {
  constructor(i) {
    this.id = i;
    this.big = new Array(500).fill(i);
  }
}
class Target {
  constructor(i) { this.id = i; }
  handle(a, b) { return [this.id, a, b]; }
}
class Argument {
  constructor(i) { this.text = graph.text(i + 5, 30); }
}
class Sequence {
  constructor(i) { this.steps = [i, i + 1, i + 2]; }
}
class Forgotten {
  constructor(i) { this.id = i; }
}

function counter(i) {
  var ledger = new Ledger(i);
  var count = 0;
  return {
    add: function add(n) { return count += n; },
    ledger: function ledgerOf() { return ledger; }
  };
}

function link(previous, depth) {
  var name = 'link' + depth;
  var payload = [depth, depth * 1.5];
  return function next() { return previous ? previous() + payload[0] : name; };
}

// `small` keeps the whole scope, and with it the big object, which only the other closure uses.
function siblings(i) {
  var scope = new SharedScope(i);
  var reader = function reader() { return scope.big.length; };
  var small = function small() { return i; };
  return {small: small, hasReader: typeof reader};
}

function* walk(i) {
  var sequence = new Sequence(i);
  for (var k = 0; k < sequence.steps.length; k++) {
    try {
      yield sequence.steps[k];
    } finally {
      sequence.last = k;
    }
  }
}

graph.main('graph_closures', function(facts, done) {
  var i, k;
  var counters = graph.keep([]);
  for (i = 0; i < kCounters; i++) counters.push(counter(i));
  for (i = 0; i < kCounters; i += 3) counters[i].add(1.25);

  var chains = graph.keep([]);
  for (i = 0; i < kChains; i++) {
    var last = null;
    for (k = 0; k < kChainLength; k++) last = link(last, i * kChainLength + k);
    chains.push(last);
  }

  var shared = graph.keep([]);
  for (i = 0; i < kShared; i++) shared.push(siblings(i));

  var bound = graph.keep([]);
  for (i = 0; i < kBound; i++) {
    var target = new Target(i);
    bound.push(target.handle.bind(target, new Argument(i)));
  }

  var generators = graph.keep([]);
  for (i = 0; i < kGenerators; i++) {
    var generator = walk(i);
    generator.next();
    generators.push(generator);
  }

  for (i = 0; i < 5000; i++) (function(forgotten) { return function() { return forgotten; }; })(new Forgotten(i));

  facts.live('Ledger', kCounters);
  facts.live('SharedScope', kShared);
  facts.live('Target', kBound);
  facts.live('Argument', kBound);
  facts.live('Sequence', kGenerators);
  facts.gone('Forgotten', 5000);
  done();
});
