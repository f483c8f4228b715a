'use strict';
// Objects that are each held in one known way, and strings of every representation. A fact names the target's class (one
// instance each) and how its referrer must be told: class names of the owner, the path from there, strong or weak.
//   node --expose-gc referrers.js
var common = require('./common.js');
var home = common.keep({});  // what keeps the holders; the targets hang on nothing else
var facts = [];
var skipped = [];

function defineClass(name, base) {
  return new Function('Base', base ? 'return class ' + name + ' extends Base {}' : 'return class ' + name + ' {}')(base);
}

// A new target: the only instance of its class. Nothing may keep it but what the test makes.
var nextTarget = 0;
function target(owner, path, options) {
  var name = 'Target' + nextTarget++;
  var fact = {target: name, owner: [].concat(owner), path: path, strength: 'strong'};
  for (var key in options || {}) fact[key] = options[key];
  facts.push(fact);
  return new (defineClass(name))();
}

function attempt(what, body) {
  try {
    body();
  } catch (error) {
    skipped.push(what + ': ' + error.message);
  }
}

function holder(name, base) {
  return home[name] = new (defineClass(name, base))();
}

// Properties.
holder('HolderInside').cache = target('HolderInside', '.cache');
(function() {
  var out = holder('HolderOutside');
  for (var i = 0; i < 40; i++) out['p' + i] = i;
  out.late = target('HolderOutside', '.late');
})();
(function() {
  var dictionary = holder('HolderDictionary');
  for (var i = 0; i < 60; i++) dictionary['key' + i] = i;
  for (i = 0; i < 50; i++) delete dictionary['key' + i];
  dictionary.entry = target('HolderDictionary', '.entry');
  dictionary['two words'] = target('HolderDictionary', '["two words"]');
})();
holder('HolderSymbol')[Symbol('hidden')] = target('HolderSymbol', '[Symbol(hidden)]');
Object.defineProperty(holder('HolderReadOnly'), 'fixed', {value: target('HolderReadOnly', '.fixed'), enumerable: false});
holder('HolderStatic').constructor.common = target('Function', '.common');
holder('HolderEscape')['\u001b[31m'] = target('HolderEscape', '["\\x1b[31m"]');
attempt('private field', function() {
  home.private = new (new Function('value', 'return class HolderPrivate { #secret = value; read() { return this.#secret; } }')(
      target('HolderPrivate', '.#secret')))();
});
if (facts[facts.length - 1].path === '.#secret' && !home.private) facts.pop();

// Elements.
home.array = [1, 2, 3, target('Array', '[3]')];
holder('HolderList', Array).push(0, target('HolderList', '[1]'));
(function() {
  var sparse = holder('HolderSparse', Array);
  sparse[1] = 1;
  sparse[5000000] = target('HolderSparse', '[5000000]');
})();
holder('HolderIndexed')[7] = target('HolderIndexed', '[7]');
(function() {
  var frozen = holder('HolderFrozen', Array);
  frozen.push(target('HolderFrozen', '[0]'));
  Object.freeze(frozen);
})();
home.arguments = (function() { return arguments; })(1, target(['Arguments', 'Object'], '[1]'));
// Parameters of sloppy functions that use `arguments` live in a context, and the arguments object refers to its slots.
home.mapped = new Function('a', 'b', 'return arguments')(1, target('Context', '.b'));

// Collections. (Up to Node.js 16 V8 names a subclass of Map "Map".)
holder('HolderMap', Map).set('key', target(['HolderMap', 'Map'], '["key"]'));
home.HolderMap.set(42, target(['HolderMap', 'Map'], '[42]'));
home.HolderMap.set(target(['HolderMap', 'Map'], ' (key)'), 1);
holder('HolderSet', Set).add(target(['HolderSet', 'Set'], ' (member)'));
(function() {
  var big = holder('HolderBigMap', Map);
  for (var i = 0; i < 1000; i++) big.set('n' + i, i);
  for (i = 0; i < 900; i++) big.delete('n' + i);
  big.set('survivor', target(['HolderBigMap', 'Map'], '["survivor"]'));
})();
(function() {
  var weak = holder('HolderWeakMap', WeakMap);
  var key = target(['HolderWeakMap', 'WeakMap'], ' (key)', {strength: 'weak'});
  weak.set(key, target(['HolderWeakMap', 'WeakMap'], null, {strength: 'weak'}));
  home.weakKey = key;
})();
(function() {
  var member = target(['HolderWeakSet', 'WeakSet'], ' (member)', {strength: 'weak'});
  holder('HolderWeakSet', WeakSet).add(member);
  home.weakMember = member;
})();
attempt('WeakRef', function() {
  if (typeof WeakRef === 'undefined') throw new Error('is not there');
  var referent = target('WeakRef', ' (target)', {strength: 'weak'});
  home.referent = referent;
  home.weakRef = new WeakRef(referent);
});
attempt('FinalizationRegistry', function() {
  if (typeof FinalizationRegistry === 'undefined') throw new Error('is not there');
  home.registry = new FinalizationRegistry(function() {});
  home.registered = {};
  home.registry.register(home.registered, target('FinalizationRegistry', ' (active cells) (holdings)'));
});

// Functions and contexts.
home.closure = (function() {
  var captured = target('Context', '.captured');
  return function() { return captured; };
})();
home.nested = (function() {
  var outer = target('Context', '.outer');
  return function() {
    var inner = 1;
    return function() { return [inner, outer]; };
  }();
})();
home.closures = [];
for (let i = 0; i < 3; i++) {
  let each = i === 1 ? target('Context', '.each') : null;
  home.closures.push(function() { return each; });
}
home.bound = function() {}.bind(target(['Function', 'Object'], ' (bound this)'), 1,
                                target(['Function', 'Object'], ' (bound arguments)[1]'));
home.changing = (function() {
  var value = 1;
  return function(next) { if (next) value = next; return value; };
})();
home.changing(2.5);
home.changing('text');
home.changing(target('Context', '.value'));

// Promises, generators, proxies, accessors, errors, wrappers.
home.resolved = Promise.resolve(target('Promise', ' (reactions or result)'));
home.generator = (function*(parameter) { yield 1; yield parameter; })(
    target(['Generator', 'Object', 'GeneratorFunction'], null, {loose: true}));
home.generator.next();
home.proxy = new Proxy(target(['Object', 'Function', 'TargetProxied', null], ' (target)', {loose: true}),
                       {getPrototypeOf: function() { return null; }});
home.heir = Object.create(target(['(object shape)'], ' (prototype)', {namesakes: 1}));
(function() {
  var error = holder('HolderError', Error);
  error.details = target('HolderError', '.details');
})();
global.corewalkGlobal = target(['global', 'Object'], '.corewalkGlobal');
var moduleLevel = target('Context', '.moduleLevel');
home.readsModuleLevel = function() { return moduleLevel; };

// A chain: who refers to those who refer. findrefs -r prints it.
(function() {
  var last = target('ChainInner', '.leaf', {chain: [['ChainInner', '.leaf'], ['ChainOuter', '.inner'], ['ChainTop', '.outer']]});
  var inner = new (defineClass('ChainInner'))();
  inner.leaf = last;
  var outer = new (defineClass('ChainOuter'))();
  outer.inner = inner;
  holder('ChainTop').outer = outer;
  last.back = home.ChainTop;  // a cycle
})();

// Properties by value, for `find --property`.
home.states = [];
(function() {
  var Stateful = defineClass('Stateful');
  for (var i = 0; i < 300; i++) {
    var s = new Stateful();
    s.state = i % 3 === 0 ? 'closed' : 'open';
    s.number = i;
    s.ratio = i + 0.5;
    s.flag = i % 2 === 0;
    s.nothing = i % 5 === 0 ? null : undefined;
    if (i % 10 === 0) s.rare = i;
    if (i % 100 === 0) {
      for (var k = 0; k < 60; k++) s['x' + k] = k;
      for (k = 0; k < 60; k++) delete s['x' + k];  // dictionary
    }
    home.states.push(s);
  }
})();

// Strings: the needle is put together at run time and stands nowhere else in one piece.
var needle = ['needle', 'in', 'hay'].join('-');
var wide = ['\u043d\u0430\u0434', '\ud83d\ude00', '\u0435\u0436\u0434\u0430'].join('-');
var strings = home.strings = new (defineClass('StringKeeper'))();  // each contains the text
var others = home.others = new (defineClass('OtherKeeper'))();      // none does
function filler(n) { return new Array(n + 1).join('.'); }
// No literal with the text: the source of this file would match too.
strings.sequential = Buffer.from(filler(20) + needle + filler(5)).toString('latin1');
strings.twoByte = Buffer.from('\u4e00' + needle, 'utf16le').toString('utf16le');
strings.cons = Buffer.from(filler(30)).toString('latin1') + Buffer.from(needle + filler(20)).toString('latin1');
strings.seam = Buffer.from(filler(30) + needle.slice(0, 7)).toString('latin1') + Buffer.from(needle.slice(7) + filler(30)).toString('latin1');
strings.wideSeam = Buffer.from(filler(30) + needle.slice(0, 4)).toString('latin1') +
    Buffer.from(needle.slice(4) + '\u4e00', 'utf16le').toString('utf16le');
(function() {
  // The text lies across many short leaves, leaning left, then right.
  var left = Buffer.from(filler(40)).toString('latin1');
  for (var i = 0; i < needle.length; i++) left += needle[i];
  for (i = 0; i < 2000; i++) left += '.';
  strings.leftRope = left;
  var right = Buffer.from(filler(40)).toString('latin1');
  for (i = 0; i < 2000; i++) right = '.' + right;
  for (i = needle.length - 1; i >= 0; i--) right = needle[i] + right;
  strings.rightRope = right;
})();
var parent = home.parent = Buffer.from(filler(50) + needle + filler(50)).toString('latin1');
strings.parent = parent;
strings.sliced = parent.slice(30, 90);
others.slicedWithout = parent.slice(52 + needle.length, 95);
others.slicedHalf = parent.slice(20, 55);
strings.external = Buffer.from(filler(1100000) + needle).toString('latin1');
strings.externalWide = Buffer.from(filler(600000) + needle + '\u4e00', 'utf16le').toString('utf16le');
strings.afterCons = strings.cons + '.';
others.half1 = needle.slice(0, 9) + filler(20);
others.half2 = filler(20) + needle.slice(9);
others.wideText = Buffer.from(filler(20) + wide + filler(20), 'utf16le').toString('utf16le');
others.odd = Buffer.from(filler(9) + String.fromCharCode.apply(null, Array.prototype.map.call(needle, function(c) {
  return c.charCodeAt(0) << 8;  // the same bytes, at odd addresses
})), 'utf16le').toString('utf16le');

// Held by nothing but a variable of a function that is still running.
(function() {
  var local = target('', null, {stack: true});
  common.finish({
    app: 'referrers', targets: facts, skipped: skipped,
    needle: {parts: ['needle', 'in', 'hay'], strings: Object.keys(strings), others: Object.keys(others)},
    wide: {parts: ['\u043d\u0430\u0434', '\ud83d\ude00', '\u0435\u0436\u0434\u0430'], strings: ['wideText']}
  });
  return local;
})();
