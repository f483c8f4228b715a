'use strict';
// For an audit the server keeps the request objects themselves, and with them headers, sockets and all.
const http = require('http');
const scenario = require('./lib/scenario.js');

const audit = [];  // leak: audit
const agent = new http.Agent({keepAlive: true, maxSockets: 1});
let port = 0;

const server = http.createServer((request, response) => {
  audit.push(request);
  response.end('ok');
});

function listen(done) {
  server.listen(0, '127.0.0.1', () => {
    port = server.address().port;
    done();
  });
}

function get(i, done) {
  const options = {host: '127.0.0.1', port, agent, path: '/invoices/' + i, headers: {'x-trace': scenario.text(i, 1500)}};
  http.get(options, (response) => {
    response.resume();
    response.on('end', done);
  });
}

scenario.run(__filename, {
  kind: 'Array', class: 'IncomingMessage', count: 5000,
  setup: listen, step: get
});
