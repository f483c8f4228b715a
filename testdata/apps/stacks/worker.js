'use strict';
// A worker that dies: the place is that of workerData, in a callback of the worker's own.
process.argv[2] = require('worker_threads').workerData.inner;
setImmediate(function inWorker() { require('../stacks.js'); });
