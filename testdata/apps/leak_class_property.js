'use strict';
// A service remembers every user it has ever loaded.
const scenario = require('./lib/scenario.js');

class UserRecord {
  constructor(id) {
    this.id = id;
    this.mail = 'user' + id + '@example.com';
    this.biography = scenario.text(id, 500);
  }
}

class UserService {
  constructor(database) {
    this.database = database;
    this.cache = new Map();  // leak: cache
  }

  find(id) {
    if (!this.cache.has(id)) this.cache.set(id, this.database.load(id));
    return this.cache.get(id);
  }
}

const database = {load: (id) => new UserRecord(id)};
const users = new UserService(database);  // holder: users

module.exports = {users};
scenario.run(__filename, {
  kind: 'Map', class: 'UserRecord', count: 20000,
  step: (i) => users.find(i)
});
