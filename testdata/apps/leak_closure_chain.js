'use strict';
// The closure leak of Meteor: `unused` is never called, but the scope that it shares with `someMethod` holds the previous
// thing, whose method holds its own scope, and so on.
const scenario = require('./lib/scenario.js');

let theThing = null;  // leak: theThing
let seed = 0;

function replaceThing() {
  const originalThing = theThing;
  const unused = function() {
    if (originalThing) console.log('hi');
  };
  theThing = {
    longStr: scenario.text(seed++, 1000),
    someMethod: function() { return 'someMessage'; }
  };
  return unused;
}

scenario.run(__filename, {
  kind: 'list', class: 'Object', count: 12000,
  step: () => { replaceThing(); }
});
