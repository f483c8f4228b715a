'use strict';
// A worker sends faster than the main thread works; what has come is queued, one message is worked on at a time.
const {Worker} = require('worker_threads');
const scenario = require('./lib/scenario.js');

const inbox = [];  // leak: inbox
let arrived = null;

const reader = new Worker(`
  const {parentPort} = require('worker_threads');
  parentPort.on('message', (id) => parentPort.postMessage({id, rows: ['a', 'b', 'c'].map((x) => x.repeat(100) + id)}));
`, {eval: true});

reader.on('message', (message) => {
  inbox.push(message);
  arrived();
});

function work() {
  return inbox.shift();
}

scenario.run(__filename, {
  kind: 'Array', class: 'Object', count: 20000,
  step(i, done) {
    arrived = done;
    reader.postMessage(i);
    if (i < 0) work();
  }
});
