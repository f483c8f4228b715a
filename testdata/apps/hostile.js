'use strict';
// Names, keys, strings and the process title full of what a terminal would obey: control characters, escape sequences,
// bidirectional marks, lone surrogates. Nothing of it may reach the screen raw. Run with --expose-gc. Facts: "classes";
// "values", what inspect says of the properties of the only HostileKeeper (describe.js): in JSON such text is exact.
var common = require('./common.js');
var encoder = require('./describe.js');
var vm = require('vm');

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

// One value per text for inspect: the text as string of every make, as key, symbol, name, message, source, entry.
class HostileKeeper {}
function hostileValues(keeper) {
  nasty.forEach(function(text, n) {
    function put(name, value) { keeper['n' + n + '_' + name] = value; }
    var fresh = Buffer.from(text, 'utf16le').toString('utf16le'), long = 'long enough to be sliced, ' + fresh + ', and its end', o = {};
    o[text] = fresh;
    o['key ' + fresh] = {};
    o[Symbol(fresh)] = 1;
    Object.defineProperty(o, fresh + ' accessor', {get: function() {}, enumerable: true});
    put('strings', [text, fresh, fresh + text + fresh + text, long.slice(2), 'cons: ' + long + fresh]);
    put('keys', o);
    put('dictionary', Object.assign(Object.create(null), o));
    put('symbol', Symbol(fresh));
    put('error', encoder.annotate(Object.assign(new Error(fresh), {code: fresh}), 'error', {omit: ['class']}));
    put('map', new Map([[fresh, fresh], [Symbol(fresh), new Set([fresh])]]));
    put('boxed', new String(fresh));
    put('promise', encoder.annotate(Promise.resolve(fresh), 'promise', {state: 'fulfilled', result: encoder.of(fresh)}));
    var named = {};
    named[text] = class { constructor() { this.x = 1; } };
    put('instance', encoder.annotate(new named[text](), 'object', {omit: ['class']}));
    put('function', Object.defineProperty(function() {}, 'name', {value: text}));
    put('bound', encoder.annotate((function() {}).bind(fresh, fresh), 'bound_function', {omit: ['name'], bound_this: encoder.of(fresh)}));
    try {
      put('regexp', new RegExp(text.replace(/[\\[\](){}*+?.^$|]/g, '')));
    } catch (e) {  // not every text is a pattern
    }
    try {
      put('source', vm.runInThisContext('(function inHostileFile() { return ' + JSON.stringify(text) + '; /* ' + text.replace(/\*\//g, '') + ' */ })',
                                        {filename: '/tmp/' + fresh + '.js'}));
    } catch (e) {  // nor is every text a comment
    }
    // Variables of a closure that hold it.
    put('closure', (function(captured, other) { return function() { return [captured, other]; }; })(fresh, {inner: fresh}));
  });
  return keeper;
}

class HostileWitness { constructor(i) { this.id = i; } }
common.make(777, function(i) { return new HostileWitness(i); });
var expected = hostileValues({});
common.keep(hostileValues(new HostileKeeper()));
common.finish({
  app: 'hostile', classes: [{name: 'HostileWitness', instances: 777, prototypes: 0}],
  values: Object.keys(expected).map(function(name) { return {name: name, expect: encoder.describe(expected[name], 5)}; })
});
