'use strict';
// A server at rest: it has answered some thousand requests, its sessions are over, its timers cleared, its listeners removed.
const EventEmitter = require('events');
const http = require('http');
const scenario = require('./lib/scenario.js');

const agent = new http.Agent({keepAlive: true, maxSockets: 2});
const sessions = new Map();
const recent = [];
const changes = new EventEmitter();
let port = 0;

class Session {
  constructor(id) {
    this.id = id;
    this.data = scenario.text(id, 200);
    this.onChange = () => this.data.length;
    changes.on('change', this.onChange);
    this.timer = setTimeout(() => this.close(), 60000);
  }

  close() {
    clearTimeout(this.timer);
    changes.removeListener('change', this.onChange);
    sessions.delete(this.id);
  }
}

const routes = {
  '/login': (request) => {
    const session = new Session(sessions.size + recent.length);
    sessions.set(session.id, session);
    request.on('end', () => session.close());
    return {session: session.id};
  },
  '/status': () => ({sessions: sessions.size, recent: recent.length}),
  '/recent': () => recent
};

const server = http.createServer((request, response) => {
  recent.push(request.url);
  if (recent.length > 100) recent.shift();
  const answer = routes[request.url.split('?')[0]](request);
  request.resume();
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(answer));
});

function listen(done) {
  server.listen(0, '127.0.0.1', () => {
    port = server.address().port;
    done();
  });
}

function get(i, done) {
  const path = ['/login', '/status', '/recent'][i % 3] + '?visit=' + i;
  http.get({host: '127.0.0.1', port, agent, path}, (response) => {
    response.resume();
    response.on('end', done);
  });
}

scenario.run(__filename, {count: 6000, setup: listen, step: get, atEnd: () => agent.destroy()});
