'use strict';
// A server that leaks until V8 gives up: run with --max-old-space-size=100. The counters of truthCounters() are raised as
// the first act of each constructor and can be read from the core, so the truth at the moment of death is exact (+1 for an
// object allocated whose constructor had not begun). Facts are printed before the leak starts.
//   oom.js [steady|burst|strings]
var common = require('./common.js');
var mode = process.argv[2] || 'steady';
var counters = common.truthCounters(4, 1);

class LeakSession {
  constructor(id) {
    counters[0]++;
    this.id = id;
    this.user = 'user:' + id;
    this.started = id * 1.5;
    this.requests = [];
  }
}
class LeakRequest {
  constructor(session, n) {
    counters[1]++;
    this.session = session;
    this.url = '/item/' + n;
    this.headers = {host: 'localhost', accept: '*/*', n: n};
  }
}
class LeakListener {
  constructor(session) {
    counters[2]++;
    this.session = session;
    this.handler = () => session.id;
  }
}
class LeakChunk {
  constructor(n) {
    counters[3]++;
    this.text = ('chunk ' + n + ' ').repeat(20).split(' ').join('-');
  }
}

common.print({
  app: 'oom', mode: mode,
  truth: {identity: 1, counters: ['LeakSession', 'LeakRequest', 'LeakListener', 'LeakChunk']},
  classes: ['LeakSession', 'LeakRequest', 'LeakListener', 'LeakChunk'].map(function(name) {
    return {name: name, prototypes: 0};
  })
});

var cache = common.keep(new Map());
var listeners = common.keep([]);
var next = 0;

function step() {
  var session = new LeakSession(next);
  cache.set('user:' + next, session);
  next++;
  for (var r = 0; r < 3; r++) session.requests.push(new LeakRequest(session, next * 3 + r));
  if (next % 4 === 0) listeners.push(new LeakListener(session));
  if (mode === 'strings' || next % 16 === 0) listeners.push(new LeakChunk(next));
}

if (mode === 'burst') {
  for (;;) step();  // never returns to the event loop
}
(function tick() {
  for (var i = 0; i < 500; i++) step();
  setImmediate(tick);
})();
