'use strict';
// A shop's server with three ordinary leaks; run.js drives it. (server_fixed.js is the same without them.)
const EventEmitter = require('events');
const express = require('express');

const app = express();
const stock = new EventEmitter();  // leak: stock
stock.setMaxListeners(0);
const history = [];  // leak: history
const confirmations = new Map();  // leak: confirmations

app.use(express.json());

app.use((request, response, next) => {
  history.push({
    at: new Date(), method: request.method, url: request.originalUrl, headers: Object.assign({}, request.headers),
    ip: request.ip
  });
  next();
});

app.get('/items/:id', (request, response) => {
  response.json({id: request.params.id, name: 'item ' + request.params.id, price: 9.5});
});

// Server-sent events: what is in stock changes while the page is open.
app.get('/stock', (request, response) => {
  response.set('content-type', 'text/event-stream');
  response.flushHeaders();
  stock.on('change', (item) => response.write('data: ' + JSON.stringify(item) + '\n\n'));
  response.write(': hello\n\n');
});

app.post('/orders/:id', (request, response) => {
  const order = request.body;
  confirmations.set(request.params.id, () => order.lines.length);
  response.status(202).json({order: request.params.id});
});

app.post('/orders/:id/confirm', (request, response) => {
  response.json({lines: confirmations.get(request.params.id)()});
});

module.exports = {app, counts: () => [history.length, stock.listenerCount('change'), confirmations.size]};
