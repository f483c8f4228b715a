'use strict';
// N workers (default 2), worker K with 1000 * K + 500 objects of a class WorkerSessionK of its own; the main thread aborts
// while they live. Facts: "main" and "workers" [{thread, classes, spaces}]. Run with --expose-gc.
var common = require('./common.js');
var threads;
try {
  threads = require('worker_threads');
} catch (e) {
  common.writeAll(2, 'workers.js: this Node.js has no worker threads\n');
  process.exit(77);
}

function build(name, count) {
  var ctor = new Function('return class ' + name + ' { constructor(i) { this.id = i; this.user = "user:" + i; } }')();
  common.keep(ctor);
  common.make(count, function(i) { return new ctor(i); });
  return [{name: name, instances: count, prototypes: 0}];
}

if (threads.isMainThread) {
  var wanted = Number(process.argv[2] || 2);
  var ready = [];
  var mainClasses = build('MainSession', 3000);
  for (var k = 1; k <= wanted; k++) {
    var worker = new threads.Worker(__filename, {workerData: k});
    common.keep(worker);
    worker.on('error', function(e) { common.writeAll(2, 'worker: ' + e + '\n'); process.exit(1); });
    worker.on('message', function(facts) {
      ready.push(facts);
      if (ready.length !== wanted) return;
      ready.sort(function(a, b) { return a.worker - b.worker; });
      // A moment, so that every worker is asleep in its event loop and allocates nothing but its statistics.
      setTimeout(function() { common.finish({app: 'workers', classes: mainClasses}, null, latest); }, 200);
    });
  }
  // The workers go on collecting for themselves, so what they said of their spaces when they began is too old.
  var latest = function() {
    return {workers: ready.map(function(w) {
      return {worker: w.worker, thread: w.thread, classes: w.classes, spaces: w.names.map(function(name, i) { return {space: name, used: w.used[i]}; })};
    })};
  };
} else {
  var facts = {worker: threads.workerData, thread: threads.threadId};
  facts.classes = build('WorkerSession' + threads.workerData, 1000 * threads.workerData + 500);
  common.settle();
  facts.names = common.spaces().map(function(s) { return s.space; });
  facts.used = new Float64Array(new SharedArrayBuffer(8 * facts.names.length));
  threads.parentPort.postMessage(facts);
  setInterval(function() { common.spaces().forEach(function(s, i) { facts.used[i] = s.used; }); }, 10);
}
