'use strict';
// Nothing but numbers, in one array, and no end to it.
const scenario = require('./lib/scenario.js');

const latencies = [];  // leak: latencies

function measure(i) {
  for (let k = 0; k < 20; k++) latencies.push(0.5 + Math.sqrt(i * 20 + k));
}

function average() {
  return latencies.reduce((sum, one) => sum + one, 0) / latencies.length;
}

scenario.run(__filename, {
  kind: 'Array', class: '(number)', count: 100000, per: 20,
  step(i) {
    measure(i);
    if (i < 0) average();
  }
});
