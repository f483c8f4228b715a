'use strict';
// Entries expire when somebody asks for them again. Nobody does.
const scenario = require('./lib/scenario.js');

class ExpiringCache {
  constructor(milliseconds) {
    this.milliseconds = milliseconds;
    this.entries = {};  // leak: entries
  }

  get(key, make) {
    const found = this.entries[key];
    if (found && found.expires > Date.now()) return found.value;
    const value = make(key);
    this.entries[key] = {value, expires: Date.now() + this.milliseconds};
    return value;
  }
}

const tokens = new ExpiringCache(1);  // holder: tokens

scenario.run(__filename, {
  kind: 'Object', class: 'Object', count: 20000,
  step: (i) => tokens.get('token:' + i, () => scenario.text(i, 500))
});
