'use strict';
// State that every module needs, on the global object.
const scenario = require('./lib/scenario.js');

globalThis.onlineUsers = new Map();  // leak: onlineUsers

class OnlineUser {
  constructor(name) {
    this.name = name;
    this.avatar = scenario.text(Number(name.slice(4)), 400);
    this.rooms = new Set(['lobby']);
  }
}

function connect(name) {
  onlineUsers.set(name, new OnlineUser(name));
}

scenario.run(__filename, {
  kind: 'Map', class: 'OnlineUser', count: 15000,
  step: (i) => connect('user' + i)
});
