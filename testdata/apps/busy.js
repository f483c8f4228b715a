'use strict';
// Endless churn, to be killed at any moment: objects made and dropped, strings, maps, arrays that grow, and a worker that
// does the same. SettledSession is made once and never again, so its count is exact whenever the process dies.
//   busy.js [workers, default 1]
var common = require('./common.js');
var threads = null;
try {
  threads = require('worker_threads');
} catch (e) {  // before 12.0 without a flag
}

class ChurnItem {
  constructor(i) { this.i = i; this.text = 'item ' + i; this.more = {deep: [i, i + 0.5]}; }
}

function churn() {
  var ring = new Array(5000), map = new Map(), round = 0;
  common.keep([ring, map]);
  (function step() {
    for (var i = 0; i < 4000; i++) {
      var item = new ChurnItem(round * 4000 + i);
      ring[(round * 4000 + i) % ring.length] = item;
      map.set(item.text, item);
      if (map.size > 20000) map.clear();
    }
    var text = '';
    for (i = 0; i < 200; i++) text += 'x' + i;
    ring[round % ring.length] = text.slice(20, 400) + JSON.stringify({round: round, list: [1, 2, 3]});
    var grows = [];
    for (i = 0; i < 3000; i++) grows.push(i % 3 ? i : i + 0.25);
    round++;
    setImmediate(step);
  })();
}

function settled(name, count) {
  var ctor = new Function('return class ' + name + ' { constructor(i) { this.id = i; this.name = "s" + i; } }')();
  common.make(count, function(i) { return new ctor(i); });
  return {name: name, instances: count, prototypes: 0};
}

if (threads && !threads.isMainThread) {
  settled('WorkerSettled', 5000);
  threads.parentPort.postMessage('ready');
  churn();
} else {
  var classes = [settled('SettledSession', 20000)];
  var wanted = threads ? Number(process.argv[2] || 1) : 0;
  var waiting = wanted;
  var begin = function() {
    common.print({app: 'busy', classes: classes, workers: wanted});
    churn();
  };
  if (wanted === 0) begin();
  for (var w = 0; w < wanted; w++) {
    var worker = common.keep(new threads.Worker(__filename));
    worker.once('message', function() { if (--waiting === 0) begin(); });
  }
}
