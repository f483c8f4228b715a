'use strict';
// Messages are delivered at least once, so their ids are remembered to drop the repeated ones: for ever.
const scenario = require('./lib/scenario.js');

const seen = new Set();  // leak: seen
let handled = 0;

function receive(message) {
  if (seen.has(message.id)) return false;
  seen.add(message.id);
  handled++;
  return true;
}

module.exports = {receive};
scenario.run(__filename, {
  kind: 'Set', class: '(string)', count: 60000,
  step: (i) => receive({id: 'order ' + scenario.text(i, 120)})
});
