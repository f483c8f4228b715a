'use strict';
// A middleware is meant to be installed at start; this one is installed by each request.
const scenario = require('./lib/scenario.js');

class Router {
  constructor() {
    this.stack = [];  // leak: stack
  }

  use(handler) {
    this.stack.push({path: '/', handler});
    return this;
  }

  handle(request) {
    return this.stack[0].handler(request);
  }
}

const router = new Router();  // holder: router

router.use((request) => {
  const started = {at: Date.now(), text: scenario.text(request.id, 300)};
  router.use(() => Date.now() - started.at);
});

scenario.run(__filename, {
  kind: 'Array', class: 'Object', count: 20000, extra: 1,
  step: (i) => router.handle({id: i})
});
