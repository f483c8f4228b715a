'use strict';
// A table that is made where it is declared, from what was read, and only asked from then on: most of the heap, and no leak.
const scenario = require('./lib/scenario.js');

const records = (from, count) => Array.from({length: count}, (_, i) => ({
  code: 'p' + (from + i), town: scenario.text(i, 40), place: [i / 100, -i / 50]
}));
const byCode = new Map(records(0, 20000).map((record) => [record.code, record]));
const streets = Object.fromEntries(records(0, 20000).map((record) => [record.code, record]));

let found = 0;
function ask(i) {
  const key = 'p' + i * 7 % 25000;
  if (byCode.has(key)) found += byCode.get(key).town.length;
  if (streets[key] && streets[key].place[0] > 1) found++;
}

scenario.run(__filename, {count: 20000, step: ask});
