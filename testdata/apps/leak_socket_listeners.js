'use strict';
// One connection to the upstream server is shared by all requests; each of them listens on it for its answer, and goes on
// listening after it came.
const net = require('net');
const scenario = require('./lib/scenario.js');

let upstream = null;  // leak: upstream

class Exchange {
  constructor(id) {
    this.id = id;
    this.body = scenario.text(id, 4000);
    this.answer = null;
  }
}

function ask(id, done) {
  const exchange = new Exchange(id);
  upstream.on('answer', (answer) => {
    if (answer.id !== exchange.id) return;
    exchange.answer = answer;
    done();
  });
  upstream.write(id + '\n');
}

function connect(done) {
  const server = net.createServer((socket) => socket.on('data', (data) => socket.write(data)));
  server.listen(0, '127.0.0.1', () => {
    upstream = net.connect(server.address().port, '127.0.0.1', done);
    upstream.setMaxListeners(0);
    upstream.on('data', (data) => {
      // Only the newest exchange is looked at: else each answer would be offered to thousands.
      const listeners = upstream.listeners('answer');
      listeners[listeners.length - 1]({id: Number(String(data))});
    });
  });
}

scenario.run(__filename, {
  kind: 'listeners', class: 'Function', count: 3000, oracle: {edge: 'answer', class: 'Array'},
  setup: connect,
  step: (i, done) => ask(i, done)
});
