'use strict';
// One object for each way of holding it, each of a class of its own (H_...), and for each what a person would name: the
// variable or property, the kind of holder, and the line that declares it. Lines are found in the source by a mark, so that
// the truth does not depend on counting.
var fs = require('fs');
var vm = require('vm');
var path = require('path');
var common = require('./common.js');

var marks = [];  // {cls, kind, name, file, line}
function lineOf(file, mark) {
  var lines = fs.readFileSync(file, 'utf8').split('\n');
  for (var i = 0; i < lines.length; i++) {
    if (lines[i].indexOf('// ' + mark + '.') >= 0) return i + 1;
  }
  throw new Error('no mark ' + mark);
}
function expect(cls, kind, name, file) {
  marks.push({cls: cls, kind: kind, name: name, file: file || __filename, line: lineOf(file || __filename, cls)});
}
function make(cls) {
  return new (new Function('return class ' + cls + ' { constructor() { this.v = 1; } }')())();
}

const inConst = make('H_const');  // H_const.
let inLet;  // H_let.
var inVar = make('H_var');  // H_var.
const inObject = {
  x: 1,
  member: make('H_key'),  // H_key.
};
const [inPattern] = [make('H_pattern')];  // H_pattern.
inLet = make('H_let');
expect('H_const', 'variable', 'inConst');
expect('H_let', 'variable', 'inLet');
expect('H_var', 'variable', 'inVar');
expect('H_key', 'property', 'member');
expect('H_pattern', 'variable', 'inPattern');

const list = [make('H_element')];  // H_element.
const map = new Map([['k', make('H_entry')]]);  // H_entry.
const set = new Set([make('H_member')]);  // H_member.
const mapKey = new Map([[make('H_mapkey'), 1]]);  // H_mapkey.
const nested = new Map([['k', [[make('H_nested')]]]]);  // H_nested.
expect('H_element', 'element', 'list');
expect('H_entry', 'entry', 'map');
expect('H_member', 'entry', 'set');
expect('H_mapkey', 'entry', 'mapKey');
expect('H_nested', 'element', 'nested');

class App {
  constructor() {
    this.history = make('H_this');  // H_this.
  }
  add() {
    this.later = make('H_later');  // H_later.
  }
}
class Derived extends App {
  constructor() {
    super();
    this.extra = make('H_derived');  // H_derived.
  }
}
const app = new App();
app.add();
const derived = new Derived();
derived.history = null;
App.shared = make('H_static');  // H_static.
function Old() {
  this.stuff = make('H_old');  // H_old.
}
const old = new Old();
expect('H_this', 'property', 'history');
expect('H_later', 'property', 'later');
expect('H_derived', 'property', 'extra');
expect('H_static', 'property', 'shared');
expect('H_old', 'property', 'stuff');

const server = {locals: {}};
server.locals.sessions = make('H_locals');  // H_locals.
expect('H_locals', 'property', 'sessions');

globalThis.registry = make('H_global');  // H_global.
expect('H_global', 'global', 'registry');
new Function('make', 'sloppyGlobal = make')(make('H_sloppy'));
marks.push({cls: 'H_sloppy', kind: 'global', name: 'sloppyGlobal'});

// The object is made in another module and imported here under another name.
const library = require('./lib/holders_lib.js')(make);
const theirs = library.cache;
expect('H_libvar', 'variable', 'cache', path.join(__dirname, 'lib/holders_lib.js'));
expect('H_libexport', 'module_export', 'store', path.join(__dirname, 'lib/holders_lib.js'));

// One per call: the function's context, a block's, a loop's, a parameter's.
const closures = [];  // (closures.)
function perCall(given) {
  const local = make('H_local');  // H_local.
  closures.push(() => local);
  {
    const inBlock = make('H_block');  // H_block.
    const other = 1;
    closures.push(() => [inBlock, other]);
  }
  {
    const inBlock = null;
    closures.push(() => inBlock);
  }
  for (const item of [make('H_loop')]) {  // H_loop.
    closures.push(() => item);
  }
  try {
    throw make('H_catch');
  } catch (caught) {  // H_catch.
    closures.push(() => caught);
  }
  closures.push(() => given);
}
function give() { perCall(make('H_param')); }
give();
marks.push({cls: 'H_param', kind: 'variable', name: 'given', file: __filename, line: lineOf(__filename, 'H_local') - 1});
expect('H_local', 'variable', 'local');
expect('H_block', 'variable', 'inBlock');
expect('H_loop', 'variable', 'item');
expect('H_catch', 'variable', 'caught');

// A script of its own, on one line, as a minifier leaves it.
const minified = '"use strict";var a=1,b=2,held=make("H_minified"),c=function(){return held};c';
const minifiedRun = vm.runInThisContext('(function(make){' + minified + '; return c})', {filename: '/virtual/minified.js'})(make);
marks.push({cls: 'H_minified', kind: 'variable', name: 'held', file: '/virtual/minified.js', line: 1,
            column: '(function(make){'.length + minified.indexOf('held') + 1});
const evaluated = vm.runInThisContext('const atTop = undefined;\nlet scriptLevel = 1; (v => { scriptLevel = v; })', {filename: '/virtual/script.js'});
evaluated(make('H_script'));
marks.push({cls: 'H_script', kind: 'variable', name: 'scriptLevel', file: '/virtual/script.js', line: 2});

function everything() {
  return [inConst, inLet, inVar, inObject, inPattern, list, map, set, mapKey, nested, app, derived, old, server, theirs, minifiedRun, closures];
}
common.keep(everything);
library.touch();
common.finish({holders: marks});
