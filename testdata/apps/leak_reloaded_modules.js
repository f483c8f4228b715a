'use strict';
// Plugins are loaded anew on each change: the cache forgets the old module, the `children` of the module that required it
// do not.
const scenario = require('./lib/scenario.js');

let plugin = null;

function reload() {
  delete require.cache[require.resolve('./lib/plugins/greeting.js')];
  plugin = require('./lib/plugins/greeting.js');
}

scenario.run(__filename, {
  kind: 'Array', name: 'children', class: 'Module', count: 1500, extra: 1,  // lib/scenario.js is a child, too
  step() {
    reload();
    plugin.greet('world');
  }
});
