'use strict';
// Each request races against the shutdown, which never comes: the promise of the shutdown remembers all who wait for it, and
// with them what they race for.
const scenario = require('./lib/scenario.js');

const shutdown = new Promise(() => {});  // leak: shutdown

async function handle(id) {
  const body = scenario.text(id, 400);
  const answer = await Promise.race([shutdown, Promise.resolve(body)]);
  return answer.length;
}

scenario.run(__filename, {
  kind: 'promise', class: null, count: 12000,
  step(i) { handle(i); }
});
