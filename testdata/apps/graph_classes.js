'use strict';
// Class hierarchies: levels with instances at each, accessors, symbols, mixins, subclasses of built-ins, objects turned into
// dictionaries, frozen and sparse ones, WeakRefs, typed arrays that share a buffer.
var graph = require('./graph_common.js');

var kShapes = 4000;
var kNodes = 12000;
var kDictionaries = 1500;
var kSparse = 300;
var kCollections = 500;
var kViews = 400;
var kDropped = 3000;
var kSecret = Symbol('secret');

class Shape {
  constructor(i) {
    this.id = i;
    this.x = i * 0.5;
  }
  get area() { return 0; }
}
class Circle extends Shape {
  constructor(i) {
    super(i);
    this.radius = i + 0.25;
    this[kSecret] = {owner: i};
  }
  get area() { return this.radius * this.radius; }
}
class Polygon extends Shape {
  constructor(i, corners) {
    super(i);
    this.points = [];
    for (var k = 0; k < corners; k++) this.points.push({x: k, y: i + k});
  }
}
class Square extends Polygon {
  constructor(i) {
    super(i, 4);
    this.label = 'square ' + i;
    Object.defineProperty(this, 'side', {get: function() { return i; }, enumerable: false, configurable: true});
  }
}
class LabeledSquare extends Square {
  constructor(i) {
    super(i);
    this.text = graph.text(i + 1, 40);
  }
}

function withParent(Base) {
  return class WithParent extends Base {
    setParent(parent) {
      this.parent = parent;
      parent.children.push(this);
      return this;
    }
  };
}
class PlainNode {
  constructor(i) {
    this.id = i;
    this.children = [];
  }
}
var ParentedNode = withParent(PlainNode);
class TreeNode extends ParentedNode {
  constructor(i) {
    super(i);
    this.depth = 0;
  }
}
class Dictionary {
  constructor(i) {
    for (var k = 0; k < 40; k++) this['key' + (i + k) % 500] = k % 3 ? {k: k} : k + 0.5;
    delete this['key' + i % 500];  // a dictionary from here on
  }
}
class SparseHolder {
  constructor(i) {
    this.sparse = [];
    this.sparse[1000000 + i] = {far: i};
    this.frozen = Object.freeze([{a: i}, [i]]);
    this.sealed = Object.seal({list: [1.5, 2.5, i]});
  }
}
class ListChild extends Array {}
class MapChild extends Map {}
class ErrorChild extends Error {}
class BytesChild extends Uint8Array {}
class ViewHolder {
  constructor(i, buffer) {
    this.view = new Float64Array(buffer, 8 * (i % 16), 4);
    this.own = new BytesChild(100 + i);
    this.data = new DataView(buffer, i % 64, 8);
  }
}
class WeaklyHeld {
  constructor(i) { this.id = i; }
}
class Dropped {
  constructor(i) { this.self = this; this.id = i; }
}

graph.main('graph_classes', function(facts, done) {
  var i;
  var all = graph.keep([]);
  for (i = 0; i < kShapes; i++) {
    all.push(new Shape(i), new Circle(i), new Polygon(i, 3), new Square(i), new LabeledSquare(i));
  }

  var root = graph.keep(new TreeNode(0));
  var next = graph.random(42), nodes = [root];
  for (i = 1; i < kNodes; i++) {
    var parent = nodes[next(nodes.length)];
    nodes.push(new TreeNode(i).setParent(parent));
  }

  graph.keep(Array.from({length: kDictionaries}, function(_, n) { return new Dictionary(n); }));
  graph.keep(Array.from({length: kSparse}, function(_, n) { return new SparseHolder(n); }));
  var collections = graph.keep([]);
  for (i = 0; i < kCollections; i++) {
    var list = new ListChild();
    list.push(i, {i: i});
    var map = new MapChild();
    map.set('list', list).set({key: i}, 'value' + i);
    var error = new ErrorChild('error ' + i);
    error.stack;  // formatted now: not at another time
    collections.push(list, map, error);
  }

  var shared = new ArrayBuffer(65536);
  graph.keep(Array.from({length: kViews}, function(_, n) { return new ViewHolder(n, shared); }));

  var held = graph.keep([]), weak = graph.keep([]);
  for (i = 0; i < 1000; i++) {
    var one = new WeaklyHeld(i);
    if (typeof WeakRef === 'function') weak.push(new WeakRef(one));
    held.push(one);
  }
  for (i = 0; i < kDropped; i++) new Dropped(i);

  facts.live('Shape', kShapes, 2);     // the prototypes of Circle and Polygon
  facts.live('Circle', kShapes);
  facts.live('Polygon', kShapes, 1);
  facts.live('Square', kShapes, 1);
  facts.live('LabeledSquare', kShapes);
  facts.live('TreeNode', kNodes);
  facts.live('Dictionary', kDictionaries);
  facts.live('SparseHolder', kSparse);
  facts.live('ViewHolder', kViews);
  facts.live('WeaklyHeld', 1000);
  facts.gone('Dropped', kDropped);
  done();
});
