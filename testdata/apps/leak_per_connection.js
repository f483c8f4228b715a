'use strict';
// Each of a few connections remembers every message it has seen: no single log is much, all of them are the heap.
const scenario = require('./lib/scenario.js');

class Message {
  constructor(id) {
    this.id = id;
    this.body = scenario.text(id, 80);
  }
}

class Connection {
  constructor(peer) {
    this.peer = peer;
    this.log = [];  // leak: log
  }

  receive(message) {
    this.log.push(message);
    return this.log.length;
  }
}

const connections = new Set();
for (let i = 0; i < 24; i++) connections.add(new Connection('10.0.0.' + i));

let sent = 0;
function broadcast() {
  for (const connection of connections) connection.receive(new Message(sent++));
}

module.exports = {connections};
scenario.run(__filename, {kind: 'Array', class: 'Message', count: 3000, step: broadcast});
