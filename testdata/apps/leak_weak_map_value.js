'use strict';
// A WeakMap lets go of what belongs to a dead key. The key here is the tenant that lives as long as the process.
const scenario = require('./lib/scenario.js');

const tenant = {name: 'the only one'};
const trails = new WeakMap();  // holder: trails
trails.set(tenant, []);  // leak: trails

function audit(who, action) {
  trails.get(who).push({action, at: Date.now(), detail: scenario.text(action.length + Number(action.slice(7)), 300)});
}

scenario.run(__filename, {
  kind: 'Array', class: 'Object', count: 25000, oracle: {class: 'Array'},
  step: (i) => audit(tenant, 'update ' + i)
});
