'use strict';
// Remote calls whose answers get lost: the promise of each is never settled, and the call that awaits it waits for ever.
const scenario = require('./lib/scenario.js');

const pending = new Map();  // leak: pending

function send(id, request) {
  return new Promise((resolve, reject) => {
    pending.set(id, {resolve, reject, request});
  });
}

function receive(id, answer) {
  const call = pending.get(id);
  pending.delete(id);
  call.resolve(answer);
}

async function call(id) {
  const request = {method: 'quote', text: scenario.text(id, 400)};
  const answer = await send(id, request);
  return answer.length + request.text.length;
}

scenario.run(__filename, {
  kind: 'Map', class: 'Object', count: 15000,
  step(i) {
    call(i);
    if (i < 0) receive(i, '');
  }
});
