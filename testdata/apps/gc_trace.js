'use strict';
// Collections of several kinds, for a run with --trace-gc, whose output is the truth: the last lines are what V8's ring
// buffer holds.
//   node --expose-gc --trace-gc gc_trace.js
var common = require('./common.js');
var kept = common.keep([]);
for (var i = 0; i < 200000; i++) kept.push({i: i, list: [i]});
global.gc();
var garbage = 0;
for (i = 0; i < 2000000; i++) garbage += {i: i}.i;
global.gc();
kept.length = 100000;
for (i = 0; i < 3; i++) global.gc();
common.print({kept: kept.length, garbage: garbage});
process.abort();
