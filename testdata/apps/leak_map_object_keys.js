'use strict';
// What is known of a connection is kept beside it, in a Map by connection: a WeakMap was meant.
const scenario = require('./lib/scenario.js');

class Connection {
  constructor(id) {
    this.id = id;
    this.received = scenario.text(id, 500);
  }
}

const statistics = new Map();  // leak: statistics

function accept(id) {
  const connection = new Connection(id);
  statistics.set(connection, {bytes: connection.received.length, packets: 1});
  return connection;
}

function count(connection) {
  statistics.get(connection).packets++;
}

scenario.run(__filename, {
  kind: 'Map', class: 'Object', count: 15000,
  step: (i) => count(accept(i))
});
