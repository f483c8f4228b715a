'use strict';
// Each request waits until the configuration is loaded. It never is: the promise that they all await is never settled.
const scenario = require('./lib/scenario.js');

let loaded = null;
const ready = new Promise((resolve) => { loaded = resolve; });  // leak: ready

async function handle(id) {
  const body = scenario.text(id, 500);
  await ready;
  return body.length;
}

scenario.run(__filename, {
  kind: 'promise', class: null, count: 15000,
  step(i) {
    handle(i);
    if (i < 0) loaded();
  }
});
