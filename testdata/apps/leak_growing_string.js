'use strict';
// The log of the whole run, in one string.
const scenario = require('./lib/scenario.js');

let report = '';  // leak: report

function line(text) {
  report += text + '\n';
}

scenario.run(__filename, {
  kind: 'string', class: '(concatenated string)', count: 40000,
  per: 220,
  step: (i) => line('line ' + String(i).padStart(8, '0') + ': ' + scenario.text(i, 204))
});
