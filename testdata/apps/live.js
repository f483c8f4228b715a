'use strict';
// Builds a known heap, prints its facts and "ready", and waits; for tests on a living process. A byte on stdin makes it
// answer "alive N" with the count of its objects, which shows that it goes on as before.
var common = require('./common.js');

class LiveSession { constructor(i) { this.id = i; this.user = 'user:' + i; } }
var list = common.make(12345, function(i) { return new LiveSession(i); });
common.settle();
common.print({app: 'live', classes: [{name: 'LiveSession', instances: list.length, prototypes: 0}]});
common.writeAll(1, 'ready\n');
process.stdin.on('data', function() {
  var alive = list.filter(function(s, i) { return s instanceof LiveSession && s.id === i; }).length;
  common.writeAll(1, 'alive ' + alive + '\n');
});
process.stdin.on('end', function() { process.exit(0); });
