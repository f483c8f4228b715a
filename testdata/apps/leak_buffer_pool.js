'use strict';
// Small keys as Buffers: each is a slice of one of Node's pool slabs, and one key that is kept pins a whole slab.
const scenario = require('./lib/scenario.js');

const keys = new Map();  // leak: keys
let scratch = null;

function remember(id) {
  scratch = Buffer.from(scenario.text(id, 3000), 'latin1');  // what is thrown away of the slab
  keys.set('key' + id, {key: Buffer.from('key of ' + id), owner: scenario.text(id, 1000)});
}

scenario.run(__filename, {
  kind: 'Map', class: 'Object', count: 6000,
  step: remember
});
