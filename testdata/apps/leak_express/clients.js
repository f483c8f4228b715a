'use strict';
// The shop's customers, in a process of their own: some connections at once, each asking as fast as it is answered.
//   node clients.js PORT REQUESTS      REQUESTS: how many in all; 0: until the server is gone
// Of ten requests five look at an item, one opens the page with server-sent events and closes it again, two send an order
// and two confirm it.
const http = require('http');

const kConnections = 6;
const port = Number(process.argv[2]);
const requests = Number(process.argv[3]) || Infinity;
let begun = 0, over = 0;

function options(agent, method, path) {
  return {
    host: '127.0.0.1', port, agent, method, path,
    headers: {
      'user-agent': 'customer/' + begun + ' ' + 'x'.repeat(60), 'x-session': 'session-' + begun.toString(36).padStart(40, '0'),
      'content-type': 'application/json', accept: 'application/json, text/event-stream'
    }
  };
}

function gone() {
  process.exit(requests === Infinity ? 0 : 1);
}

function send(agent, method, path, body, done) {
  const request = http.request(options(agent, method, path), (response) => {
    response.resume();
    response.on('end', done);
  });
  request.on('error', gone);
  request.end(body);
}

// Opens the page with events, reads the first, leaves.
function watch(agent, done) {
  const request = http.request(options(false, 'GET', '/stock'), (response) => {
    response.once('data', () => {
      response.destroy();
      done();
    });
    response.on('error', () => {});
  });
  request.on('error', gone);
  request.end();
}

function order(id) {
  return JSON.stringify({customer: id, lines: Array.from({length: 24}, (one, i) => ({article: id + '-' + i, amount: i + 1}))});
}

// Each connection has ten requests at a time, one after the other.
function round(agent) {
  if (begun >= requests) return;
  const first = begun;
  begun += 10;
  let i = 0;
  (function next() {
    if (i > 0) over++;
    if (i === 10) return setImmediate(round, agent);
    const id = first + i++;
    if (i <= 5) send(agent, 'GET', '/items/' + id, '', next);
    else if (i === 6) watch(agent, next);
    else if (i % 2) send(agent, 'POST', '/orders/' + id, order(id), next);
    else send(agent, 'POST', '/orders/' + (id - 1) + '/confirm', '{}', next);
  })();
}

for (let i = 0; i < kConnections; i++) round(new http.Agent({keepAlive: true, maxSockets: 1}));
process.on('exit', () => {
  if (requests !== Infinity) process.stderr.write('clients: ' + over + ' requests answered\n');
});
