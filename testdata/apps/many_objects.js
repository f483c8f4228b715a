'use strict';
// A heap of about N objects, for benchmarks:  node --max-old-space-size=8000 many_objects.js 10000000
// Three objects per step (node, point, array) and every 8th step a string: what a heap is made of, made fast.
var common = require('./common.js');
var wanted = Number(process.argv[2] || 1000000);

class BulkPoint { constructor(x, y) { this.x = x; this.y = y; } }
class BulkNode { constructor(id, point, list) { this.id = id; this.point = point; this.list = list; } }

var steps = Math.max(1, Math.floor(wanted / 4));  // an array is two objects: itself and its elements
var kChunk = 65536;
for (var done = 0; done < steps; done += kChunk) {
  var count = Math.min(kChunk, steps - done);
  var chunk = common.keep(new Array(count));
  for (var i = 0; i < count; i++) {
    var id = done + i;
    chunk[i] = new BulkNode(id, new BulkPoint(id, -id), [id, id + 1]);
    if ((id & 7) === 0) chunk[i].list[0] = 's' + id;
  }
}
var facts = {
  app: 'many_objects', objects: steps * 4, node: process.version, pid: process.pid,
  classes: [{name: 'BulkNode', instances: steps, prototypes: 0}, {name: 'BulkPoint', instances: steps, prototypes: 0}]
};
common.print(facts);
process.abort();
