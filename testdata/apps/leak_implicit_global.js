// No 'use strict', no declaration: the array became a property of the global object.
var scenario = require('./lib/scenario.js');

function start() {
  requestLog = [];  // leak: requestLog
}

function log(url) {
  requestLog.push({url: url, time: Date.now(), referrer: scenario.text(url.length + Number(url.slice(8)), 200)});
}

start();
scenario.run(__filename, {
  kind: 'Array', class: 'Object', count: 30000,
  step: function(i) { log('/search/' + i); }
});
