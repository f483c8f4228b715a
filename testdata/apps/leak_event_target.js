'use strict';
// The web's own events, and nobody calls removeEventListener.
const scenario = require('./lib/scenario.js');

const store = new EventTarget();  // leak: store

class View {
  constructor(id) {
    this.id = id;
    this.markup = scenario.text(id, 4000);
    store.addEventListener('change', () => this.render());
  }

  render() {
    return this.markup.length;
  }
}

scenario.run(__filename, {
  kind: 'listeners', class: 'Function', count: 4000, oracle: {edge: 'store'},
  step(i) {
    new View(i);
    if (i < 0) store.dispatchEvent(new Event('change'));
  }
});
