'use strict';
// A value of every kind, each under its own name, in one object of class ZooKeeper: v000_smi_zero, v001_... The same values
// once more in a ZooYoung, which is built after the last collection and the last look at any string: there stand the
// strings, arrays and shapes that a collection or a look would tidy up. Facts: "values" [{name, expect}] as describe.js makes
// them (from a third set, so that describing changes nothing of what the core holds), "outside" the same of values with
// roads into Node itself, which are to be looked at alone (class ZooOutside).
//   node --expose-gc zoo.js
// Newer syntax stands in new Function(...) only: the file itself must load on Node.js 12.0.
var fs = require('fs');
var path = require('path');
var vm = require('vm');
var workers = require('worker_threads');
var common = require('./common.js');
var encoder = require('./describe.js');
var annotate = encoder.annotate, of = encoder.of;

var kDepth = 8;
var sourceLines = fs.readFileSync(__filename, 'utf8').split('\n');

class ZooKeeper {}
class ZooYoung {}
class ZooOutside {}

// The line on which `text` first stands, behind this function.
function lineOf(text) {
  for (var i = 0, behind = false; i < sourceLines.length; i++) {
    if (behind && sourceLines[i].indexOf(text) >= 0 && sourceLines[i].indexOf('lineOf(') < 0) return i + 1;
    if (sourceLines[i] === 'function lineOf(text) {') behind = true;
  }
  throw new Error('no line has ' + text);
}
// A function of this file; `text` is what its line has and no line before. Where a class has a constructor, that is where
// the class stands for V8.
function at(f, text, members) {
  return annotate(f, 'function', Object.assign({script: path.basename(__filename), line: lineOf(text)}, members));
}

// Made by newer syntax, or undefined where it is unknown.
function modern(body) {
  var args = Array.prototype.slice.call(arguments, 1);
  try {
    return new Function('a', 'b', 'c', body).apply(undefined, args);
  } catch (e) {
    if (e instanceof SyntaxError || e instanceof TypeError || e instanceof ReferenceError) return undefined;
    throw e;
  }
}

function repeat(count, make) {
  var result = [];
  for (var i = 0; i < count; i++) result.push(make(i));
  return result;
}

// --- numbers, strings, symbols -------------------------------------------------------------------------------------------

function numbers(put) {
  var all = {
    zero: 0, one: 1, minus_one: -1, smi31_max: 1073741823, smi31_over: 1073741824, smi31_min: -1073741824,
    smi31_under: -1073741825, smi32_max: 2147483647, smi32_over: 2147483648, smi32_min: -2147483648,
    smi32_under: -2147483649, uint32_max: 4294967295, safe_max: 9007199254740991, safe_min: -9007199254740991,
    half: 0.5, tenth: 0.1, third: 1 / 3, pi: Math.PI, digits_17: 0.1 + 0.2, minus_zero: -0, nan: NaN,
    infinity: Infinity, minus_infinity: -Infinity, largest: Number.MAX_VALUE, smallest: Number.MIN_VALUE,
    denormal: 2.2250738585072009e-308, smallest_normal: 2.2250738585072014e-308, e20: 123456789012345680000, e21: 1e21, e22: 1e22,
    minus_e300: -1.5e300, e_minus_7: 1e-7, large_integer: 9007199254740993, integer_as_double: 4e9
  };
  Object.keys(all).forEach(function(name) { put('number_' + name, all[name]); });
  var odd = new Float64Array(1);
  new Uint32Array(odd.buffer).set([0xdeadbeef, 0xfff7ffff]);
  put('number_nan_with_payload', odd[0]);
  put('number_hole_pattern', (new Uint32Array(odd.buffer).set([0xfff7ffff, 0xfff7ffff]), odd[0]));
}

function bigints(put) {
  if (typeof BigInt !== 'function') return;
  put('bigint_zero', BigInt(0));
  put('bigint_small', BigInt(42));
  put('bigint_negative', BigInt(-1));
  put('bigint_64_bits', BigInt('18446744073709551615'));
  put('bigint_64_bits_over', BigInt('18446744073709551616'));
  put('bigint_64_bits_negative', BigInt('-18446744073709551616'));
  put('bigint_128_bits', BigInt('340282366920938463463374607431768211455'));
  put('bigint_inner_zero_digit', BigInt('0x' + 'f' + '0'.repeat(32)));
  put('bigint_ten_power', BigInt('1' + '0'.repeat(60)));
  put('bigint_long', BigInt('-' + '1234567890'.repeat(40)));
  put('bigint_very_long', BigInt('9'.repeat(3000)));
}

function strings(put) {
  var i, text;
  function put2(name, value) { put('string_' + name, value); }
  // Made at run time: not the internalized strings of the source.
  function fresh(text) { return Buffer.from(text, 'utf16le').toString('utf16le'); }

  put2('empty', '');
  put2('one_character', 'x');
  put2('ascii', 'plain text of the source');
  put2('fresh_ascii', Buffer.from('made at run time').toString('latin1'));
  put2('number_like', '12345');
  put2('latin1', 'Gr\u00f6\u00dfe \u00a9 \u00ff');
  put2('all_latin1', Buffer.from(repeat(256, function(i) { return i; })).toString('latin1'));
  put2('two_byte', '\u6570\u636e and \u041a\u043b\u0430\u0441\u0441');
  put2('two_byte_of_ascii', fresh('ascii in two bytes each'));
  put2('emoji', '\ud83d\ude00 and \ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67');
  put2('lone_high', 'a\ud800b');
  put2('lone_low', 'a\udfffb');
  put2('lone_at_end', 'end\ud83d');
  put2('swapped_pair', '\ude00\ud83d');
  put2('nul', 'a\u0000b\u0000');
  put2('controls', repeat(32, function(i) { return String.fromCharCode(i); }).join('') + '\u007f');
  put2('c1_controls', repeat(32, function(i) { return String.fromCharCode(0x80 + i); }).join(''));
  put2('escape_sequence', '\u001b[31mred\u001b]0;title\u0007');
  put2('bidi', '\u202eright to left\u202c \u2066\u2067\u2069\u200e\u200f\u061c');
  put2('line_ends', 'a\r\nb\nc\rd\u2028e\u2029f\u0085g');
  put2('noncharacters', '\ufffe\uffff\ufffd\ufeff');
  put2('private_use', '\ue000\uf8ff\udb80\udc00');
  put2('quotes', '"\'`\\${x}\\u0041 <a>&amp;</a>');
  put2('json_like', '"},"rows":[],"x":{"');
  put2('length_16', 'abcdefghijklmnop');
  put2('length_17', 'abcdefghijklmnopq');
  put2('length_300', 'line of text, '.repeat(22));
  put2('length_10001', 'x'.repeat(10001));
  put2('length_10001_two_byte', '\u6570'.repeat(10001));
  put2('length_100000', repeat(10000, function(i) { return ('0000000000' + i * 7919).slice(-10); }).join(''));

  // Concatenated: nothing here looks at a character, which would flatten them.
  put2('cons', Buffer.from('first half of it, ').toString('latin1') + Buffer.from('second half of it').toString('latin1'));
  text = 'left';
  for (i = 0; i < 3000; i++) text = text + (i % 10) + '; and so on, ';
  put2('cons_deep_left', text);
  text = 'right';
  for (i = 0; i < 3000; i++) text = 'and so on, ' + (i % 10) + text;
  put2('cons_deep_right', text);
  text = 'tree of some length ';
  for (i = 0; i < 10; i++) text = text + (i % 2 ? '\u6570' : 'o') + text;
  put2('cons_tree_both_widths', text);
  put2('cons_latin1_and_two_byte', Buffer.from('one byte each, ').toString('latin1') + fresh('\u6570\u636e two bytes each'));
  text = Buffer.from('flattened and then left as it is: ').toString('latin1') + Buffer.from('cons with an empty half').toString('latin1');
  text.charCodeAt(40);
  put2('cons_flattened', text);

  var parent = Buffer.from('0123456789abcdefghijklmnopqrstuvwxyz').toString('latin1');
  put2('sliced', parent.slice(5, 30));
  put2('sliced_of_sliced', parent.slice(3, 33).slice(4, 24));
  put2('sliced_two_byte', fresh('\u6570\u636e0123456789\u041a\u043b\u0430\u0441\u0441abcdefghi').slice(1, 24));
  put2('sliced_lone', fresh('0123456789abcdef\ud83d\ude00').slice(2, 17));
  put2('sliced_of_cons', (parent + parent + parent).slice(20, 80));
  put2('cons_of_sliced', parent.slice(1, 20) + parent.slice(10, 30));

  put2('internalized', Object.keys(JSON.parse('{"internalized as a key":1}'))[0]);
  text = Buffer.from('thin: a key after it was made').toString('latin1');
  var used = {};
  used[text] = 1;
  put2('thin', text);
  text = Buffer.from('thin and ').toString('latin1') + fresh('concatenated \u6570\u636e before');
  used[text] = 1;
  put2('thin_of_cons', text);
  text = parent.slice(7, 31);
  used[text] = 1;
  put2('thin_of_sliced', text);

  // Node.js leaves the characters of strings of a megabyte outside the heap.
  put2('external_latin1', Buffer.alloc(1100000, 'external \u00e9 ', 'latin1').toString('latin1'));
  put2('external_two_byte', Buffer.alloc(2400000, 'external \u6570 ', 'utf16le').toString('utf16le'));
  put2('sliced_of_external', Buffer.alloc(1100000, 'another external \u00e9 ', 'latin1').toString('latin1').slice(500001, 500101));
  put2('error_text', (function() { try { null.x; } catch (e) { return e.message.slice(0, 6); } })());
}

function symbols(put) {
  put('symbol_described', Symbol('described'));
  put('symbol_undescribed', Symbol());
  put('symbol_empty', Symbol(''));
  put('symbol_two_byte', Symbol('\u6570\u636e'));
  put('symbol_nasty', Symbol('a\u001b[31m\u202e\ud800'));
  put('symbol_registered', Symbol.for('corewalk.registered'));
  put('symbol_iterator', Symbol.iterator);
  put('symbol_async_iterator', Symbol.asyncIterator);
}

function oddballs(put) {
  put('true', true);
  put('false', false);
  put('null', null);
  put('undefined', undefined);
}

// --- plain objects ---------------------------------------------------------------------------------------------------------

function Point(x, y) { this.x = x; this.y = y; }
class Animal {
  constructor(name) { this.name = name; this.legs = 4; }
  speak() { return this.name; }
}
class Dog extends Animal {
  constructor(name) { super(name); this.tricks = ['sit']; this.weight = 12.5; }
}
class Puppy extends Dog {
  constructor(name) { super(name); this.mother = new Dog('mother'); }
}
class Statics { static method() { return 1; } }
Statics.counter = 7;
Statics.table = {a: 1};
Statics[Symbol('static')] = 'symbol';

function objects(put) {
  var i, o, a, b;
  put('object_empty', {});
  put('object_in_object', {a: 1, b: 'two', c: 3.5, d: null, e: undefined, f: true});
  o = {};
  for (i = 0; i < 12; i++) o['out' + i] = i;
  put('object_out_of_object', o);
  o = {first: 1, second: 2};
  for (i = 0; i < 40; i++) o['p' + i] = i % 3 ? i : 'text' + i;
  put('object_40_properties', o);
  o = {a: 1, b: 2, c: 3, d: 4};
  delete o.d;
  put('object_deleted_last', o);
  o = {a: 1, b: 2, c: 3, d: 4};
  delete o.b;
  put('object_deleted_middle', o);
  o.b = 'again';
  o.e = 5;
  o = {a: 1, b: 2, c: 3, d: 4};
  delete o.b;
  delete o.a;
  o.b = 'again';
  o.a = 'and again';
  put('object_deleted_and_added', o);
  o = {};
  for (i = 0; i < 200; i++) o['key' + (i * 37 % 200)] = i;
  for (i = 0; i < 200; i += 4) delete o['key' + i];
  put('object_dictionary', o);
  o = {};
  for (i = 0; i < 1100; i++) o['key' + i] = i % 5 ? i : i + 0.5;
  put('object_1100_properties', o);
  o = {};
  for (i = 0; i < 1000; i++) o['fast' + i] = i;
  put('object_1000_fast_properties', Object.create(o) && o);  // a prototype is made fast again
  put('object_250_fields', new (new Function('return function Wide() {' +
      repeat(250, function(i) { return 'this.w' + i + '=' + (i % 7 ? i : i + 0.25) + ';'; }).join('') + '}')())());
  put('object_380_fields', new (new Function('return function Wider() {' +
      repeat(370, function(i) { return 'this.w' + i + '=' + (i % 7 ? i : i + 0.25) + ';'; }).join('') + '}')())());
  put('object_double_fields', {a: 0.5, b: -0, c: NaN, d: Infinity, e: 1e300, f: 4294967296.5});
  a = new Point(1, 2);
  b = new Point(1.5, 2);
  put('object_smi_became_double', a);
  put('object_double_from_start', b);
  put('object_smi_in_double_field', new Point(3, 4));
  put('object_double_became_any', (new Point('text', 1), new Point(0.25, {})));
  o = {x: 1, y: 2};
  o.x = 0.5;
  o.x = 7;
  o.y = 'text';
  put('object_fields_changed', o);
  put('object_shared_double', {pair: [{d: 0.1}, {d: 0.2}, {d: 3}]});
  o = {a: 1};
  Object.defineProperty(o, 'both', {get: function both_get() { return 1; }, set: function both_set(v) {}, enumerable: true, configurable: true});
  Object.defineProperty(o, 'only_get', {get: function only_get() { return 2; }});
  Object.defineProperty(o, 'only_set', {set: function only_set(v) {}, configurable: true});
  o.z = 26;
  put('object_accessors', o);
  put('object_literal_accessors', {get size() { return 1; }, set size(v) {}, plain: 2});
  o = {};
  for (i = 0; i < 30; i++) Object.defineProperty(o, 'k' + i, {get: function() { return 1; }, enumerable: i % 2 > 0, configurable: true});
  delete o.k3;
  put('object_dictionary_accessors', o);
  o = {text: 1};
  o[Symbol('key')] = 'by symbol';
  o[Symbol.for('registered key')] = 2;
  o[Symbol.toPrimitive] = null;
  o[Symbol()] = 'no description';
  o.after = 3;
  put('object_symbol_keys', o);
  o = {b: 1, 7: 'seven', a: 2, 0: 'zero', 3: 'three', '-1': 'minus', '01': 'leading', '1.5': 'fraction'};
  put('object_integer_keys', o);
  o = {};
  o[4294967294] = 'largest index';
  o[4294967295] = 'no index';
  o[4294967296] = 'no index either';
  o[9007199254740991] = 'safe';
  put('object_huge_integer_keys', o);
  o = {};
  for (i = 0; i < 20; i++) o[i * 1000] = i;
  o.name = 'sparse';
  put('object_sparse_integer_keys', o);
  o = {};
  o[''] = 'empty key';
  o[' '] = 'blank';
  o['\u6570'] = 'two byte';
  o['\ud800'] = 'lone surrogate';
  o['a\u0000b'] = 'nul';
  o['\u001b[31m'] = 'escape';
  o['a long key that goes on and on '.repeat(10)] = 'long';
  o.__proto__x = 1;
  o.constructor = 'own';
  o.toString = 'own too';
  put('object_odd_keys', o);
  put('object_own_proto', JSON.parse('{"__proto__":1,"a":2}'));
  put('object_json', JSON.parse('{"a":[1,2.5,"x",null,true,{"b":{}}],"c":{"d":[]},"1":2}'));
  put('object_frozen', Object.freeze({a: 1, b: {c: 2}, 0: 'element'}));
  put('object_sealed', Object.seal({a: 1, b: 2.5, 0: 'element'}));
  put('object_non_extensible', Object.preventExtensions({a: 1, 0: 'element'}));
  o = {a: 1, b: 2, c: 3};
  delete o.a;
  put('object_frozen_dictionary', Object.freeze(o));
  put('object_frozen_empty', Object.freeze({}));
  o = {};
  Object.defineProperty(o, 'hidden', {value: 1, writable: true, configurable: true});
  Object.defineProperty(o, 'constant', {value: 2.5, enumerable: true, configurable: true});
  Object.defineProperty(o, 'fixed', {value: 'three', writable: true, enumerable: true});
  Object.defineProperty(o, 'nothing', {value: undefined});
  Object.defineProperty(o, '5', {value: 'element', enumerable: true});
  put('object_attributes', o);
  o = Object.create(null);
  o.a = 1;
  put('object_null_prototype', o);
  o = Object.create(null);
  put('object_null_prototype_empty', o);
  put('object_created', Object.create({inherited: 1}, {own: {value: 2, enumerable: true}}));
  put('object_create_chain', Object.assign(Object.create(Object.create(Object.create({deep: 1}))), {top: 1}));
  put('object_prototype_changed', annotate(Object.setPrototypeOf({a: 1}, {b: 2}), 'object', {omit: ['class']}));
  put('object_created_from_class', Object.create(Animal.prototype));
  put('object_own_constructor', {constructor: 'text', a: 1});
  o = {};
  o[Symbol.toStringTag] = 'Tagged';
  put('object_tagged', o);
  put('object_nested', {a: {b: {c: {d: {e: {f: 'deep'}}}}}});
  put('object_tree', repeat(3, function(i) { return {i: i, list: repeat(3, function(k) { return {k: k * 0.5}; })}; }));
  put('object_methods', {method() { return 1; }, arrow: () => 2, named: function ownName() {}, async later() {}, *many() {}});
  o = {name: 'cycle', inner: {list: []}};
  o.self = o;
  o.inner.up = o;
  o.inner.list.push(o.inner, o);
  put('object_cycle', o);
  a = {name: 'a'};
  b = {name: 'b', a: a};
  a.b = b;
  put('object_mutual', {first: a, second: b});
  o = {shared: true};
  put('object_shared_reference', {left: o, right: {again: o}, list: [o, o]});
  put('instance', new Point(1, 2));
  put('instance_animal', new Animal('generic'));
  put('instance_dog', new Dog('Rex'));
  put('instance_puppy', new Puppy('Max'));
  put('instance_extended', Object.assign(new Dog('extra'), {a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8}));
  put('prototype_object', annotate(Animal.prototype, 'object', {omit: ['class']}));
  put('prototype_of_child', annotate(Puppy.prototype, 'object', {omit: ['class']}));

  // Private names are V8's symbols. Methods are kept by a brand, which is no field.
  o = modern('return class Fields { open = 1; #hidden = {a: 1}; #second = 2.5; after = "x"; static count = 3; };');
  if (o) put('private_fields', annotate(new o(), 'object', {private: [['#hidden', {a: 1}], ['#second', 2.5]]}));
  b = o && modern('return class Child extends a { #hidden = "of the child"; own = 2; };', o);
  if (b) {
    put('private_fields_inherited', annotate(new b(), 'object',
        {private: [['#hidden', {a: 1}], ['#second', 2.5], ['#hidden', 'of the child']]}));
  }
  o = modern('return class Methods { #field = 1; #method() { return this.#field; } get #getter() { return 1; } run() { return this.#method(); } };');
  if (o) put('private_methods', annotate(new o(), 'object', {private: [['#field', 1]]}));
  o = modern('return class Blocks { static #count = 4; static visible = 5; static { this.fromBlock = 6; } };');
  if (o) put('class_private_static', annotate(o, 'function', {private: [['#count', 4]]}));
  o = modern('return class Many { ' + repeat(12, function(i) { return 'f' + i + ' = ' + i + ';'; }).join(' ') + ' "quoted key" = 1; 5 = "index"; [a] = 2; };',
             Symbol('computed'));
  if (o) put('class_fields', new o());
}

// --- arrays ---------------------------------------------------------------------------------------------------------------

function arrays(put) {
  var a, i;
  put('array_empty', []);
  put('array_packed_smi', [1, 2, 3, -4]);
  put('array_packed_double', [1.5, -0, NaN, Infinity, -Infinity, 2, 1e-300]);
  put('array_packed', ['a', {b: 1}, null, undefined, 1, 2.5, [3]]);
  put('array_holey_smi', [1, , 3, , 5]);
  put('array_holey_double', [1.5, , NaN, , -0]);
  put('array_holey', ['a', , {b: 1}, , undefined]);
  a = [0.5, 1.5, 2.5];
  a[6] = NaN;
  a[7] = 0 / 0;
  put('array_holey_double_nan', a);
  a = [1.5, 2.5, 3.5];
  delete a[1];
  put('array_double_deleted', a);
  put('array_new', new Array(5));
  put('array_new_large', new Array(100000));
  a = [1, 2, 3];
  a.length = 10;
  put('array_length_grown', a);
  a = repeat(50, function(i) { return i; });
  a.length = 3;
  put('array_length_cut', a);
  a = [];
  a[100000000] = 'far';
  a[5] = 'near';
  put('array_sparse', a);
  a = [];
  a.length = 4294967295;
  put('array_longest', a);
  a = [];
  a[4294967294] = 'last';
  a[0] = 'first';
  a[4294967295] = 'no index';
  put('array_longest_with_ends', a);
  a = [];
  for (i = 0; i < 100; i++) a[i * 5000] = i;
  for (i = 0; i < 100; i += 3) delete a[i * 5000];
  put('array_dictionary', a);
  a = [1, 2, 3];
  Object.defineProperty(a, 1, {get: function() { return 'got'; }, enumerable: true, configurable: true});
  put('array_accessor', a);
  a = [1, 2, 3];
  Object.defineProperty(a, 2, {value: 'fixed'});
  put('array_fixed_element', a);
  put('array_frozen', Object.freeze([1, 'a', {b: 1}]));
  put('array_frozen_smi', Object.freeze([1, 2, 3]));
  put('array_frozen_double', Object.freeze([1.5, 2.5]));
  put('array_frozen_holey', Object.freeze([1, , 'c']));
  put('array_frozen_empty', Object.freeze([]));
  put('array_sealed', Object.seal(['a', 2]));
  put('array_sealed_holey', Object.seal(['a', , 2]));
  put('array_non_extensible', Object.preventExtensions([1, 'b']));
  a = ['a'];
  Object.defineProperty(a, 'length', {writable: false});
  put('array_fixed_length', a);
  a = [1, 2];
  a.name = 'named';
  a['-1'] = 'minus one';
  a[Symbol('s')] = 3;
  put('array_named_properties', a);
  a = [];
  for (i = 0; i < 40; i++) a.push(i);
  for (i = 0; i < 25; i++) a.pop();
  put('array_pushed_popped', a);
  a = repeat(100, function(i) { return 'element ' + i; });
  for (i = 0; i < 60; i++) a.shift();
  put('array_shifted', a);
  a = repeat(60, function(i) { return i + 0.5; });
  for (i = 0; i < 20; i++) a.shift();
  a.unshift(7);
  put('array_double_shifted', a);
  a = [1, 2, 3];
  a.splice(1, 1, 'x', 'y');
  put('array_spliced', a);
  put('array_1000', repeat(1000, function(i) { return i * i; }));
  put('array_copy_on_write', (function() { return [1, 2, 3, 'literal']; })());
  put('array_nested', [[1, [2, [3, [4.5]]]], [[]]]);
  put('array_of_arrays', repeat(4, function(i) { return repeat(i, function(k) { return k / 2; }); }));
  put('array_smi_then_double', (a = [1, 2, 3], a.push(1.5), a));
  put('array_double_then_object', (a = [1.5, 2], a.push('x'), a));
  put('array_destructured_rest', (function() { var [first, ...rest] = 'abcdef'; return rest; })());
  put('array_from_split', 'a,b,,c'.split(','));
  put('array_match', /(b)(x)?/.exec('abc'));
  a = modern('return /(?<first>b)(?<missing>x)?/.exec("abc");');
  if (a) put('array_match_groups', a);
  put('array_template', (function tag(strings) { return strings; })`one ${1} two\n`);
  put('array_subclass', new (class Stack extends Array { constructor() { super(); this.push('in', 'out'); this.top = 2; } })());
  a = [];
  a.push(a, [a]);
  put('array_cycle', a);

  // Arguments. Sloppy ones share their elements with the parameters, so this must not be strict.
  var sloppy = new Function('a', 'b', 'return arguments;');
  put('arguments_sloppy', sloppy(1, 'two', {three: 3}));
  put('arguments_sloppy_empty', sloppy());
  put('arguments_sloppy_fewer', sloppy('only'));
  put('arguments_sloppy_parameter_set', new Function('a', 'b', 'a = "set"; b = {by: "name"}; return arguments;')(1, 2, 3));
  put('arguments_sloppy_captured', new Function('a', 'b', 'var f = function() { return a++; }; f(); return arguments;')(1, 2, 3));
  put('arguments_sloppy_changed',
      new Function('a', 'b', 'c', 'arguments[0] = "changed"; delete arguments[1]; arguments[6] = 9; arguments.extra = 1; c = "c"; return arguments;')(1, 2, 3, 4));
  put('arguments_sloppy_dictionary',
      new Function('a', 'b', 'c', 'arguments[5000] = 5; delete arguments[1]; a = "set"; Object.defineProperty(arguments, 2, {enumerable: false}); return arguments;')(1, 2, 3));
  put('arguments_sloppy_deleted_all',
      new Function('a', 'b', 'delete arguments[0]; delete arguments[1]; delete arguments.length; return arguments;')(1, 2));
  put('arguments_unmapped', new Function('a', '...rest', 'return rest;')(1, 2, 3));
  put('arguments_strict', (function() { return arguments; })(1, 'two', 3.5));
  put('arguments_strict_empty', (function() { return arguments; })());
}

// --- collections ----------------------------------------------------------------------------------------------------------

// What an iterator has still to give, as the program that makes it knows.
function iterator(value, kind, index, entries) {
  var members = {entries: entries.map(function(e) { return Array.isArray(e) ? e.map(of) : of(e); })};
  if (index !== undefined) members.index = index;
  return annotate(value, kind, members);
}

function collections(put) {
  var map, set, i, it, key = {key: 'object'};
  put('map_empty', new Map());
  put('map_small', new Map([['a', 1], ['b', {c: 2}], [3, 'three']]));
  put('map_odd_keys', new Map([[NaN, 'nan'], [-0, 'zero'], [1.5, 'half'], [key, 'object'], [null, 'null'],
                               [undefined, 'undefined'], [true, 'true'], ['1', 'text'], [1, 'number'], [Symbol('k'), 'symbol']]));
  map = new Map();
  for (i = 0; i < 1500; i++) map.set('key' + i, i);
  put('map_1500', map);
  map = new Map();
  for (i = 0; i < 300; i++) map.set(i, 'value ' + i);
  for (i = 0; i < 300; i++) if (i % 3) map.delete(i);
  put('map_deleted', map);
  map = new Map([[1, 'a'], [2, 'b'], [3, 'c'], [4, 'd']]);
  map.delete(2);
  put('map_one_deleted', map);
  map = new Map([[1, 'a'], [2, 'b']]);
  map.delete(1);
  map.set(1, 'again');
  put('map_deleted_and_added', map);
  map = new Map([[1, 'a'], [2, 'b']]);
  map.clear();
  put('map_cleared', map);
  map = new Map([[1, 'a'], [2, 'b']]);
  map.clear();
  map.set('after', 'clear');
  put('map_cleared_and_added', map);
  map = new Map([['k', 'v']]);
  map.own = 'property';
  map.set('self', map);
  put('map_with_property_and_cycle', map);
  put('map_nested', new Map([['inner', new Map([['deep', new Set([new Map()])]])]]));
  put('map_bigint_keys', typeof BigInt === 'function' ? new Map([[BigInt(1), 1], [BigInt('123456789012345678901'), 2]]) : new Map());
  put('set_empty', new Set());
  put('set_small', new Set(['a', 1, {b: 2}]));
  put('set_odd', new Set([NaN, -0, 0.5, undefined, null, '', key, Symbol('s')]));
  set = new Set();
  for (i = 0; i < 1500; i++) set.add(i % 2 ? i : 'text' + i);
  put('set_1500', set);
  set = new Set(repeat(100, function(i) { return i; }));
  for (i = 0; i < 100; i += 2) set.delete(i);
  put('set_deleted', set);
  set = new Set([1, 2, 3]);
  set.clear();
  put('set_cleared', set);
  set = new Set(repeat(50, function(i) { return i; }));
  for (i = 0; i < 50; i++) set.delete(i);
  put('set_all_deleted', set);
  put('map_subclass', new (class Registry extends Map { constructor() { super([['a', 1]]); this.label = 'sub'; } })());
  put('set_subclass', new (class Tags extends Set { constructor() { super(['x']); this.label = 'sub'; } })());

  // Iterators. Of those over keys or values alone the contract leaves open what an entry is; only the number is told.
  map = new Map([['a', 1], ['b', 2], ['c', 3]]);
  common.keep(map);
  put('map_iterator_fresh', iterator(map.entries(), 'map_iterator', 0, [['a', 1], ['b', 2], ['c', 3]]));
  it = map.entries();
  it.next();
  put('map_iterator_half', iterator(it, 'map_iterator', 1, [['b', 2], ['c', 3]]));
  it = map[Symbol.iterator]();
  while (!it.next().done);
  put('map_iterator_done', iterator(it, 'map_iterator', undefined, []));
  it = map.keys();
  it.next();
  put('map_iterator_keys', annotate(it, 'map_iterator', {index: 1, entries_count: 2}));
  it = map.values();
  it.next();
  put('map_iterator_values', annotate(it, 'map_iterator', {index: 1, entries_count: 2}));
  map = new Map(repeat(100, function(i) { return [i, 'v' + i]; }));
  it = map.entries();
  for (i = 0; i < 10; i++) it.next();
  for (i = 0; i < 100; i++) if (i % 10 !== 5) map.delete(i);  // the table the iterator stands on is replaced meanwhile
  put('map_iterator_over_replaced_table',
      iterator(it, 'map_iterator', undefined, [15, 25, 35, 45, 55, 65, 75, 85, 95].map(function(i) { return [i, 'v' + i]; })));
  map = new Map([[1, 1], [2, 2]]);
  it = map.entries();
  it.next();
  map.clear();
  map.set('new', 'one');
  put('map_iterator_after_clear', iterator(it, 'map_iterator', undefined, [['new', 'one']]));
  set = new Set(['a', 'b', 'c']);
  it = set.values();
  it.next();
  put('set_iterator_half', iterator(it, 'set_iterator', 1, ['b', 'c']));
  it = set.entries();
  it.next();
  put('set_iterator_entries', annotate(it, 'set_iterator', {index: 1, entries_count: 2}));
  set = new Set([1, 2, 3, 4]);
  it = set.values();
  it.next();
  set.delete(2);
  set.add(5);
  put('set_iterator_deleted', iterator(it, 'set_iterator', undefined, [3, 4, 5]));
  var list = ['x', 'y', 'z'];
  it = list.values();
  it.next();
  put('array_iterator_half', annotate(it, 'array_iterator', {iterated: of(list), index: 1}));
  put('array_iterator_fresh', annotate(list.entries(), 'array_iterator', {iterated: of(list), index: 0}));
  it = [1, 2][Symbol.iterator]();
  while (!it.next().done);
  put('array_iterator_done', annotate(it, 'array_iterator'));
  var bytes = new Uint8Array([1, 2, 3]);
  it = bytes.values();
  it.next();
  it.next();
  put('array_iterator_typed', annotate(it, 'array_iterator', {iterated: of(bytes), index: 2}));
  it = 'abc'[Symbol.iterator]();
  it.next();
  put('string_iterator', annotate(it, 'object', {omit: ['kind']}));

  // Weak ones. What they hold is kept alive beside them.
  var keys = common.keep(repeat(5, function(i) { return {weak: i}; }));
  put('weakmap_empty', annotate(new WeakMap(), 'weakmap', {size: 0, entries: []}));
  put('weakmap', annotate(new WeakMap(keys.map(function(k, i) { return [k, 'value ' + i]; })), 'weakmap',
                          {size: 5, entries: keys.map(function(k, i) { return [of(k), of('value ' + i)]; })}));
  map = new WeakMap(keys.map(function(k, i) { return [k, {held: i}]; }));
  map.delete(keys[1]);
  map.set(keys[0], 'replaced');
  put('weakmap_deleted', annotate(map, 'weakmap', {size: 4, entries: [[of(keys[0]), of('replaced')]].concat([2, 3, 4].map(function(i) {
    return [of(keys[i]), of({held: i})];
  }))}));
  map = new WeakMap();
  keys = common.keep(repeat(100, function(i) { return {k: i}; }));
  keys.forEach(function(k, i) { map.set(k, i); });
  put('weakmap_100', annotate(map, 'weakmap', {size: 100, entries: keys.map(function(k, i) { return [of(k), of(i)]; })}));
  keys = common.keep([{a: 1}, [2], function three() {}]);
  put('weakset', annotate(new WeakSet(keys), 'weakset', {size: 3, entries: keys.map(of)}));
  put('weakset_empty', annotate(new WeakSet(), 'weakset', {size: 0, entries: []}));
  try {  // symbols as keys, from Node.js 20 on
    var symbol = common.keep(Symbol('weak key'));
    map = new WeakMap([[symbol, 'by symbol']]);
    put('weakmap_symbol_key', annotate(map, 'weakmap', {size: 1, entries: [[of(symbol), of('by symbol')]]}));
  } catch (e) {
    if (!(e instanceof TypeError)) throw e;
  }
  if (typeof WeakRef === 'function') {
    var target = common.keep({target: 'of a WeakRef'});
    put('weakref', annotate(new WeakRef(target), 'weakref', {target: of(target)}));
  }
  if (typeof FinalizationRegistry === 'function') {
    var cleanup = function cleanUp() {};
    put('finalization_registry_empty', annotate(new FinalizationRegistry(cleanup), 'finalization_registry', {cleanup: of(cleanup), cells: []}));
    var registry = new FinalizationRegistry(cleanup);
    keys = common.keep(repeat(4, function(i) { return {registered: i}; }));
    keys.forEach(function(k, i) { registry.register(k, 'holdings ' + i, k); });
    registry.unregister(keys[2]);
    put('finalization_registry', annotate(registry, 'finalization_registry', {
      cleanup: of(cleanup),
      cells: [0, 1, 3].map(function(i) { return {target: of(keys[i]), holdings: of('holdings ' + i)}; })
    }));
  }
}

// --- binary data ----------------------------------------------------------------------------------------------------------

// The content of an ArrayBuffer moves to another owner, which lets go of it.
function detach(buffer) {
  var channel = new workers.MessageChannel();
  channel.port1.postMessage(buffer, [buffer]);
  channel.port1.close();
  return annotate(buffer, 'arraybuffer', {byte_length: 0, detached: true});
}

function filled(buffer) {
  var bytes = new Uint8Array(buffer);
  for (var i = 0; i < bytes.length; i++) bytes[i] = i * 7 + 1;
  return buffer;
}

function binary(put) {
  var buffer, view;
  put('arraybuffer', filled(new ArrayBuffer(24)));
  put('arraybuffer_empty', new ArrayBuffer(0));
  put('arraybuffer_large', filled(new ArrayBuffer(100000)));
  put('arraybuffer_detached', detach(new ArrayBuffer(64)));
  put('arraybuffer_with_property', Object.assign(filled(new ArrayBuffer(4)), {label: 'own'}));
  put('arraybuffer_shared', filled(new SharedArrayBuffer(20)));
  var resizable = modern('return new ArrayBuffer(8, {maxByteLength: 64});');
  if (resizable && resizable.resizable) {
    put('arraybuffer_resizable', filled(resizable));
    buffer = filled(modern('return new ArrayBuffer(16, {maxByteLength: 64});'));
    buffer.resize(40);
    put('arraybuffer_resized', buffer);
    buffer = filled(modern('return new ArrayBuffer(16, {maxByteLength: 64});'));
    put('typed_length_tracking', new Uint16Array(buffer));
    put('typed_length_tracking_offset', new Uint8Array(buffer, 4));
    put('typed_fixed_on_resizable', new Uint8Array(buffer, 2, 6));
    put('dataview_length_tracking', new DataView(buffer, 4));
    view = new Uint8Array(buffer, 8, 8);
    buffer.resize(10);
    put('typed_out_of_bounds', annotate(view, 'typedarray', {omit: ['byte_offset']}));
  }
  var growable = modern('return new SharedArrayBuffer(8, {maxByteLength: 64});');
  if (growable && growable.growable) {
    put('arraybuffer_growable_shared', filled(growable));
    buffer = filled(modern('return new SharedArrayBuffer(8, {maxByteLength: 64});'));
    view = new Uint8Array(buffer);
    buffer.grow(24);
    put('arraybuffer_grown_shared', buffer);
    put('typed_length_tracking_shared', view);
  }

  var ordinary = [1, 2, 127, 128, 255, -1];
  var samples = {
    Int8Array: ordinary, Uint8Array: ordinary, Uint8ClampedArray: [0, 300, -5, 1.5, 2.5], Int16Array: [1, -1, 32767, 40000],
    Uint16Array: [1, 65535], Int32Array: [1, -1, 2147483647, -2147483648], Uint32Array: [1, 4294967295],
    Float16Array: [0.5, -0, 65504, NaN, Infinity, 6e-8, 0.1], Float32Array: [0.5, 0.1, -0, NaN, -Infinity, 1e-45, 3e38],
    Float64Array: [0.1, -0, NaN, Infinity, 5e-324, 1e308]
  };
  Object.keys(samples).forEach(function(name) {
    if (typeof global[name] !== 'function') return;
    put('typed_' + name, new global[name](samples[name]));
    put('typed_large_' + name, new global[name](repeat(200, function(i) { return samples[name][i % samples[name].length]; })));
  });
  if (typeof BigInt64Array === 'function') {
    var values = ['0', '1', '-1', '9223372036854775807', '-9223372036854775808', '1234567890123456789'].map(BigInt);
    put('typed_BigInt64Array', new BigInt64Array(values));
    put('typed_BigUint64Array', new BigUint64Array(values));
    put('typed_large_BigInt64Array', new BigInt64Array(repeat(60, function(i) { return values[i % values.length]; })));
  }
  put('typed_empty', new Uint8Array(0));
  put('typed_empty_of_buffer', new Float64Array(new ArrayBuffer(0)));
  put('typed_exactly_on_heap', new Uint8Array(repeat(64, function(i) { return i; })));
  put('typed_just_off_heap', new Uint8Array(repeat(65, function(i) { return i; })));
  buffer = filled(new ArrayBuffer(40));
  put('typed_offset', annotate(new Int16Array(buffer, 6, 9), 'typedarray', {buffer: of(buffer)}));
  put('typed_offset_end', annotate(new Uint8Array(buffer, 40), 'typedarray', {buffer: of(buffer)}));
  put('typed_offset_double', annotate(new Float64Array(buffer, 16, 2), 'typedarray', {buffer: of(buffer)}));
  put('typed_subarray', annotate(new Uint32Array(buffer).subarray(2, 5), 'typedarray', {buffer: of(buffer)}));
  put('typed_two_views', {one: new Uint8Array(buffer, 0, 4), two: new Uint8Array(buffer, 2, 4)});
  view = new Uint8Array([1, 2, 3]);
  view.buffer;  // asked for, so the elements left the heap
  put('typed_moved_out', view);
  put('typed_shared', new Int32Array(filled(new SharedArrayBuffer(16)), 4, 2));
  view = new Uint8Array([9, 8]);
  view.name = 'own property';
  put('typed_with_property', view);
  put('typed_subclass', new (class Bytes extends Uint8Array { constructor() { super([4, 5]); this.label = 'sub'; } })());
  buffer = new ArrayBuffer(32);
  view = new Uint8Array(buffer, 4, 8);
  detach(buffer);
  put('typed_detached', annotate(view, 'typedarray', {detached: true, omit: ['byte_offset']}));
  buffer = filled(new ArrayBuffer(20));
  put('dataview', annotate(new DataView(buffer), 'dataview', {buffer: of(buffer)}));
  put('dataview_offset', annotate(new DataView(buffer, 3, 5), 'dataview', {buffer: of(buffer)}));
  put('dataview_shared', new DataView(filled(new SharedArrayBuffer(16)), 8));
  put('dataview_empty', new DataView(buffer, 20));

  // Where in Node's pool a small Buffer stands is chance.
  var pooled = {omit: ['byte_offset']};
  put('buffer_pooled', annotate(Buffer.from('pooled text'), 'typedarray', pooled));
  put('buffer_alloc', Buffer.alloc(10, 'ab'));
  put('buffer_large', Buffer.alloc(9000, 'xyz').fill('w', 100, 200).subarray(90, 210));
  put('buffer_slice', Buffer.alloc(100, 'slice of it').slice(11, 33));
  put('buffer_empty', annotate(Buffer.from(''), 'typedarray', pooled));
  put('buffer_of_arraybuffer', annotate(Buffer.from(filled(new ArrayBuffer(12)), 2, 6), 'typedarray', {}));
}

// --- the rest -------------------------------------------------------------------------------------------------------------

function dates(put) {
  put('date', new Date(1700000000123));
  put('date_zero', new Date(0));
  put('date_negative', new Date(-62135596800001));
  put('date_invalid', new Date(NaN));
  put('date_first', new Date(-8640000000000000));
  put('date_last', new Date(8640000000000000));
  put('date_with_property', Object.assign(new Date(86400000), {zone: 'UTC'}));
  var date = new Date(2001, 1, 3);
  date.getHours();  // fills the cache of its fields
  date.setTime(1234567890000);
  put('date_with_cache', (date.getHours(), date));
  put('date_subclass', new (class Stamp extends Date { constructor() { super(5); this.label = 'sub'; } })());
}

function regexps(put) {
  var r;
  put('regexp', /ab+c/);
  ['g', 'i', 'm', 's', 'u', 'y', 'd', 'v', 'gimsuy', 'dgimsuy', 'dgimsvy'].forEach(function(flags) {
    try {
      put('regexp_flags_' + flags, new RegExp('a.c', flags));
    } catch (e) {
      if (!(e instanceof SyntaxError)) throw e;
    }
  });
  put('regexp_empty', new RegExp(''));
  put('regexp_slash', new RegExp('a/b[/]\\/'));
  put('regexp_line_end', new RegExp('a\nb\r\u2028'));
  put('regexp_classes', /^[\w.-]+@(?:\w+\.)+[a-z]{2,}$|\u{61}?\x41\//i);
  put('regexp_unicode', /[\u6570\u636e]+\ud83d/);
  put('regexp_named', new RegExp('(?<year>\\d{4})-(?<month>\\d\\d)', 'u'));
  put('regexp_lookbehind', new RegExp('(?<=\\$)\\d+(?!\\.)'));
  r = /o/g;
  r.exec('foo boo');
  put('regexp_last_index', r);
  r = /once used/;
  r.test('x'.repeat(100));
  put('regexp_compiled', r);
  r = /sticky/y;
  r.lastIndex = 'not a number';
  put('regexp_last_index_text', r);
  r = /with/;
  r.own = {a: 1};
  put('regexp_with_property', r);
  put('regexp_frozen', Object.freeze(/cold/));
  put('regexp_long', new RegExp(repeat(300, function(i) { return 'word' + i; }).join('|')));
}

class HttpError extends Error {
  constructor(code) { super('status ' + code); this.code = code; this.headers = {a: 'b'}; }
}

function errors(put) {
  put('error', new Error('the message'));
  put('error_no_message', new Error());
  put('error_type', new TypeError('of a type'));
  put('error_range', new RangeError(''));
  put('error_thrown', (function() { try { null.x; } catch (e) { return e; } })());
  put('error_own_properties', Object.assign(new Error('with code'), {code: 'ENOENT', errno: -2, path: '/tmp/x'}));
  put('error_subclass', new HttpError(404));
  put('error_cause', new Error('outer', {cause: new TypeError('inner')}));
  put('error_cause_value', new Error('outer', {cause: {code: 1}}));
  var e = new Error('name changed');
  e.name = 'Renamed';
  put('error_name', e);
  e = new Error('message changed');
  e.message = {not: 'text'};
  put('error_message_object', e);
  e = new Error('nasty \u001b[31m\u202e\ud800\u0000');
  put('error_nasty', e);
  e = new Error('stack asked for');
  e.stack;
  put('error_stack_used', e);
  e = new Error('stack set');
  e.stack = 'not a stack';
  put('error_stack_set', e);
  put('error_frozen', Object.freeze(new Error('frozen')));
  if (typeof AggregateError === 'function') put('error_aggregate', new AggregateError([new Error('one'), 'two'], 'several'));
}

function promises(put) {
  function settled(state, promise, result, has_handler) {
    var members = {state: state, has_handler: has_handler};
    if (state !== 'pending') members.result = of(result);
    else members.reactions_count = 0;
    return annotate(promise, 'promise', members);
  }
  function ignore() {}
  var p, resolve;
  put('promise_pending', settled('pending', new Promise(function() {}), undefined, false));
  put('promise_fulfilled', settled('fulfilled', Promise.resolve(42), 42, false));
  put('promise_fulfilled_undefined', settled('fulfilled', Promise.resolve(), undefined, false));
  var result = {result: ['of a promise']};
  put('promise_fulfilled_object', settled('fulfilled', Promise.resolve(result), result, false));
  var error = new Error('rejected');
  p = Promise.reject(error);
  p.catch(ignore);
  put('promise_rejected_handled', settled('rejected', p, error, true));
  p = Promise.reject('just text');
  put('promise_rejected_unhandled', settled('rejected', p, 'just text', false));
  var f = function whenDone() {}, g = function whenFailed() {};
  p = new Promise(function() {});
  var derived = p.then(f, g);
  put('promise_one_reaction', annotate(p, 'promise', {
    state: 'pending', has_handler: true,
    reactions: [{fulfill: of(f), reject: of(g), promise: of(annotate(derived, 'promise', {state: 'pending', has_handler: false, reactions_count: 0}))}]
  }));
  p = new Promise(function() {});
  p.then(f);
  p.catch(g);
  p.finally(f);
  put('promise_three_reactions', annotate(p, 'promise', {state: 'pending', has_handler: true, reactions_count: 3}));
  p = new Promise(function() {});
  put('promise_all', annotate(Promise.all([p, 1]), 'promise', {state: 'pending', has_handler: false, reactions_count: 0}));
  put('promise_waited_by_all', annotate(p, 'promise', {state: 'pending', has_handler: true, reactions_count: 1}));
  p = new Promise(function(r) { resolve = r; });
  put('promise_resolved_later', annotate(p, 'promise', {state: 'fulfilled', has_handler: false, result: of('later')}));
  resolve('later');
  put('promise_resolve_functions', {resolve: resolve});
  p = new Promise(function(r) { r(new Promise(function() {})); });
  put('promise_locked_in', annotate(p, 'promise', {state: 'pending', has_handler: false, reactions_count: 0}));
  p = Promise.resolve(1);
  p.own = 'property';
  put('promise_with_property', settled('fulfilled', p, 1, false));
  put('promise_subclass', settled('fulfilled', (class Task extends Promise {}).resolve('sub'), 'sub', false));

  // An async function that waits: itself it cannot be held, but the promise it gave and the one it waits for can.
  var awaited = new Promise(function() {});
  async function waits(argument) {
    var local = {local: argument};
    await awaited;
    return local;
  }
  put('async_result', annotate(waits(5), 'promise', {state: 'pending', has_handler: false, reactions_count: 0}));
  put('async_awaited', annotate(awaited, 'promise', {state: 'pending', has_handler: true, reactions_count: 1}));
  async function returns() { return {from: 'async'}; }
  put('async_finished', annotate(returns(), 'promise', {state: 'fulfilled', has_handler: false, result: of({from: 'async'})}));
  async function throws() { throw 'thrown text'; }
  put('async_thrown', annotate(throws(), 'promise', {state: 'rejected', has_handler: false, result: of('thrown text')}));
}

function proxies(put) {
  function proxied(value, kind, target, handler) {
    return annotate(value, 'proxy', {target: of(target), handler: of(handler), revoked: false});
  }
  var target = {a: 1}, handler = {get: function get(t, key) { return key; }};
  put('proxy', proxied(new Proxy(target, handler), 'object', target, handler));
  var f = function proxiedFunction() {};
  var empty = {};
  put('proxy_function', proxied(new Proxy(f, empty), 'function', f, empty));
  var list = [1, 2];
  put('proxy_array', proxied(new Proxy(list, empty), 'object', list, empty));
  var inner = proxied(new Proxy(target, empty), 'object', target, empty);
  put('proxy_of_proxy', proxied(new Proxy(inner, handler), 'object', inner, handler));
  var revocable = Proxy.revocable({}, {});
  revocable.revoke();
  put('proxy_revoked', annotate(revocable.proxy, 'proxy', {revoked: true}));
  put('proxy_in_object', {proxy: inner, map: new Map([[inner, inner]])});
}

function bound(put) {
  function make(f, receiver, args) {
    return annotate(Function.prototype.bind.apply(f, [receiver].concat(args)), 'bound_function',
                    {bound_target: of(f), bound_this: of(receiver), bound_arguments: args.map(of), omit: ['name']});
  }
  function boundTarget(a, b) { return this; }
  at(boundTarget, 'function boundTarget(');
  put('bound', make(boundTarget, {receiver: 1}, []));
  put('bound_arguments', make(boundTarget, undefined, [1, 'two', {three: 3}]));
  put('bound_twice', make(make(boundTarget, 'first', [1]), 'second', [2]));
  put('bound_primitive_this', make(boundTarget, 7, [null]));
  put('bound_class', make(Animal, null, ['name']));
  put('bound_with_property', Object.assign(make(boundTarget, null, []), {own: 1}));
  put('bound_builtin', make(Math.max, null, [3]));
}

function generators(put) {
  function generator(value, kind, f, receiver, state) {
    return annotate(value, kind, {function: of(f), receiver: of(receiver), state: state});
  }
  function* counting(limit) { for (var i = 0; i < limit; i++) yield i; return 'end'; }
  at(counting, 'function* counting(');
  var g = counting(3);
  put('generator_fresh', generator(g, 'generator', counting, undefined, 'suspended'));
  g = counting(3);
  g.next();
  g.next();
  put('generator_suspended', generator(g, 'generator', counting, undefined, 'suspended'));
  g = counting(1);
  while (!g.next().done);
  put('generator_finished', generator(g, 'generator', counting, undefined, 'closed'));
  g = counting(1);
  g.return(5);
  put('generator_returned', generator(g, 'generator', counting, undefined, 'closed'));
  g = counting(3);
  g.own = 'property';
  put('generator_with_property', generator(g, 'generator', counting, undefined, 'suspended'));
  var holder = {name: 'holder', *walk() { yield this; yield 2; }};
  g = holder.walk();
  g.next();
  put('generator_with_receiver', generator(g, 'generator', holder.walk, holder, 'suspended'));
  function* delegating() { yield* counting(5); }
  g = delegating();
  g.next();
  put('generator_delegating', generator(g, 'generator', delegating, undefined, 'suspended'));
  function* running() { put('generator_running', annotate(g, 'generator', {function: of(running), receiver: of(undefined)})); }
  g = running();
  g.next();
  async function* asynchronous() { yield 1; await new Promise(function() {}); }
  put('async_generator_fresh', generator(asynchronous(), 'async_generator', asynchronous, undefined, 'suspended'));
  g = asynchronous();
  g.next();
  g.next();
  put('async_generator_waiting', annotate(g, 'async_generator', {function: of(asynchronous), receiver: of(undefined)}));
}

function wrappers(put) {
  put('wrapper_string', new String('boxed'));
  put('wrapper_string_empty', new String(''));
  put('wrapper_string_two_byte', new String('\u6570\u636e'));
  put('wrapper_string_extra', Object.assign(new String('boxed'), {extra: 1, 10: 'element'}));
  put('wrapper_number', new Number(1.5));
  put('wrapper_number_nan', new Number(NaN));
  put('wrapper_number_smi', Object.assign(new Number(7), {extra: 1}));
  put('wrapper_boolean', new Boolean(false));
  put('wrapper_symbol', Object(Symbol('boxed')));
  if (typeof BigInt === 'function') put('wrapper_bigint', Object(BigInt('-12345678901234567890')));
  put('wrapper_subclass', new (class Label extends String { constructor() { super('sub'); this.own = 1; } })());
}

function functions(put) {
  var f, o;
  function zooDeclared(a, b) { return a + b; }
  put('function', at(zooDeclared, 'function zooDeclared('));
  put('function_expression', at(function zooExpression() {}, 'function zooExpression('));
  var zooInferred = function() { return 'inferred'; };
  put('function_inferred_name', at(zooInferred, 'var zooInferred ='));
  put('function_anonymous', at((function() { return function() { return 'zoo anonymous'; }; })(), 'zoo anonymous'));
  put('function_arrow_anonymous', at([() => 'zoo arrow'][0], 'zoo arrow'));
  var zooArrow = (x) => x * 2;
  put('function_arrow', at(zooArrow, 'var zooArrow ='));
  async function zooAsync() { await null; }
  put('function_async', at(zooAsync, 'function zooAsync('));
  var zooAsyncArrow = async () => 1;
  put('function_async_arrow', at(zooAsyncArrow, 'var zooAsyncArrow ='));
  function* zooGenerator() { yield 1; }
  put('function_generator', at(zooGenerator, 'function* zooGenerator('));
  async function* zooAsyncGenerator() { yield 1; }
  put('function_async_generator', at(zooAsyncGenerator, 'function* zooAsyncGenerator('));
  o = {zooMethod() { return super.toString(); }};
  put('function_method', at(o.zooMethod, '{zooMethod()'));
  o = {get zooGetter() { return 1; }};
  put('function_getter', at(Object.getOwnPropertyDescriptor(o, 'zooGetter').get, 'get zooGetter('));
  o = {[Symbol('zoo symbol')]() {}};
  put('function_symbol_name', at(o[Object.getOwnPropertySymbols(o)[0]], 'zoo symbol'));
  o = {['zoo ' + 'computed']() {}};
  put('function_computed_name', at(o['zoo computed'], "['zoo '"));
  f = function zooOwn() {};
  f.version = '1.0';
  f.nested = {options: [1, 2]};
  put('function_own_properties', at(f, 'function zooOwn('));
  put('function_of_new_function', annotate(new Function('a', 'return a'), 'function', {omit: ['name']}));
  put('function_eval', (0, eval)('(function evaluated() {})'));
  put('function_vm', annotate(vm.runInThisContext('\n\n(function inOtherFile() {})', {filename: '/nowhere/other-file.js'}), 'function',
                              {script: 'other-file.js', line: 3}));
  put('function_builtin', Math.max);
  put('function_builtin_constructor', annotate(Map, 'function', {opaque: true}));
  put('function_closure', (function() {
    var captured = {counter: 0}, count = 0;
    return at(function zooClosure() { return captured.counter + count++; }, 'function zooClosure(');
  })());
  f = function zooCalled(n) { return n < 1 ? 0 : zooCalled(n - 1); };
  for (var i = 0; i < 20000; i++) f(5);  // may be optimized
  put('function_optimized', at(f, 'function zooCalled('));
  put('function_never_called', at(function zooLazy() { return [1, 2, 3].map(function(x) { return x; }); }, 'function zooLazy('));
  put('function_name_non_ascii', Object.defineProperty(function() {}, 'name', {value: '\u6570\u636e'}));
  f = Object.defineProperty(function zooNasty() {}, 'name', {value: 'a\u001b[31m\u202e'});
  put('function_name_changed', annotate(f, 'function', {omit: ['name']}));
  put('class', at(Animal, 'constructor(name) { this.name'));
  put('class_derived', at(Puppy, 'this.mother'));
  put('class_statics', at(Statics, 'class Statics {'));
  put('class_anonymous', (function() { return class {}; })());
  put('class_expression', at(class ZooInner { constructor() { this.a = 1; } }, 'class ZooInner {'));
  put('class_extends_null', class ZooNull extends null {});
  put('function_constructor', at(Point, 'function Point('));
}

function namespaces(put, modules) {
  if (modules.exports) put('module_namespace', annotate(modules.exports, 'module_namespace'));
  if (modules.empty) put('module_namespace_empty', annotate(modules.empty, 'module_namespace'));
}

// Values with roads into Node's own objects: what is told is themselves alone.
function outside(put) {
  put('global', annotate(globalThis, 'global', {opaque: true, omit: ['class']}));
  put('other_global', annotate(vm.runInNewContext('globalThis'), 'global', {opaque: true, omit: ['class']}));
  put('script', annotate(new vm.Script('1 + 1'), 'api', {opaque: true}));
  put('process', annotate(process, 'object', {opaque: true, omit: ['class', 'kind']}));
  put('emitter', new (require('events'))());
  put('stream', annotate(new (require('stream').PassThrough)(), 'object', {opaque: true}));
  put('port', annotate(new workers.MessageChannel().port1, 'api', {opaque: true, omit: ['class']}));
  put('url', annotate(new URL('http://example.org/a?b#c'), 'object', {opaque: true}));
  put('env', annotate(process.env, 'api', {opaque: true, omit: ['class']}));
}

function build(keeper, modules, expectations) {
  var count = 0;
  function put(name, value) {
    var number = String(count++);
    name = 'v' + '000'.slice(number.length) + number + '_' + name;
    keeper[name] = value;
    if (expectations) expectations.push({name: name, value: value});
  }
  [numbers, bigints, strings, symbols, oddballs, objects, arrays, collections, binary, dates, regexps, errors, promises,
   proxies, bound, generators, wrappers, functions].forEach(function(part) { part(put); });
  namespaces(put, modules);
  return keeper;
}

function buildOutside(keeper, expectations) {
  outside(function(name, value) {
    keeper[name] = value;
    if (expectations) expectations.push({name: name, value: value});
  });
  return keeper;
}

// Described only when all are made: what is made later may change what is known of a value.
function described(list, depth) {
  return list.map(function(entry) { return {name: entry.name, expect: encoder.describe(entry.value, depth)}; });
}

function main(modules) {
  var values = [], others = [];
  build({}, modules, values);
  buildOutside({}, others);
  var facts = {app: 'zoo', values: described(values, kDepth), outside: described(others, 2)};
  values = others = null;
  common.keep(build(new ZooKeeper(), modules));
  common.keep(buildOutside(new ZooOutside()));
  common.finish(facts, function() { common.keep(build(new ZooYoung(), modules)); });
}

// Modules load later; all else happens then, in one go, so that no promise moves meanwhile.
process.on('unhandledRejection', function() {});
var kModule = 'data:text/javascript,' + encodeURIComponent(
    'export const number = 1.5; export let text = "exported"; export function f() {} export default {a: 1}; export const list = [1, 2]; export var nothing;');
if (parseInt(process.versions.node, 10) < 14) {
  main({});
} else {
  Promise.all([import(kModule), import('data:text/javascript,1')]).then(function(both) {
    setImmediate(main, {exports: both[0], empty: both[1]});
  }, function() {
    setImmediate(main, {});  // early releases of 14 take no data: URL for a module here; the rest can be told all the same
  });
}
