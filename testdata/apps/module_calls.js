'use strict';
// As module_loop.js, but a function adds to it that has been called for the last time: nothing refers to the function any
// more, and its context lies in the module's frame only.
const common = require('./common.js');
const cache = new Map();
function handle(request) { cache.set(request.user, {request, rows: [request.id, request.id]}); }
let id = 0;
while (id < 60000) handle({id, user: 'user:' + id++});
common.print({file: __filename, line: 5, count: id});
process.abort();
