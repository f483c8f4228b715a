'use strict';
// Rows of a table as they come from the wire: each has its own copy of the same few texts.
const scenario = require('./lib/scenario.js');

const countries = ['United Kingdom of Great Britain and Northern Ireland', 'Federal Republic of Germany', 'French Republic'];
const rows = [];  // leak: rows

function decode(bytes, id) {
  return {id, country: bytes.toString('latin1', 0, bytes.indexOf(0)), note: bytes.toString('latin1', bytes.indexOf(0) + 1)};
}

function fetchRow(id) {
  const bytes = Buffer.from(countries[id % 3] + '\0' + 'as reported by the statistical office, not adjusted for inflation'.repeat(3));
  rows.push(decode(bytes, id));
}

scenario.run(__filename, {
  kind: 'Array', class: 'Object', count: 30000,
  step: fetchRow
});
