'use strict';
// Each download can be cancelled by the one controller that ends the process, and is told of it for ever.
const scenario = require('./lib/scenario.js');

const shutdown = new AbortController();  // leak: shutdown

class Download {
  constructor(id, signal) {
    this.id = id;
    this.bytes = scenario.text(id, 4000);
    signal.addEventListener('abort', () => this.cancel());
  }

  cancel() {
    this.bytes = null;
  }

  finish() {
    return this.bytes.length;
  }
}

scenario.run(__filename, {
  kind: 'listeners', class: 'Function', count: 4000, oracle: {edge: 'shutdown'},
  step(i) {
    new Download(i, shutdown.signal).finish();
    if (i < 0) shutdown.abort();
  }
});
