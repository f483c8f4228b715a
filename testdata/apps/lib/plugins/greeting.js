'use strict';
// A module with tables of its own; leak_reloaded_modules.js loads it again and again.
const phrases = [];
for (let i = 0; i < 40; i++) phrases.push(['hello', 'hallo', 'salut', 'ciao'].map((word) => word + ' ' + i));

function greet(name) {
  return phrases[name.length % phrases.length][0] + ' ' + name;
}

module.exports = {greet, phrases};
