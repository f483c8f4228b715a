'use strict';
// A handler per subscription needs one number, but its scope holds the whole message that made it.
const scenario = require('./lib/scenario.js');

const acknowledgements = [];  // leak: acknowledgements

function subscribe(message) {
  const payload = JSON.parse(message);
  const id = payload.id;
  const summarize = () => payload.lines.length + ' lines';  // ... because this one wants `payload`
  acknowledgements.push(() => id);
  return summarize();
}

scenario.run(__filename, {
  kind: 'Array', class: 'Function', count: 12000,
  step: (i) => subscribe(JSON.stringify({id: i, lines: [scenario.text(i, 500), scenario.text(i + 1, 500)]}))
});
