'use strict';
// Workers that were started with code and with a data: URL, and message ports that are closed, given away and open.
//   node [OPTIONS] worker_code.js
// Node.js 14.9 and later.
// Facts: "workers" [{thread, kind, begin, limits}], "closed" how many of the main thread's kept ports.
var threads = require('worker_threads');
var common = require('./common.js');

var kCode = 'const secretOfNobody = "' + 'e'.repeat(300) + '";\nrequire("worker_threads").parentPort.postMessage(1);\n' +
    'setInterval(function() {}, 1e6);';
var kModule = 'import {parentPort} from "worker_threads"; import "data:text/javascript,export default 1"; ' +
    'parentPort.postMessage(1); setInterval(function() {}, 1e6);';
var channels = common.keep([]);
for (var i = 0; i < 5; i++) channels.push(new threads.MessageChannel());
for (i = 0; i < 3; i++) channels[i].port1.close();
var started = [
  {kind: 'eval', script: '[worker eval]', source: kCode,
   worker: new threads.Worker(kCode, {eval: true, transferList: [channels[3].port2], workerData: channels[3].port2,
                                      resourceLimits: {maxOldGenerationSizeMb: 31, maxYoungGenerationSizeMb: 6, stackSizeMb: 2}})},
  {kind: 'data_url', script: 'data:text/javascript,' + kModule, source: null,
   worker: new threads.Worker(new URL('data:text/javascript,' + kModule), {resourceLimits: {maxOldGenerationSizeMb: 37, stackSizeMb: 3}})}
];
var ready = 0;
started.forEach(function(one) {
  common.keep(one.worker);
  one.worker.on('error', function(e) { common.writeAll(2, 'worker: ' + e + '\n'); process.exit(1); });
  one.worker.on('message', function() {
    if (++ready < started.length) return;
    setTimeout(function() {
      common.finish({
        // Both ends of a channel close; one port was given away.
        closed: 3 * 2 + 1,
        workers: started.map(function(one) {
          return {thread: one.worker.threadId, kind: one.kind, script: one.script, source: one.source, limits: one.worker.resourceLimits};
        })
      });
    }, 300);
  });
});
