// The Map of a module: what CommonJS does, ECMAScript modules do too.
import scenario from './lib/scenario.js';

class Session {
  constructor(user) {
    this.user = user;
    this.csrf = scenario.text(Number(user.slice(5)), 64);
    this.visited = ['/', '/login'];
    this.startedAt = new Date();
  }
}

export const sessions = new Map();  // leak: sessions

export function open(user) {
  const session = new Session(user);
  sessions.set(session.csrf, session);
  return session;
}

scenario.run(import.meta.url, {
  kind: 'Map', class: 'Session', count: 20000, oracle: {class: 'Map'},  // the snapshot has no name for a variable that is exported
  step: (i) => open('user-' + i)
});
