'use strict';
// Objects of many kinds whose addresses and layout V8 itself prints, at the very end, when nothing moves any more.
//   node --allow-natives-syntax --expose-gc debug_print.js
// Official binaries print objects with %DebugPrint from Node.js 14 on.
var common = require('./common.js');
var util = require('util');

class PrintKeeper {}
class Point { constructor(x, y) { this.x = x; this.y = y; } }

var keeper = common.keep(new PrintKeeper());
var values = {
  point: new Point(7, 2.5),
  manyFields: (function() { var o = {}; for (var i = 0; i < 30; i++) o['f' + i] = i; return o; })(),
  dictionary: (function() { var o = {}; for (var i = 0; i < 1200; i++) o['k' + i] = i; delete o.k5; return o; })(),
  withElements: {0: 'a', 1: 'b', name: 'n'},
  smis: [1, 2, 3],
  doubles: [1.5, 2.5, 3.5],
  objects: ['a', {}, null],
  holey: [1, , 3],
  holeyDoubles: [1.5, , 3.5],
  sparse: (function() { var a = []; a[100000] = 1; return a; })(),
  frozen: Object.freeze([1, 2]),
  map: new Map([['a', 1], ['b', 2]]),
  set: new Set([1, 2, 3]),
  date: new Date(86400000),
  regexp: /a(b)c/gi,
  buffer: new ArrayBuffer(24),
  bytes: new Uint8Array(40),
  doublesView: new Float64Array(10),
  promise: Promise.resolve(42),
  error: new TypeError('printed'),
  closure: (function() { var captured = {v: 1}; return function named() { return captured; }; })(),
  proxy: new Proxy({t: 1}, {}),
  weakMap: new WeakMap([[keeper, 1]]),
  text: 'a string of its own ' + process.pid,
  symbol: Symbol('printed'),
  big: 12345678901234567890123n
};
Object.keys(values).forEach(function(name) { keeper[name] = values[name]; });

// What %DebugPrint writes goes to standard output, behind a line that says whose it is.
var print = new Function('value', '%DebugPrint(value);');
common.finish({app: 'debug_print', names: Object.keys(values)}, function() {
  Object.keys(values).forEach(function(name) {
    common.writeAll(1, '\n@@ ' + name + '\n');
    print(keeper[name]);
  });
  common.writeAll(1, '\n@@ end\n');
});
