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
     [{type: 'with', variables: {}}, {type: 'function', variables: {extra: 7}}]);
var evaluated = (0, eval)('(function() { var hidden = "in eval"; return function fromEval() { return hidden; }; })()');
fact(evaluated, 'fromEval', null, 'function', [{type: 'function', variables: {hidden: '"in eval"'}}]);
var sloppy = new Function('eval("var dynamic = 5"); return function inSloppy() { return dynamic; };');
fact(sloppy(), 'inSloppy', null, 'function', [{type: 'function', variables: {}}]);

// Scripts with offsets, and every kind of line end that V8 knows. Each function makes an error: V8 says the line and the
// column of `new Error`, from which the parameters stand back by as much as in the text.
function placed(fn, name, file, source, chain) {
  var said = new RegExp(file.replace(/\./g, '\\.') + ':(\\d+):(\\d+)').exec(fn());
  var end = source.indexOf('new Error', source.indexOf('function ' + name));
  var start = source.indexOf('(', source.indexOf('function ' + name));
  functions.push(fn);
  facts.push({index: functions.length - 1, name: name, kind: 'function', file: file, line: Number(said[1]),
              column: Number(said[2]) - (end - start), chain: chain || [], text: String(fn)});
}
var sandbox = {};
function inSandbox(name, source, options) {
  new vm.Script(source, options).runInNewContext(sandbox);
  placed(sandbox[name], name, options.filename, source);
}
inSandbox('shifted', 'var x = 1;\nthis.shifted = function shifted() { x += 1; return new Error(x).stack;\n};',
          {filename: 'shifted-script.js', lineOffset: 100, columnOffset: 7});
inSandbox('first', 'this.first = function first() { return new Error("first").stack; };',
          {filename: 'shifted-script-2.js', lineOffset: 9, columnOffset: 40});
inSandbox('ends', 'var a;\r\nvar b;\rvar c;\u2028var d;\u2029// \u{1f600}\n\n/* \u00e9\u{1f600} */ this.ends = ' +
          'function ends() { return new Error("ends").stack; };', {filename: 'line-ends.js'});
// Top-level let, const and class of a script.
var topLevel = 'let scriptLet = 17; const scriptConst = "constant"; class ScriptClass {}\n' +
               'this.seesScript = function seesScript() { return new Error([scriptLet, scriptConst, ScriptClass]).stack; };';
vm.runInThisContext(topLevel, {filename: 'top-level.js'});
placed(global.seesScript, 'seesScript', 'top-level.js', topLevel,
       [{type: 'script', variables: {scriptLet: 17, scriptConst: '"constant"'}}]);

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
