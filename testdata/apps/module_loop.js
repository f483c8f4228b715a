'use strict';
// The simplest leak: a variable of a module that fills in the module's own loop. No function closes over it, so that it is in
// no Context but in a register of the running frame.
const common = require('./common.js');
const cache = new Map();
for (let i = 0; i < 60000; i++) cache.set('user:' + i, {id: i, name: 'user ' + i});
common.print({file: __filename, line: 5, count: cache.size});
process.abort();
