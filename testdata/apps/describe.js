'use strict';
// What corewalk should say of a value, in the format of docs/values.md, as far as a program can know it: addresses, maps
// and representations are left out. Runs on every Node.js from 12.0 on.
//
//   describe(value, depth)          the expectation; objects deeper than `depth` have only `type` and `kind`
//   annotate(value, kind, members)  what no program can find out (the target of a proxy, the state of a promise, ...) is
//                                   said at creation. Members are plain JSON, or what of(x) made: then x is described
//   of(x)                           x is described in its place
//
// Differences to the contract, which testdata/e2e/values.py knows about:
// - Strings longer than kLongString have `sha1` (of their UTF-16LE bytes) in place of `value`.
// - `length`, `name`, `prototype`, `arguments` and `caller` of functions are left out, and `stack` of errors: these are
//   accessors of V8's own in some versions, data in others.
// - Properties come as strings first, then symbols, then private names: the order between these groups is not visible.
var crypto = require('crypto');
var types = require('util').types;

var kLongString = 20000;
var kFirstBytes = 16;
var kOfFunctions = ['length', 'name', 'prototype', 'arguments', 'caller'];

var annotations = new WeakMap();

function Later(value) { this.value = value; }
function of(value) { return new Later(value); }

// `members` may have `private` ([[name, value], ...], the values not wrapped), `omit` (names of members not to expect) and
// `opaque` (own properties are nothing to look at).
function annotate(value, kind, members) {
  annotations.set(value, {kind: kind, members: members || {}});
  return value;
}

function number(value) {
  if (value !== value) return 'NaN';
  if (value === Infinity) return 'Infinity';
  if (value === -Infinity) return '-Infinity';
  if (value === 0 && 1 / value < 0) return '-0';
  return value;
}

function describeString(text) {
  if (text.length <= kLongString) return {type: 'string', value: text, length: text.length};
  return {type: 'string', length: text.length, sha1: crypto.createHash('sha1').update(Buffer.from(text, 'utf16le')).digest('hex')};
}

function describeSymbol(symbol) {
  var description = symbol.description;
  return {type: 'symbol', description: description === undefined ? null : description};
}

function has(object, key) { return Object.prototype.hasOwnProperty.call(object, key); }

// V8 keeps as elements what is an array index: 0 ... 2^32-2.
function isIndex(key) {
  return typeof key === 'string' && String(key >>> 0) === key && key >>> 0 !== 4294967295;
}

// V8 forgets to list hidden elements of arguments objects whose elements are a dictionary.
function ownKeys(value, kind) {
  var keys = Reflect.ownKeys(value);
  if (kind !== 'arguments') return keys;
  for (var i = 0; i < 20; i++) if (has(value, i) && keys.indexOf(String(i)) < 0) keys.push(String(i));
  var indexes = keys.filter(isIndex).sort(function(a, b) { return a - b; });
  return indexes.concat(keys.filter(function(key) { return !isIndex(key); }));
}

// The class is expected where every version names it alike: by the constructor that the prototype names, when no string
// tag stands in between (until Node.js 17 an inherited one wins).
function classOf(value) {
  var proto = Object.getPrototypeOf(value);
  if (!proto || has(value, 'constructor') || !has(proto, 'constructor')) return undefined;
  var descriptor = Object.getOwnPropertyDescriptor(proto, 'constructor');
  var ctor = descriptor.value;
  if (typeof ctor !== 'function' || ctor.prototype !== proto) return undefined;
  var name = Object.getOwnPropertyDescriptor(ctor, 'name');
  if (!name || typeof name.value !== 'string' || !name.value) return undefined;
  for (var at = value; at; at = Object.getPrototypeOf(at)) {
    var tag = Object.getOwnPropertyDescriptor(at, Symbol.toStringTag);
    if (tag && tag.value !== name.value) return undefined;
  }
  return name.value;
}

function kindOf(value) {
  if (typeof value === 'function') return 'function';
  if (Array.isArray(value)) return 'array';
  if (types.isMap(value)) return 'map';
  if (types.isSet(value)) return 'set';
  if (types.isWeakMap(value)) return 'weakmap';
  if (types.isWeakSet(value)) return 'weakset';
  if (types.isMapIterator(value)) return 'map_iterator';
  if (types.isSetIterator(value)) return 'set_iterator';
  if (types.isAnyArrayBuffer(value)) return 'arraybuffer';
  if (types.isTypedArray(value)) return 'typedarray';
  if (types.isDataView(value)) return 'dataview';
  if (types.isDate(value)) return 'date';
  if (types.isRegExp(value)) return 'regexp';
  if (types.isPromise(value)) return 'promise';
  if (types.isNativeError(value)) return 'error';
  if (types.isArgumentsObject(value)) return 'arguments';
  if (types.isModuleNamespaceObject(value)) return 'module_namespace';
  if (types.isBoxedPrimitive(value)) return 'wrapper';
  return 'object';
}

function hex(buffer) {
  var bytes = new Uint8Array(buffer, 0, Math.min(kFirstBytes, buffer.byteLength)), text = '';
  for (var i = 0; i < bytes.length; i++) text += (bytes[i] < 16 ? '0' : '') + bytes[i].toString(16);
  return text;
}

var kElementTypes = {
  Int8Array: 'int8', Uint8Array: 'uint8', Uint8ClampedArray: 'uint8clamped', Int16Array: 'int16', Uint16Array: 'uint16',
  Int32Array: 'int32', Uint32Array: 'uint32', Float16Array: 'float16', Float32Array: 'float32', Float64Array: 'float64',
  BigInt64Array: 'bigint64', BigUint64Array: 'biguint64'
};
var typedArrayTag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;

// What a program can see of each kind. `inner` describes a value inside.
var members = {
  function: function(value, result) {
    var name = Object.getOwnPropertyDescriptor(value, 'name');
    // What new Function() makes has no name of its own but says "anonymous" when asked.
    if (name && typeof name.value === 'string' && name.value && name.value !== 'anonymous') result.name = name.value;
    if (/^class\b/.test(Function.prototype.toString.call(value))) result.class_constructor = true;
  },
  array: function(value, result) { result.length = value.length; },
  map: function(value, result, inner) {
    result.size = value.size;
    result.entries = [];
    Map.prototype.forEach.call(value, function(v, k) { result.entries.push([inner(k), inner(v)]); });
  },
  set: function(value, result, inner) {
    result.size = value.size;
    result.entries = [];
    Set.prototype.forEach.call(value, function(v) { result.entries.push(inner(v)); });
  },
  arraybuffer: function(value, result) {
    result.byte_length = value.byteLength;
    result.shared = types.isSharedArrayBuffer(value);
    if (value.resizable || value.growable) result.max_byte_length = value.maxByteLength;
    result.detached = value.detached || false;
    if (value.byteLength) result.bytes = hex(value);
  },
  typedarray: function(value, result) {
    // Not `buffer`: asking for it moves the elements of a small array out of the heap.
    result.element_type = kElementTypes[typedArrayTag.call(value)];
    result.length = value.length;
    result.byte_offset = value.byteOffset;
    result.byte_length = value.byteLength;
    result.detached = false;
  },
  dataview: function(value, result) {
    result.byte_offset = value.byteOffset;
    result.byte_length = value.byteLength;
  },
  date: function(value, result) {
    var time = Date.prototype.getTime.call(value);
    result.time = number(time);
    if (time === time) result.iso = Date.prototype.toISOString.call(value);
  },
  regexp: function(value, result) {
    result.source = value.source;
    result.flags = value.flags;
    if (typeof value.lastIndex === 'number') result.last_index = number(value.lastIndex);
  },
  wrapper: function(value, result, inner) { result.value = inner(value.valueOf()); },
  module_namespace: function(value, result, inner) {
    result.exports = Object.keys(value).map(function(key) { return {key: key, value: inner(value[key])}; });
  }
};

// Bounds: a graph that branches at every level would have no end that fits into memory.
var kMostNodes = 2000000;

function describe(root, depth) {
  var path = [], nodes = 0;

  function resolve(member, left) {
    if (member instanceof Later) return walk(member.value, left);
    if (Array.isArray(member)) return member.map(function(m) { return resolve(m, left); });
    if (member && typeof member === 'object') {
      var result = {};
      Object.keys(member).forEach(function(key) { result[key] = resolve(member[key], left); });
      return result;
    }
    return member;
  }

  function flags(descriptor, result) {
    if (descriptor.writable === false) result.writable = false;
    if (!descriptor.enumerable) result.enumerable = false;
    if (!descriptor.configurable) result.configurable = false;
    return result;
  }

  function content(descriptor, result, left) {
    if (has(descriptor, 'value')) {
      result.value = walk(descriptor.value, left);
    } else {
      result.getter = walk(descriptor.get, left);
      result.setter = walk(descriptor.set, left);
    }
    return flags(descriptor, result);
  }

  function own(value, kind, result, left) {
    result.properties = [];
    result.elements = [];
    var text = kind === 'wrapper' && typeof value.valueOf() === 'string';
    var characters = text ? value.valueOf().length : 0;
    ownKeys(value, kind).forEach(function(key) {
      var descriptor = Object.getOwnPropertyDescriptor(value, key);
      if (isIndex(key)) {
        if (key >>> 0 < characters) return;  // a boxed string shows its characters by its value
        var element = {index: key >>> 0};
        if (kind === 'typedarray') element.value = walk(descriptor.value, left);
        else content(descriptor, element, left);
        result.elements.push(element);
      } else if (typeof key === 'symbol') {
        var property = {key: key.description === undefined ? null : key.description, symbol: true};
        // V8 makes the iterator of an arguments object when somebody asks for it.
        if (kind === 'arguments' && key === Symbol.iterator) flags(descriptor, property);
        else content(descriptor, property, left);
        result.properties.push(property);
      } else if (key === 'length' && (kind === 'array' || text)) {
        result.properties.push(flags(descriptor, {key: key, native: true}));
      } else if (!(typeof value === 'function' && kOfFunctions.indexOf(key) >= 0) && !(kind === 'error' && key === 'stack')) {
        result.properties.push(content(descriptor, {key: key}, left));
      }
    });
  }

  function walk(value, left) {
    if (++nodes > kMostNodes) throw new Error('describe: too many values');
    switch (typeof value) {
      case 'undefined': return {type: 'undefined'};
      case 'boolean': return {type: 'boolean', value: value};
      case 'number': return {type: 'number', value: number(value)};
      case 'bigint': return {type: 'bigint', value: String(value)};
      case 'string': return describeString(value);
      case 'symbol': return describeSymbol(value);
    }
    if (value === null) return {type: 'null'};
    if (path.indexOf(value) >= 0) return {type: 'seen'};

    var note = annotations.get(value), proxy = types.isProxy(value);
    var kind = note && note.kind || (proxy ? 'proxy' : kindOf(value));
    var result = {kind: kind};
    if (!proxy) result.type = typeof value === 'function' ? 'function' : 'object';
    if (left <= 0) return result;
    path.push(value);
    if (!proxy) {
      var name = typeof value === 'function' || kind === 'module_namespace' ? undefined : classOf(value);
      if (kind === 'arguments') name = 'Arguments';  // V8 makes them with a constructor of this name that nobody sees
      if (name) result.class = name;
      if (members[kind]) members[kind](value, result, function(v) { return walk(v, left - 1); });
      if (kind !== 'module_namespace' && !(note && note.members.opaque)) own(value, kind, result, left - 1);
    }
    if (note) {
      Object.keys(note.members).forEach(function(key) {
        var member = note.members[key];
        if (key === 'private') {
          member.forEach(function(field) {
            result.properties.push({key: field[0], private: true, value: walk(field[1], left - 1)});
          });
        } else if (key === 'omit') {
          member.forEach(function(name) { delete result[name]; });
        } else if (key !== 'opaque') {
          result[key] = resolve(member, left - 1);
        }
      });
    }
    path.pop();
    return result;
  }

  return walk(root, depth);
}

module.exports = {describe: describe, annotate: annotate, of: of};
