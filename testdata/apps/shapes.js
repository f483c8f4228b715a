'use strict';
// Heaps of one shape, for measurements: COUNT objects as one list, one star, one deep binary tree, arrays nested one in
// another, or a web in which each object refers to two others at random.
//   node --max-old-space-size=8000 shapes.js list|star|tree|nested|web COUNT
var common = require('./common.js');
var shape = process.argv[2], count = Number(process.argv[3] || 10000);

class ShapeNode { constructor(a, b) { this.a = a; this.b = b; } }

function randoms() {  // Mulberry32
  var state = 12345;
  return function(below) {
    state = (state + 0x6d2b79f5) | 0;
    var t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor(((t ^ (t >>> 14)) >>> 0) / 4294967296 * below);
  };
}

var made = {
  list: function() {
    for (var i = 0, head = null; i < count; i++) head = new ShapeNode(head, i);
    return head;
  },
  star: function() {
    for (var i = 0, hub = []; i < count; i++) hub.push(new ShapeNode(hub, i));
    return hub;
  },
  tree: function() {  // as deep as it gets: every left child is a leaf
    for (var i = 0, top = null; i < count; i += 2) top = new ShapeNode(new ShapeNode(i, null), top);
    return top;
  },
  nested: function() {
    for (var i = 0, inner = []; i < count; i += 2) inner = [inner, i];
    return inner;
  },
  web: function() {
    var upto = randoms(), all = [];
    for (var i = 0; i < count; i++) all.push(new ShapeNode(null, null));
    for (i = 0; i < count; i++) all[i].a = all[upto(count)], all[i].b = all[upto(count)];
    return all[0];
  },
}[shape]();
common.keep([made]);
common.print({shape: shape, count: count});
process.abort();
