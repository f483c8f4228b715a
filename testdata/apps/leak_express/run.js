'use strict';
// Serves testdata/apps/leak_express/SERVER.js to clients in a child process, and dies.
//   node --expose-gc run.js SERVER abort [SNAPSHOT]         after 10,000 requests, settled: prints its facts, aborts
//   node --max-old-space-size=80 run.js SERVER oom          prints its facts and serves until V8 gives up
// Facts: "expect": [{name, line, count}] of the marked leaks in the order of the source (server_fixed.js: none); in mode oom the
// counts stand outside of the heap (common.truthCounters) and are raised when a request is over. `express` is found by NODE_PATH.
const {spawn} = require('child_process');
const http = require('http');
const path = require('path');
const common = require('../common.js');
const scenario = require('../lib/scenario.js');

const kRequests = 10000;
const [which, mode] = [process.argv[2], process.argv[3]];
const file = path.join(__dirname, which + '.js');
const shop = require(file);
// What is counted, in the order of shop.counts().
const names = ['history', 'stock', 'confirmations'];
const kinds = {history: ['Array', 'Object'], stock: ['listeners', 'Function'], confirmations: ['Map', 'Function']};
const counters = common.truthCounters(names.length, scenario.truth);
const facts = {
  app: 'leak_express/' + which, mode, file, requests: kRequests, truth: {identity: scenario.truth, counters: names},
  snapshot: process.argv[4] ? path.resolve(process.argv[4]) : '',
  expect: scenario.marked(file).map(({name, line}) => ({name, line, file, kind: kinds[name][0], class: kinds[name][1]}))
};

const server = http.createServer((request, response) => {
  shop.app(request, response);
  response.on('close', count);
  count();
});

function count() {
  shop.counts().forEach((one, i) => { counters[i] = one; });
}

function end() {
  count();
  for (const one of facts.expect) one.count = counters[names.indexOf(one.name)];
  facts.counts = Array.from(counters);
  facts.node = process.version;
  scenario.finish(facts);
}

if (mode === 'abort') scenario.rehearse(facts.snapshot);
server.listen(0, '127.0.0.1', () => {
  if (mode === 'oom') common.print(facts);
  const requests = mode === 'oom' ? 0 : kRequests;
  const clients = spawn(process.execPath, [path.join(__dirname, 'clients.js'), server.address().port, requests],
                        {stdio: ['ignore', 'ignore', 'inherit']});
  clients.on('exit', (code) => {
    if (code !== 0 || mode === 'oom') throw new Error('the clients ended with ' + code);
    server.close(() => setTimeout(end, 300));
  });
});
