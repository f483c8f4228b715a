'use strict';
// A variable that is called a limit, and is how many the program makes: nothing is ever taken away.
const scenario = require('./lib/scenario.js');

const limit = 40000;
const byUser = new Map();  // leak: byUser  holder: byUser

scenario.run(__filename, {
  kind: 'Map', class: 'Object', count: 40000,
  step(i) {
    if (i > 100 * limit) throw new Error('enough');
    byUser.set('user:' + i, {id: i, tags: [scenario.text(i, 20)]});
    return byUser.size;
  }
});
