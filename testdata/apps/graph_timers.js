'use strict';
// Timers: many of one duration, one of many durations, intervals, timers not held by anything else, cleared ones.
var graph = require('./graph_common.js');

var kSame = 27000;
var kDurations = 400;
var kPerDuration = 20;
var kIntervals = 5000;
var kCleared = 5000;
var kHour = 3600000;

class Job {
  constructor(i) {
    this.id = i;
    this.name = 'job-' + graph.text(i + 1, 20);
    this.arguments = {attempt: i % 5, delay: i * 0.25, queue: 'q' + i % 10};
  }
  run() { return this.id; }
}
class Session {
  constructor(i) {
    this.id = i;
    this.token = graph.text(i + 2, 90);
    this.data = new Array(20).fill(i);
    this.timeout = null;
  }
}
class Poller {
  constructor(i) {
    this.id = i;
    this.history = [i, i + 0.5, {at: i}];
    this.timer = setInterval(this.poll.bind(this), kHour + i % 8);
  }
  poll() { this.history.push(1); }
}
class Cancelled {
  constructor(i) { this.id = i; }
}

graph.main('graph_timers', function(facts, done) {
  var i, k;
  var start = function(job) { setTimeout(function() { job.run(); }, 2 * kHour); };
  for (i = 0; i < kSame; i++) start(new Job(i));

  var sessions = graph.keep([]);
  var expire = function(session) { session.token = null; };
  for (i = 0; i < kDurations; i++) {
    for (k = 0; k < kPerDuration; k++) {
      var session = new Session(i * kPerDuration + k);
      session.timeout = setTimeout(expire, 3 * kHour + i, session);  // arguments, no closure
      if (k % 4 === 0) session.timeout.unref();
      sessions.push(session);
    }
  }

  var pollers = graph.keep([]);
  for (i = 0; i < kIntervals; i++) pollers.push(new Poller(i));

  for (i = 0; i < kCleared; i++) {
    clearTimeout((function(cancelled) { return setTimeout(function() { return cancelled; }, 4 * kHour); })(new Cancelled(i)));
  }

  facts.live('Job', kSame);
  facts.live('Session', kDurations * kPerDuration);
  facts.live('Poller', kIntervals);
  facts.gone('Cancelled', kCleared);
  done();
});
