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
      // A moment, so that every worker is asleep in its event loop and no longer allocates.
      setTimeout(function() { common.finish({app: 'workers', classes: mainClasses, workers: ready}); }, 200);
    });
  }
} else {
  var facts = {worker: threads.workerData, thread: threads.threadId};
  facts.classes = build('WorkerSession' + threads.workerData, 1000 * threads.workerData + 500);
  common.settle();
  facts.spaces = common.spaces();
  threads.parentPort.postMessage(facts);
  setInterval(function() {}, 1 << 30);  // stays alive without doing anything
}
