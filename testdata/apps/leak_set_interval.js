'use strict';
// A heartbeat per connection; a closed connection takes everything along but its timer.
const scenario = require('./lib/scenario.js');

class Connection {
  constructor(id) {
    this.id = id;
    this.buffered = [scenario.text(id, 600)];
    this.open = true;
  }

  start() {
    setInterval(() => this.ping(), 30000);  // leak: setInterval
  }

  ping() {
    if (this.open) this.buffered.push('ping');
  }

  close() {
    this.open = false;
  }
}

function serve(id) {
  const connection = new Connection(id);
  connection.start();
  connection.close();
}

scenario.run(__filename, {
  kind: 'timers', class: 'Timeout', count: 15000, oracle: {class: 'TimersList'},
  step: serve
});
