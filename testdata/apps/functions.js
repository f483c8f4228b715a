'use strict';
// Functions of every kind and the contexts that they keep: where each begins, which variables it sees and what they hold.
// The lines are those that V8 itself says (call sites, stacks); the columns come from the text of this file. Runs on
// every Node.js from 12.0 on: newer syntax only through eval.
var common = require('./common.js');
var fs = require('fs');
var vm = require('vm');

var text = fs.readFileSync(__filename, 'utf8');
var functions = common.keep([]);  // the functions under test, kept by name
var facts = [];

// `name` is V8's; `mark` stands once in this file, and the function's parameters begin behind it; `chain` lists, from the
// inside out, the variables of each context that must be there: {name: value}, a value as JSON or a class name.
function fact(fn, name, mark, kind, chain) {
  functions.push(fn);
  var at = mark === null ? -1 : text.indexOf(mark) + mark.length;
  var before = text.slice(0, at);
  facts.push({
    index: functions.length - 1, name: name, kind: kind, file: mark === null ? null : __filename, chain: chain || [],
    line: mark === null ? 0 : before.split('\n').length, column: mark === null ? 0 : at - before.lastIndexOf('\n'),
    text: String(fn)
  });
  return fn;
}

// Plain closures and nested contexts.
function makeCounter(start) {
  var count = start;
  var label = 'counter ' + start;
  return function increment() { count += 1; return label + count; };
}
var counter = makeCounter(41);
counter();
fact(counter, 'increment', 'return function increment', 'function',
     [{type: 'function', variables: {count: 42, label: '"counter 41"'}}]);

function outermost(a) {
  var one = {tag: 'one'};
  return function middle(b) {
    var two = [a, b];
    return function innermost(c) { return [one, two, a, b, c]; };
  };
}
fact(outermost('first')(2.5), 'innermost', 'return function innermost', 'function',
     [{type: 'function', variables: {b: 2.5, two: 'Array'}},
      {type: 'function', variables: {a: '"first"', one: 'Object'}}]);

// Blocks and loops: a `let` of its own per iteration.
var loops = [];
for (let round = 0; round < 3; round++) loops.push(function inLoop() { return round; });
loops.forEach(function(fn, i) {
  fact(fn, 'inLoop', 'loops.push(function inLoop', 'function', [{type: 'block', variables: {round: i}}]);
});
var block;
{
  let inBlock = 'block value';
  const other = true;
  block = function inBlockFunction() { return inBlock + other; };
}
fact(block, 'inBlockFunction', 'block = function inBlockFunction', 'function',
     [{type: 'block', variables: {inBlock: '"block value"', other: true}}]);

// Classes.
class Animal {
  constructor(sound) { this.sound = sound; }
  speak(times) { return this.sound + times; }
  static create(sound) { return new Animal(sound); }
  get loud() { return this.sound; }
}
fact(Animal, 'Animal', 'class Animal {\n  constructor', 'class');
fact(Animal.prototype.speak, 'speak', '  speak', 'method');
fact(Animal.create, 'create', 'static create', 'method');
fact(Object.getOwnPropertyDescriptor(Animal.prototype, 'loud').get, null, 'get loud', 'method');

// Arrow functions, one that keeps `this`; generators; async functions.
var arrow = (x, y) => x * y;
fact(arrow, 'arrow', 'var arrow = ', 'arrow');
function Holder() {
  this.mine = 1;
  this.arrow = () => this.mine;
}
var holder = new Holder();
fact(holder.arrow, null, 'this.arrow = ', 'arrow', [{type: 'function', variables: {this: 'Holder'}}]);
fact(function*() { yield 1; }, '', 'fact(function*', 'generator');
function* numbers(n) { yield n; }
fact(numbers, 'numbers', 'function* numbers', 'generator');
async function later(ms) { await ms; }
fact(later, 'later', 'async function later', 'async');
fact(function recursive(n) { return () => n > 0 ? recursive(n - 1) : text; }(3), '', 'function recursive(n) { return ',
     'arrow', [{type: 'function', variables: {n: 3, recursive: 'Function'}}]);

// catch, with, eval, Function.
var caught;
try {
  throw new TypeError('thrown');
} catch (problem) {
  caught = function inCatch() { return problem; };
}
fact(caught, 'inCatch', 'caught = function inCatch', 'function', [{type: 'catch', variables: {problem: 'TypeError'}}]);
var withScope = new Function('thing', 'var extra = 7; with (thing) { return function inWith() { return [field, extra]; }; }');
fact(withScope({field: 'of with'}), 'inWith', null, 'function',
     [{type: 'with', variables: {}}, {type: 'function', variables: {extra: 7, thing: 'Object'}}]);
var evaluated = (0, eval)('(function() { var hidden = "in eval"; return function fromEval() { return hidden; }; })()');
fact(evaluated, 'fromEval', null, 'function', [{type: 'function', variables: {hidden: '"in eval"'}}]);
var sloppy = new Function('eval("var dynamic = 5"); return function inSloppy() { return dynamic; };');
fact(sloppy(), 'inSloppy', null, 'function', [{type: 'function', variables: {}}]);

// Scripts with offsets, and every kind of line end that V8 knows.
var script = new vm.Script('var x = 1;\nthis.shifted = function shifted() {\n  return x;\n};',
                           {filename: 'shifted-script.js', lineOffset: 100, columnOffset: 7});
var sandbox = {};
script.runInNewContext(sandbox);
functions.push(sandbox.shifted);
facts.push({index: functions.length - 1, name: 'shifted', kind: 'function', file: 'shifted-script.js', line: 102,
            column: 32, chain: [], text: String(sandbox.shifted)});
script = new vm.Script('this.first = function first() { };', {filename: 'shifted-script-2.js', lineOffset: 9, columnOffset: 40});
script.runInNewContext(sandbox);
functions.push(sandbox.first);
facts.push({index: functions.length - 1, name: 'first', kind: 'function', file: 'shifted-script-2.js', line: 10,
            column: 67, chain: [], text: String(sandbox.first)});
var ends = 'var a;\r\nvar b;\rvar c;\u2028var d;\u2029// \u{1f600}\n\n/* \u00e9\u{1f600} */ this.ends = function ends() { return 1; };';
vm.runInNewContext(ends, sandbox, {filename: 'line-ends.js'});
functions.push(sandbox.ends);
facts.push({index: functions.length - 1, name: 'ends', kind: 'function', file: 'line-ends.js', line: 7,
            column: ends.split('\n').pop().indexOf('ends()') + 5, chain: [], text: String(sandbox.ends)});
// Top-level let, const and class of a script.
vm.runInThisContext('let scriptLet = 17; const scriptConst = "constant"; class ScriptClass {}\n' +
                    'globalThis.seesScript = function seesScript() { return [scriptLet, scriptConst, ScriptClass]; };',
                    {filename: 'top-level.js'});
functions.push(globalThis.seesScript);
facts.push({index: functions.length - 1, name: 'seesScript', kind: 'function', file: 'top-level.js', line: 2, column: 45,
            chain: [{type: 'script', variables: {scriptLet: 17, scriptConst: '"constant"'}}],
            text: String(globalThis.seesScript)});

// 90 variables in one context, and 74 and 75: V8 hashes the names from 75 on.
function manyVariables(count) {
  var body = '', sum = '0', wanted = {};
  for (var i = 0; i < count; i++) {
    body += 'var variable' + i + ' = ' + (i * 3) + ';\n';
    sum += ' + variable' + i;
    wanted['variable' + i] = i * 3;
  }
  var made = new Function(body + 'return function many' + count + '() { return ' + sum + '; };')();
  fact(made, 'many' + count, null, 'function', [{type: 'function', variables: wanted}]);
}
[74, 75, 90].forEach(manyVariables);

// Numbers that change in one variable: V8 14.6 keeps them in cells.
function changing() {
  var smi = 0, double = 0.5, wide = 1, mixed = 1, constant = 'fixed';
  function change() {
    smi += 1;
    double += 0.25;
    wide += 1 << 30;
    mixed = mixed === 1 ? 'text' : 1;
    return constant;
  }
  for (var i = 0; i < 20001; i++) change();
  return change;
}
fact(changing(), 'change', 'function change', 'function',
     [{type: 'function', variables: {smi: 20001, double: 5000.75, wide: 1 + 20001 * (1 << 30), mixed: '"text"',
                                     constant: '"fixed"'}}]);

// A leak of closures: one function of the source, 5,000 closures.
var leaked = common.keep([]);
function leak(i) {
  return function leakedHandler() { return i; };
}
for (var i = 0; i < 5000; i++) leaked.push(leak(i));
fact(leaked[4999], 'leakedHandler', 'return function leakedHandler', 'function', [{type: 'function', variables: {i: 4999}}]);

// Where V8 itself sees a place of this file: its line must be ours.
function selfLine() {
  return Number(/functions\.js:(\d+):/.exec(new Error('here').stack)[1]);
}
var selfFact = {line: selfLine(), mark: text.slice(0, text.indexOf("new Error('here')")).split('\n').length};

function finish() {
  common.finish({functions: facts, leaked: 5000, self: selfFact, file: __filename, bytes: Buffer.byteLength(text),
                 units: text.length});
}

// An ES module, where Node.js has them without a flag.
var moduleText = 'let captured = "in module"; export let exported = 3;\n' +
                 'export function inModule() { return [captured, exported]; }';
var done = function(ok, value) {
  if (ok) {
    functions.push(value.inModule);
    facts.push({index: functions.length - 1, name: 'inModule', kind: 'function', file: null, line: 2, column: 25,
                chain: [{type: 'module', variables: {captured: '"in module"'}}], text: String(value.inModule)});
  }
  setImmediate(finish);
};
import('data:text/javascript,' + encodeURIComponent(moduleText)).then(function(m) { done(true, m); }, function() {
  done(false);
});
