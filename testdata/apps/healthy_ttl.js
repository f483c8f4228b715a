'use strict';
// Sessions that end by themselves: each is deleted by a timer of its own. There are always some thousands of them, and no more.
const scenario = require('./lib/scenario.js');
const common = require('./common.js');

const kLifetime = 300;  // ms
const sessions = new Map();
let opened = 0;

function open() {
  const id = 's' + opened++;
  sessions.set(id, {id: id, cart: [opened, opened + 1], user: scenario.text(opened, 200)});
  setTimeout(() => sessions.delete(id), kLifetime);
}

const begun = Date.now();
const visits = setInterval(() => {
  for (let i = 0; i < 20; i++) open();
  if (Date.now() - begun < 8 * kLifetime) return;
  clearInterval(visits);
  common.finish({expect: null});
}, 1);
