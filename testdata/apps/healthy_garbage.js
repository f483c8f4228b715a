'use strict';
// Much is made and nothing is kept: the heap is full of garbage when the process aborts, and no collection has run since.
const scenario = require('./lib/scenario.js');

class Row {
  constructor(i) {
    this.id = i;
    this.cells = [i, i + 1, i + 2, scenario.text(i, 60)];
  }
}

let report = null;

function build(count) {
  report = {rows: [], byId: new Map()};
  for (let i = 0; i < count; i++) {
    const row = new Row(i);
    report.rows.push(row);
    report.byId.set('row ' + i, row);
  }
}

function send() {
  const size = report.rows.length;
  report = null;
  return size;
}

scenario.run(__filename, {
  count: 5, settle: false,
  step() {
    build(30000);
    send();
  }
});
