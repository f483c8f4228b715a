'use strict';
// The server of server.js after its three leaks were found and mended.
const EventEmitter = require('events');
const express = require('express');

const kHistory = 100;

const app = express();
const stock = new EventEmitter();
stock.setMaxListeners(0);
const history = [];
const confirmations = new Map();

app.use(express.json());

app.use((request, response, next) => {
  history.push({
    at: new Date(), method: request.method, url: request.originalUrl, headers: Object.assign({}, request.headers),
    ip: request.ip
  });
  if (history.length > kHistory) history.shift();
  next();
});

app.get('/items/:id', (request, response) => {
  response.json({id: request.params.id, name: 'item ' + request.params.id, price: 9.5});
});

// Server-sent events: what is in stock changes while the page is open.
app.get('/stock', (request, response) => {
  response.set('content-type', 'text/event-stream');
  response.flushHeaders();
  const send = (item) => response.write('data: ' + JSON.stringify(item) + '\n\n');
  stock.on('change', send);
  request.on('close', () => stock.removeListener('change', send));
  response.on('close', () => stock.removeListener('change', send));
  response.write(': hello\n\n');
});

app.post('/orders/:id', (request, response) => {
  const order = request.body;
  confirmations.set(request.params.id, () => order.lines.length);
  response.status(202).json({order: request.params.id});
});

app.post('/orders/:id/confirm', (request, response) => {
  response.json({lines: confirmations.get(request.params.id)()});
  confirmations.delete(request.params.id);
});

module.exports = {app, counts: () => [history.length, stock.listenerCount('change'), confirmations.size]};
