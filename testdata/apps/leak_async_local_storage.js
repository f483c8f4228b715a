'use strict';
// A session times out after a day, and its timer, though it needs the id only, keeps what the request had stored in
// AsyncLocalStorage.
const {AsyncLocalStorage} = require('async_hooks');
const scenario = require('./lib/scenario.js');

const requestContext = new AsyncLocalStorage();

class RequestContext {
  constructor(id) {
    this.id = id;
    this.body = scenario.text(id, 900);
  }
}

function forget(id) {  // leak: forget
  return 'session ' + id + ' is over';
}

function handle(id) {
  requestContext.run(new RequestContext(id), () => {
    const length = requestContext.getStore().body.length;
    setTimeout(forget, 24 * 3600 * 1000, id);
    return length;
  });
}

scenario.run(__filename, {
  kind: 'timers', class: 'Timeout', count: 12000, oracle: {class: 'TimersList'},
  step: handle
});
