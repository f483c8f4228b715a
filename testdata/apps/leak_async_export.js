'use strict';
// An export that reads page after page, and keeps all of them in a variable that no closure captures: only the call that
// waits for the next page holds it.
const scenario = require('./lib/scenario.js');

let page = null, more = null;

async function nextPage() {
  await new Promise((resolve) => { more = resolve; });
  return page;
}

async function exportRows() {
  const rows = [];  // leak: rows
  for (;;) rows.push(await nextPage());
}
exportRows();

scenario.run(__filename, {
  kind: 'Array', class: 'Object', count: 3000,
  step(i, done) {
    page = {id: i, customer: scenario.text(i, 900)};
    more();
    setImmediate(done);
  }
});
