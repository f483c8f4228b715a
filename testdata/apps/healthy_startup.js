'use strict';
// Tables that are filled while the program starts, each in another way, and are only asked from then on: most of the heap,
// and no leak. All that adds to them runs once.
const EventEmitter = require('events');
const fs = require('fs');
const scenario = require('./lib/scenario.js');

const changes = new EventEmitter();
const record = (i) => ({code: 'p' + i, town: scenario.text(i, 40), place: [i / 100, -i / 50]});
const rows = () => Array.from({length: 12000}, (_, i) => record(i));

const byNumber = new Map();
for (const [i, row] of rows().entries()) byNumber.set(i, row);

const byTown = {};
function load() {
  for (const row of rows()) byTown[row.town] = row;
}
load();

const byCode = new Map();
rows().forEach((row) => byCode.set(row.code, row));

const byPlace = rows().reduce((all, row) => {
  all[row.place.join()] = row;
  return all;
}, {});

let towns = null;
async function init() {
  const text = await fs.promises.readFile(__filename, 'utf8');
  towns = new Set();
  for (const i of Array(12000).keys()) towns.add(text.slice(0, 20) + scenario.text(i, 60) + i);
}

class Gazetteer {
  constructor() {
    this.entries = [];
    this.read();
  }
  read() {
    for (const row of rows()) this.entries.push(row);
  }
  find(i) {
    return this.entries[i];
  }
}
const gazetteer = new Gazetteer();

// Read when it is first asked for.
class Prices {
  constructor() {
    this.table = null;
  }
  ensure() {
    if (this.table) return;
    this.table = new Map();
    for (const row of rows()) this.table.set('price of ' + row.code, row);
  }
  of(i) {
    this.ensure();
    return this.table.get('price of p' + i);
  }
}
const prices = new Prices();

let found = 0;
function ask(i) {
  if (prices.of(i)) found++;
  found += byNumber.get(i % 12000).town.length;
  if (byTown[scenario.text(i, 40)] && byCode.has('p' + i) && byPlace['0,0'] && towns.has('x' + i)) found++;
  if (gazetteer.find(i)) changes.emit('asked', i);
}

init().then(() => scenario.run(__filename, {count: 20000, step: ask}));
