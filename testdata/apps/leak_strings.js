'use strict';
// Strings of every form, made so that their number, size and holders are known. Facts: "duplicates" [{text, copies, length,
// bytes of one}], "slices" [{slices, bytes, used, only}], "wide" {count, wasted}, "rope" {length, parts}, "large" [{length,
// outside, bytes}]. Run with --expose-gc.
var common = require('./common.js');
var keep = common.keep;
var facts = {app: 'leak_strings', duplicates: [], slices: []};

class Row { constructor(city) { this.city = city; } }
class Wide { constructor(name) { this.name = name; } }
class Field { constructor(value) { this.value = value; } }
class Journal { constructor(text) { this.text = text; } }
class Document { constructor(body) { this.body = body; } }

// A flat string of its own, one byte a character.
function copy(text) { return Buffer.from(text, 'latin1').toString('latin1'); }
// 'k' and this text in two bytes a character: of the Kelvin sign V8 makes a k, but no string of one byte.
function wideCopy(text) { return ('\u212a' + text).toLowerCase(); }
function size(characters) { return 16 + characters + 7 & ~7; }

function duplicates() {
  for (var t = 0; t < 6; t++) {
    var text = 'city number ' + t + ' ' + 'abcdefghij'.repeat(t + 3);
    var copies = 1000 + 100 * t;
    for (var i = 0; i < copies; i++) keep(new Row(copy(text)));
    facts.duplicates.push({text: text, copies: copies, length: text.length, bytes: size(text.length)});
  }
  // The same text in both widths.
  var mixed = 'k-both-width';
  for (i = 0; i < 400; i++) {
    keep(new Row(copy(mixed)));
    keep(new Row(wideCopy(mixed.slice(1))));
  }
  facts.mixed = {text: mixed, copies: 800};
}

function wide() {
  for (var i = 0; i < 3000; i++) keep(new Wide(wideCopy(1000000000 + i)));
  facts.wide = {count: 3000, wasted: 3000 * (16 + 2 * 11 + 7 & ~7) - 3000 * size(11)};
}

function slices() {
  for (var i = 0; i < 20; i++) {
    var parent = Buffer.alloc(100000 + i, 97 + i % 26).toString('latin1');
    keep(new Field(parent.slice(10, 60)));
    facts.slices.push({slices: 1, bytes: 100000 + i, used: 50, only: true});
  }
  var shared = Buffer.alloc(90000, 48).toString('latin1');
  keep(new Field(shared.slice(0, 100)));
  keep(new Field(shared.slice(50, 200)));
  keep(new Field(shared.slice(1000, 1020)));
  facts.slices.push({slices: 3, bytes: 90000, used: 220, only: true});
  var needed = keep(new Document(Buffer.alloc(80000, 49).toString('latin1')));
  keep(new Field(needed.body.slice(5, 105)));
  facts.slices.push({slices: 1, bytes: 80000, used: 100, only: false});
}

function ropes() {
  var journal = keep(new Journal('')), text = 'The journal begins here. ';
  for (var i = 0; i < 5000; i++) text += 'entry' + (10000 + i) + ';';
  journal.text = text;
  facts.rope = {length: 25 + 5000 * 11, parts: 5000};
}

function large() {
  keep(new Document(Buffer.alloc(600000, 50).toString('latin1')));
  facts.large = [{length: 600000, bytes: 600016, outside: 0}];
  // Node.js keeps texts of more than a million bytes outside of the heap.
  keep(new Document(Buffer.alloc(2000000, 51).toString('latin1')));
  facts.large.push({length: 2000000, bytes: 2000000, outside: 2000000});
  var units = Buffer.alloc(2400000);
  for (var i = 0; i < units.length; i += 2) units.writeUInt16LE(0x6f22 + i % 77, i);
  keep(new Document(units.toString('utf16le')));
  facts.large.push({length: 1200000, bytes: 2400000, outside: 2400000});
}

duplicates();
wide();
slices();
ropes();
large();
setImmediate(function() { common.finish(facts); });
