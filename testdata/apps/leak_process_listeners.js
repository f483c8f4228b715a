'use strict';
// Every job wants to be stopped cleanly when the process ends, the finished ones too.
const scenario = require('./lib/scenario.js');

process.setMaxListeners(0);

class Job {
  constructor(id) {
    this.id = id;
    this.input = scenario.text(id, 800);
    this.done = false;
  }

  start() {
    process.on('shutdown-requested', this.stop.bind(this));
    this.result = this.input.length;
    this.done = true;
  }

  stop() {  // holder: stop
    if (!this.done) this.result = -1;
  }
}

scenario.run(__filename, {
  kind: 'listeners', name: 'process', class: 'Function', count: 15000,
  oracle: {edge: 'shutdown-requested', class: 'Array'},
  step: (i) => new Job(i).start()
});
