'use strict';
// Each widget listens on the bus of the whole application, and stays there when it is closed.
const EventEmitter = require('events');
const scenario = require('./lib/scenario.js');

const bus = new EventEmitter();  // leak: bus
bus.setMaxListeners(0);  // "that warning was annoying"

class Widget {
  constructor(id) {
    this.id = id;
    this.cells = new Array(40).fill(id);
    bus.on('theme-changed', () => this.draw());
  }

  draw() {
    return this.cells.length;
  }

  close() {
    this.cells = this.cells.slice();
  }
}

scenario.run(__filename, {
  kind: 'listeners', class: 'Function', count: 20000, oracle: {edge: 'theme-changed', class: 'Array'},
  step: (i) => new Widget(i).close()
});
