'use strict';
// The heap of classes.js and more of Node's own objects; writes V8's own heap snapshot of it and aborts at once, so that
// snapshot and core show the same heap.   node --expose-gc snapshot.js FILE
var v8 = require('v8');
var common = require('./common.js');

// Objects of Node's own constructors, 50 and more of each.
function nodeObjects() {
  var EventEmitter = require('events');
  var stream = require('stream');
  var url = require('url');
  common.make(60, function() { return new EventEmitter(); });
  common.make(70, function() { return new stream.Readable({read: function() {}}); });
  common.make(80, function() { return new stream.Writable({write: function() {}}); });
  common.make(55, function() { return new stream.PassThrough(); });
  common.make(90, function(i) { return url.parse('http://localhost:80/' + i); });
  common.make(65, function(i) { return new url.URL('http://localhost/' + i + '?a=b'); });
  common.make(75, function(i) { return setTimeout(function() {}, 1e6 + i); });
  common.make(85, function(i) { return Buffer.alloc(16, i); });
  common.make(95, function(i) { return new Error('error ' + i); });
  common.make(51, function() { return new (require('string_decoder').StringDecoder)('utf8'); });
}

var facts = require('./classes.js')();
nodeObjects();
facts.app = 'snapshot';
facts.snapshot = require('path').resolve(process.argv[2] || 'app.heapsnapshot');
// The bytes to print are made before the snapshot, so that it counts their Buffer too.
var bytes = Buffer.from(JSON.stringify(Object.assign(facts, {node: process.version})) + '\n', 'utf8');
common.settle();
v8.writeHeapSnapshot(facts.snapshot);
common.writeAll(1, bytes);
process.abort();
