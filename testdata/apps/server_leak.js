'use strict';
// An ordinary little HTTP server with an ordinary leak, and its clients, in one process: every visitor gets a session that is never
// dropped (lib/session.js), the session remembers its requests, and each request hangs a listener on one global emitter.
// Run with --max-old-space-size=200 it ends in V8's "heap out of memory" after some seconds, and leaves a core.
const http = require('http');
const EventEmitter = require('events');
const {sessionFor, size} = require('./lib/session.js');

const configuration = new EventEmitter();  // tells interested parties that the configuration was reloaded
configuration.setMaxListeners(0);

class RequestRecord {
  constructor(request, session) {
    this.url = request.url;
    this.headers = request.headers;
    this.session = session;
    this.body = 'response to ' + request.url + ' ' + '.'.repeat(400).split('').join('');
  }
}

const server = http.createServer((request, response) => {
  const session = sessionFor(request.headers['x-user']);
  for (let part = 0; part < 6; part++) session.history.push(new RequestRecord(request, session));
  configuration.on('reload', () => session.history.length);
  response.end('hello ' + session.user + '\n');
});

// Clients: a few connections, each asking as fast as it is answered, every request as another user.
let visitor = 0;
function visit(agent, port) {
  const user = 'visitor-' + visitor++;
  http.get({host: '127.0.0.1', port, agent, path: '/item/' + visitor, headers: {'x-user': user}}, (response) => {
    response.resume();
    response.on('end', () => setImmediate(visit, agent, port));
  }).on('error', (error) => {
    console.error('client: ' + error.message);
    process.exit(1);
  });
}

server.listen(0, '127.0.0.1', () => {
  const port = server.address().port;
  console.error('server_leak: serving on 127.0.0.1:' + port + ' until memory runs out');
  for (let i = 0; i < 8; i++) visit(new http.Agent({keepAlive: true, maxSockets: 1}), port);
  setInterval(() => console.error('server_leak: ' + size() + ' sessions, ' +
                                  Math.round(process.memoryUsage().heapUsed / 1048576) + ' MB of heap'), 2000).unref();
});
