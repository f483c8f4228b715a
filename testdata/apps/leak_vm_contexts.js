'use strict';
// Each tenant's scripts run in a context of their own, and every context that ever was is kept.
const vm = require('vm');
const scenario = require('./lib/scenario.js');

const sandboxes = [];  // leak: sandboxes

function evaluate(tenant) {
  const sandbox = vm.createContext({tenant, result: null});
  vm.runInContext('result = [tenant].concat([1, 2, 3].map((x) => x * x)); var state = {items: result};', sandbox);
  sandboxes.push(sandbox);
  return sandbox.result;
}

scenario.run(__filename, {
  kind: 'Array', class: 'Object', count: 60,
  step: (i) => evaluate('tenant-' + i)
});
