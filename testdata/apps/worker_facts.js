'use strict';
// Workers of which the program keeps its books: script, name, resource limits, modules, ports with messages that nobody has
// read, and SharedArrayBuffers that several of them have.
//   node --expose-gc worker_facts.js COUNT
// Facts: "cache" the keys of require.cache of the main thread; "workers" [{thread, name, file, limits, cache}]; "ports"
// [{isolate: "main" or a thread, queued, bytes at least}]; "shared" [{bytes, threads}]. "main_ports" and "parent" of the
// first worker: how many messages wait in ports of which Node.js knows the use.
var fs = require('fs');
var path = require('path');
var common = require('./common.js');
var threads;
try {
  threads = require('worker_threads');
} catch (e) {
  common.writeAll(2, 'worker_facts.js: this Node.js has no worker threads\n');
  process.exit(77);
}

if (threads.isMainThread) {
  var wanted = Number(process.argv[2] || 2);
  var all = common.keep(new SharedArrayBuffer(40000)), one = common.keep(new SharedArrayBuffer(50000));
  var alone = common.keep(new SharedArrayBuffer(60000));
  // A port of the main thread with messages that nobody reads.
  var channel = common.keep(new threads.MessageChannel());
  for (var i = 0; i < 7; i++) channel.port1.postMessage({i: i, text: 'x'.repeat(1000)});
  var mainPorts = [{queued: 7, least: 7000, use: 'program', channel: null}];
  var deaf, speaker;
  if (threads.BroadcastChannel) {
    deaf = common.keep(new threads.BroadcastChannel('corewalk news')), speaker = common.keep(new threads.BroadcastChannel('corewalk news'));
    mainPorts.push({queued: 2, least: 12, use: 'broadcast_channel', channel: 'corewalk news'});
  }
  var empty = common.keep(new threads.MessageChannel());
  var ready = [];
  for (var k = 1; k <= wanted; k++) {
    // The worker's end of a channel has messages, too: the worker never looks.
    var own = common.keep(new threads.MessageChannel());
    var options = {workerData: {k: k, all: all, one: k === 1 ? one : null, port: own.port2}, transferList: [own.port2],
                   name: 'worker-' + k, resourceLimits: {maxOldGenerationSizeMb: 60 + k, maxYoungGenerationSizeMb: 8, stackSizeMb: 3}};
    var worker = common.keep(new threads.Worker(__filename, options)), first = first || worker;
    for (i = 0; i < 3 * k; i++) own.port1.postMessage('y'.repeat(500));
    worker.on('error', function(e) { common.writeAll(2, 'worker: ' + e + '\n'); process.exit(1); });
    worker.on('message', (function(worker) {
      return function(facts) {
        facts.thread = worker.threadId;
        facts.limits = worker.resourceLimits;
        ready.push(facts);
        if (ready.length !== wanted) return;
        for (var i = 0; i < 4; i++) first.postMessage('parent ' + i);
        ready.sort(function(a, b) { return a.k - b.k; });
        setTimeout(function() {
          for (var i = 0; speaker && i < 2; i++) speaker.postMessage('news ' + i);
          common.finish({
            file: __filename, cache: Object.keys(require.cache), workers: ready,
            main_ports: mainPorts,
            shared: [{bytes: 40000, isolates: 1 + wanted}, {bytes: 50000, isolates: 2}]
          });
        }, 300);
      };
    })(worker));
  }
} else {
  common.keep(threads.workerData);
  common.keep(threads.workerData.port);
  if (threads.workerData.k === 2) common.keep(require('./lib/session.js'));
  common.settle();
  if (threads.workerData.k === 1) setInterval(function() {}, 1000);  // it never looks into its parentPort
  else threads.parentPort.on('message', function() {});
  threads.parentPort.postMessage({k: threads.workerData.k, file: __filename, name: 'worker-' + threads.workerData.k,
                                  parent: threads.workerData.k === 1 ? 4 : 0, cache: Object.keys(require.cache), queued: 3 * threads.workerData.k, least: 1500 * threads.workerData.k});
}
