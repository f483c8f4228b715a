'use strict';
// "We keep the last requests for the status page" - all of them.
const scenario = require('./lib/scenario.js');

const history = [];  // leak: history

class LogEntry {
  constructor(method, url, user, agent) {
    this.method = method;
    this.url = url;
    this.user = user;
    this.agent = agent;
    this.at = Date.now();
  }
}

function remember(request) {
  history.push(new LogEntry(request.method, request.url, request.user, request.headers['user-agent']));
}

function lastTen() {
  return history.slice(-10);
}

module.exports = {remember, lastTen};
scenario.run(__filename, {
  kind: 'Array', class: 'LogEntry', count: 40000,
  step(i) {
    remember({
      method: i % 3 ? 'GET' : 'POST', url: '/orders/' + i, user: {id: i, name: 'user ' + i},
      headers: {'user-agent': scenario.text(i, 120)}
    });
    if (i % 1000 === 0) lastTen();
  }
});
