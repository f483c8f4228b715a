'use strict';
// The leak of the demo: a session cache that nobody ever empties.
const cache = new Map();

class Session {
  constructor(user) {
    this.user = user;
    this.createdAt = new Date();
    this.history = [];
  }
}

function sessionFor(user) {
  const key = 'user:' + user;
  let session = cache.get(key);
  if (!session) {
    session = new Session(user);
    cache.set(key, session);  // ... and no cache.delete() anywhere
  }
  return session;
}

module.exports = {sessionFor, Session, size: () => cache.size};
