'use strict';
// Dies where a stack is hard to follow:
//   deep_stack.js js      of a stack that overflowed in JavaScript (with --stack-size beyond what the system allows)
//   deep_stack.js native  the same in C++ that JavaScript called (V8's serializer)
//   deep_stack.js regexp  killed while a regular expression backtracks
// Facts: "functions" the JavaScript functions below, the newest first.
var v8 = require('v8');
var common = require('./common.js');
var place = process.argv[2];

function atRecursion(depth) { return atRecursion(depth + 1) + 1; }
function atSerializer(value) { return v8.serialize(value).length + 1; }
function atBacktracking(text) { return /^(a+)+$/.test(text) + 1; }
function atOuter() {
  if (place === 'js') return atRecursion(0) + 1;
  if (place === 'regexp') return atBacktracking('a'.repeat(60) + 'b') + 1;
  var nested = {};
  for (var i = 0; i < 400000; i++) nested = {nested: nested};
  return atSerializer(nested) + 1;
}
common.print({functions: [place === 'js' ? 'atRecursion' : place === 'native' ? 'atSerializer' : 'atBacktracking', 'atOuter']});
atOuter();
