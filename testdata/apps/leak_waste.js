'use strict';
// Objects that waste memory, each kind of waste in a known amount, held by a property of a class of its own. Facts:
// "waste" [{kind, holder, count, bytes?}]; "object_room", "shapes" [{class, ...}]. Run with --expose-gc.
var common = require('./common.js');
var keep = common.keep;
var facts = {app: 'leak_waste', waste: []};

class Roomy { constructor() { this.list = []; } }
class Holey { constructor() { this.slots = new Array(5000); } }
class Tagged { constructor() { this.tags = new Set(); } }
class Slow { constructor(data) { this.data = data; } }
class Lazy {
  constructor() {
    this.map = new Map();
    this.list = [];
    this.bag = {};
  }
}
class Boxes { constructor() { this.list = ['not a number']; } }
class Bag { constructor(bag) { this.bag = bag; } }
function Chameleon(i) { this['p' + i] = i; }

function fact(kind, holder, count, bytes) { facts.waste.push({kind: kind, holder: holder, count: count, bytes: bytes}); }

// JSObject::NewElementsCapacity: what V8 gives to an array that is pushed to.
function capacityAfter(pushes) {
  var capacity = 0;
  while (capacity < pushes) capacity = capacity + 1 + (capacity + 1 >> 1) + 16;
  return capacity;
}

var i, j;
for (i = 0; i < 50; i++) {
  var roomy = keep(new Roomy());
  for (j = 0; j < 1000; j++) roomy.list.push(j);
}
fact('array_room', 'Roomy.list', 50, 50 * 8 * (capacityAfter(1000) - 1000));

for (i = 0; i < 7; i++) {
  var holey = keep(new Holey());
  for (j = 0; j < 5000; j += 50) holey.slots[j] = j;
}
fact('holes', 'Holey.slots', 7, 7 * 8 * 4900);

for (i = 0; i < 100; i++) {
  var tagged = keep(new Tagged());
  for (j = 0; j < 700; j++) tagged.tags.add(j);
}
fact('table_room', 'Tagged.tags', 100, 100 * 16 * (1024 - 700));

for (i = 0; i < 2000; i++) {
  var slow = {first: 1, second: 2, third: i};
  delete slow.first;
  keep(new Slow(slow));
}
fact('dictionaries', 'Slow.data', 2000);

for (i = 0; i < 3000; i++) keep(new Lazy());
fact('empty', 'Lazy.map', 3000);
fact('empty', 'Lazy.list', 3000);
fact('empty', 'Lazy.bag', 3000);

var boxes = keep(new Boxes());
for (i = 0; i < 4000; i++) boxes.list.push(i + 0.5);
fact('numbers', 'Boxes.list[\u2026]', 4000, 4000 * 16);

for (i = 0; i < 5000; i++) {
  var bag = {};
  bag.only = i;
  keep(new Bag(bag));
}
facts.object_room = {class: 'Object', count: 5000, bytes: 5000 * 3 * 8};

for (i = 0; i < 300; i++) keep(new Chameleon(i));
facts.shapes = {class: 'Chameleon', shapes: 300, objects: 300};

common.finish(facts);
