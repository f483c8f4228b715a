'use strict';
// Classes of every sort with known counts. Facts: "classes" [{name, instances, prototypes, also?}]. V8 names an object by
// the `constructor` it inherits, not by one of its own: the prototype object of a class is an "Object", that of a
// subclass bears the name of the parent. `prototypes` counts these namesakes; `also` lists other names under which some V8
// files the same objects (up to about Node.js 17 an inherited Symbol.toStringTag won: a subclass of Map was a "Map").
//   node --expose-gc classes.js [--snapshot FILE]
var util = require('util');
var EventEmitter = require('events');
var common = require('./common.js');

var kGenerated = 60;

function defineClass(name, fields) {
  var body = '';
  for (var i = 0; i < fields; i++) body += 'this.f' + i + ' = i + ' + i + ';';
  return new Function('return class ' + name + ' { constructor(i) { this.id = i; ' + body + ' } method() {} }')();
}

function build() {
  var facts = [];
  function fact(name, instances, prototypes, also) {
    var f = {name: name, instances: instances, prototypes: prototypes};
    if (also) f.also = also;
    facts.push(f);
  }
  function instances(ctor, count) {
    common.keep(ctor);
    common.make(count, function(i) { return new ctor(i); });
  }

  for (var k = 0; k < kGenerated; k++) {
    var count = 50 + Math.floor(k * k * 4950 / ((kGenerated - 1) * (kGenerated - 1)));  // 50 ... 5000
    instances(defineClass('Generated' + k, k % 9), count);
    fact('Generated' + k, count, 0);
  }

  // A chain of subclasses, instances at each level.
  class Level0 { constructor(i) { this.level0 = i; } }
  class Level1 extends Level0 { constructor(i) { super(i); this.level1 = i; } }
  class Level2 extends Level1 { constructor(i) { super(i); this.level2 = i; } }
  class Level3 extends Level2 { constructor(i) { super(i); this.level3 = i; } }
  class Level4 extends Level3 { constructor(i) { super(i); this.level4 = i; } }
  [Level0, Level1, Level2, Level3, Level4].forEach(function(ctor, i) {
    instances(ctor, 100 + 10 * i);
    fact(ctor.name, 100 + 10 * i, i < 4 ? 1 : 0);
  });

  // Subclasses of built-ins.
  class MapChild extends Map { constructor(i) { super(); this.set(i, i); } }
  class SetChild extends Set { constructor(i) { super(); this.add(i); } }
  class ArrayChild extends Array { constructor(i) { super(); this.push(i); } }
  class ErrorChild extends Error { constructor(i) { super('e' + i); this.code = i; } }
  class EmitterChild extends EventEmitter { constructor(i) { super(); this.id = i; } }
  class PromiseChild extends Promise {}
  class BytesChild extends Uint8Array { constructor(i) { super(8); this[0] = i; } }
  instances(MapChild, 210);
  fact('MapChild', 210, 0, ['Map']);
  instances(SetChild, 211);
  fact('SetChild', 211, 0, ['Set']);
  instances(ArrayChild, 220);
  fact('ArrayChild', 220, 0);
  instances(ErrorChild, 230);
  fact('ErrorChild', 230, 0);
  instances(EmitterChild, 240);
  fact('EmitterChild', 240, 0);
  common.keep(PromiseChild);
  common.make(250, function(i) { return new PromiseChild(function(resolve) { resolve(i); }); });
  fact('PromiseChild', 250, 0, ['Promise']);
  instances(BytesChild, 260);
  fact('BytesChild', 260, 0);

  // Constructors of the old kind.
  function OldBase(i) { this.base = i; }
  OldBase.prototype.method = function() {};
  function OldDerived(i) { OldBase.call(this, i); this.derived = i; }
  util.inherits(OldDerived, OldBase);
  function OldReplaced(i) { this.replaced = i; }
  OldReplaced.prototype = {constructor: OldReplaced, method: function() {}};
  instances(OldBase, 310);
  fact('OldBase', 310, 1);
  instances(OldDerived, 320);
  fact('OldDerived', 320, 0);
  instances(OldReplaced, 330);
  fact('OldReplaced', 330, 0);

  // Names that lie. V8 takes the constructor's own name as written for a base class; the tag is a fallback.
  class StaticName { static name() { return 'not a name'; } constructor(i) { this.id = i; } }
  class StaticString { static get name() { return 'Pretender'; } constructor(i) { this.id = i; } }
  class TaggedGetter { get [Symbol.toStringTag]() { return 'TagFromGetter'; } constructor(i) { this.id = i; } }
  class TaggedData { constructor(i) { this.id = i; } }
  TaggedData.prototype[Symbol.toStringTag] = 'TagFromData';
  class TaggedChild extends TaggedData { constructor(i) { super(i); this.child = i; } }
  class TaggedOwn { constructor(i) { this.id = i; this[Symbol.toStringTag] = 'TagOfObject'; } }
  instances(StaticName, 410);
  fact('StaticName', 410, 0);
  instances(StaticString, 420);
  fact('StaticString', 420, 0, ['Pretender']);
  instances(TaggedGetter, 430);
  fact('TaggedGetter', 430, 0);
  instances(TaggedData, 440);
  fact('TaggedData', 440, 0);
  instances(TaggedChild, 450);
  fact('TaggedChild', 450, 0, ['TagFromData']);
  instances(TaggedOwn, 460);
  fact('TaggedOwn', 460, 0);

  // Two classes with one name.
  function scope(count) {
    class Twin { constructor(i) { this.id = i; } }
    instances(Twin, count);
  }
  scope(120);
  scope(230);
  fact('Twin', 350, 0);

  // Unicode identifiers. (Escaped: the file itself stays ASCII.)
  var unicode = ['Gr\u00f6\u00dfe', '\u6570\u636e', '\u041a\u043b\u0430\u0441\u0441'];
  unicode.forEach(function(name, i) {
    instances(defineClass(name, 2), 510 + 10 * i);
    fact(name, 510 + 10 * i, 0);
  });

  // No name at all, and names given at run time: only their number is known.
  instances((function() { return class { constructor(i) { this.anonymous = i; } }; })(), 610);
  var computed = {};
  var wild = 'wild\u001b[31m\u0007\u202ename';
  computed[wild] = class { constructor(i) { this.computed = i; } };
  instances(Object.defineProperty(computed[wild], 'name', {value: wild}), 620);

  // Without a constructor, and plain objects of several shapes.
  common.make(710, function(i) { var o = Object.create(null); o.nullProto = i; return o; });
  common.make(720, function(i) { return {shapeA: i, x: 1}; });
  common.make(730, function(i) { return {shapeB: i, y: 'text', z: {inner: i}}; });
  common.make(740, function(i) { var o = {}; o['k' + (i % 7)] = i; return o; });

  return {
    classes: facts,
    shapes: [
      {keys: ['shapeA', 'x'], instances: 720}, {keys: ['shapeB', 'y', 'z'], instances: 730},
      {keys: ['nullProto'], instances: 710}, {keys: ['anonymous'], instances: 610},
      {keys: ['computed'], instances: 620}
    ]
  };
}

if (require.main === module) {
  var facts = build();
  facts.app = 'classes';
  if (process.argv[2] === '--snapshot') {
    common.settle();
    facts.snapshot = process.argv[3];
    require('v8').writeHeapSnapshot(facts.snapshot);
  }
  common.finish(facts);
}
module.exports = build;
