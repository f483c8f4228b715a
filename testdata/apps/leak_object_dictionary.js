'use strict';
// A plain object as a table of sessions; log-outs never come.
const scenario = require('./lib/scenario.js');

const sessions = {};  // leak: sessions

function login(name) {
  const id = scenario.text(name.length * 1000003 + Number(name.slice(5)), 32);
  sessions[id] = {name: name, roles: ['reader', 'writer'], since: new Date(), basket: new Array(20).fill(null)};
  return id;
}

function logout(id) {
  delete sessions[id];
}

module.exports = {login, logout};
scenario.run(__filename, {
  kind: 'Object', class: 'Object', count: 30000,
  step(i) {
    const id = login('user-' + i);
    if (id === '') logout(id);
  }
});
