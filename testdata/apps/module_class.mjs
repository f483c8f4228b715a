// A class that the module's own code alone uses lies in a register of it; the module goes on after an await, and dies.
import {createRequire} from 'node:module';
import {setImmediate as turn} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
const require = createRequire(import.meta.url);
const common = require('./common.js'), scenario = require('./lib/scenario.js');

class Repository {
  static rows = new Map();  // leak: rows
  static add(key, row) { Repository.rows.set(key, row); }
}
let count = 0;
while (count < 40000) {
  for (let i = 0; i < 1000; i++, count++) Repository.add('row' + count, {count, list: [count, count], text: 'text' + count});
  await turn();
}
const marked = scenario.marked(fileURLToPath(import.meta.url))[0];
common.print({file: import.meta.url, line: marked.line, count: Repository.rows.size});
process.abort();
