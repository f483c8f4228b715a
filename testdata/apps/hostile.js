'use strict';
// Names, keys, strings and the process title full of what a terminal would obey: control characters, escape sequences,
// bidirectional marks, lone surrogates. Nothing of it may reach the screen raw. Run with --expose-gc.
var common = require('./common.js');

var nasty = ['\u001b]0;PWNED\u0007', '\u001b[2J\u001b[31m', '\u009b31m', '\r\nfake line\r', '\u202egnp.exe', '\u2066\u2067\u200f\u061c',
             '\ud800', '\udfff\ud800', 'e' + '\u0301'.repeat(200), '\u2028\u2029', '\u0000nul\u0000', '\u007f\u0080\u0085\u009f',
             '\u200b\ufeff\u00ad', '\ue000', '\ufffe\uffff', '`$(touch pwned)`', '";rm -rf ~;"', '</script><script>alert(1)</script>',
             '%n%s%x', '\\x1b[31m', '{fmt}{}{0}', '=1+1', '"},"rows":[]', '\u{e0041}'];
var controls = '';
for (var c = 0; c < 0xa0; c++) controls += String.fromCharCode(c);
nasty.push(controls, controls.repeat(50));

process.title = 'node\u001b]0;title\u0007\u009b31m\u202e';
process.env.HOSTILE = '\u001b[31mred';

nasty.forEach(function(text, n) {
  // A class named at run time, one that a string tag names, and objects with such keys, symbols and values.
  var named = {};
  named[text] = class { constructor(i) { this.hostile = i; } };
  common.make(60 + n, function(i) { return new named[text](i); });
  var tagged = Object.create(null);
  tagged[Symbol.toStringTag] = 'Tag' + text;
  common.make(60 + n, function() { return Object.create(tagged); });
  common.make(60, function(i) {
    var o = {};
    o[text] = i;
    o['key' + text + i] = text + i;
    o[Symbol(text)] = text;
    return o;
  });
  var f = new Function('return function() { return ' + JSON.stringify(text) + '; }')();
  Object.defineProperty(f, 'name', {value: text});
  common.keep([f, new Error(text), Symbol(text), new Map([[text, text]])]);
  try {
    common.keep(new RegExp(text.replace(/[\\\[\](){}*+?.^$|]/g, '')));
  } catch (e) {  // not every text is a pattern
  }
});
try {
  common.keep(require('vm').runInThisContext('(function inHostileFile() {})', {filename: '/tmp/\u001b[31m\u202efile.js'}));
} catch (e) {  // names of files are free, but be sure
}
class HostileWitness { constructor(i) { this.id = i; } }
common.make(777, function(i) { return new HostileWitness(i); });
common.finish({app: 'hostile', classes: [{name: 'HostileWitness', instances: 777, prototypes: 0}]});
