'use strict';
// An HTTP server in the middle of a request, while others wait for their answers: files, DNS, TLS, promises, an async
// function at its await, a worker and modules besides. In that request the heap is filled until V8 gives up, or the
// program is busy until a file appears.
//   node [OPTIONS] conditions.js oom
//   node [OPTIONS] conditions.js live FILE
// Facts, printed in that request: "stack" of the handler [{name, method, script, line, column}], "active", "requests",
// "http", "cache", "suspended", "promises", "workers", and what process says of itself.
var childProcess = require('child_process');
var dns = require('dns');
var fs = require('fs');
var http = require('http');
var os = require('os');
var path = require('path');
var tls = require('tls');
var threads = require('worker_threads');
var common = require('./common.js');
var identity = require('./lib/tls_identity.js');
require('./lib/session.js');

var kMany = 12;
var kMode = process.argv[2], kFile = process.argv[3];
var keep = common.keep;
var directory = fs.mkdtempSync(path.join(os.tmpdir(), 'corewalk-conditions-'));
var fifo = path.join(directory, 'fifo');
childProcess.execFileSync('mkfifo', [fifo]);
process.on('exit', function() { fs.unlinkSync(fifo), fs.rmdirSync(directory); });

function counts(list) {
  var all = {};
  list.forEach(function(name) { all[name] = (all[name] || 0) + 1; });
  return all;
}
function nameOf(object) { return object.constructor ? object.constructor.name : 'Object'; }

// The stack as V8 tells it, from the caller on.
function callers() {
  var before = Error.prepareStackTrace, limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 100;
  Error.prepareStackTrace = function(error, frames) {
    return frames.slice(1).map(function(frame) {
      return {name: frame.getFunctionName() || '', method: frame.getMethodName() || '', script: frame.getFileName() || '',
              eval: frame.isEval(), line: frame.getLineNumber(), column: frame.getColumnNumber()};
    });
  };
  var stack = new Error().stack;
  Error.prepareStackTrace = before, Error.stackTraceLimit = limit;
  return stack;
}

class Marker { constructor(i) { this.i = i; } }
class Filler { constructor(i) { this.i = i, this.text = 'filler ' + i; } }
async function waiting(i) { await new Promise(function(resolve) { setTimeout(resolve, 1e6, i); }); }

function fill() {
  var list = keep([]);
  for (var i = 0;; i++) list.push(new Filler(i));
}
function busy() {
  for (var n = 0; !fs.existsSync(kFile);) {
    for (var i = 0; i < 3e7; i++) n = (n + i) | 0;
  }
  return n;
}

function answer(request, response) {
  // The loop stands still from here on, so that these remain.
  for (var i = 0; i < kMany; i++) {
    fs.open(fifo, 'r', function onOpen() {});
    fs.stat(path.join(directory, 'missing-' + i), function onStat() {});
  }
  dns.lookup('localhost', function onLookup() {});
  var facts = {
    stack: callers(), directory: directory, many: kMany, file: __filename, active: counts(process._getActiveHandles().map(nameOf)),
    requests: counts(process._getActiveRequests().map(nameOf)), cache: Object.keys(require.cache), worker: worker.threadId,
    version: process.version, versions: process.versions, argv: process.argv, execArgv: process.execArgv, cwd: process.cwd()
  };
  common.print(facts);
  if (kMode === 'oom') fill();
  busy();
  keep(fs.openSync(fifo, 'r+'));  // else the threads that open it would never end
  response.end('answered');
}

var came = 0;
var server = http.createServer(function onRequest(request, response) {
  if (request.url === '/middle') return answer(request, response);
  keep(response);
  if (request.url.indexOf('/responding') === 0) response.write('begin');
  if (++came === 2 * kMany) setTimeout(middle, 100);
});
server.keepAliveTimeout = 600000;
var agent = new http.Agent({keepAlive: true});
function get(url) {
  var request = keep(http.get({agent: agent, host: '127.0.0.1', port: server.address().port, path: url}));
  request.on('response', keep);
  request.on('error', function() {});
  return request;
}
function begin() {
  for (var i = 0; i < kMany; i++) {
    keep(waiting(i));
    keep(Promise.resolve(new Marker(i)));
    keep(Promise.reject(new Marker(i)));
    get('/handling?' + i);
    get('/responding?' + i);
  }
}
function middle() {
  get('/middle').on('response', function(response) {
    response.resume();
    response.on('end', function() {
      common.writeAll(1, 'answered ' + response.statusCode + '\n');
      process.exit();
    });
  });
}

var worker = keep(new threads.Worker('setInterval(function() {}, 1e6); require("worker_threads").parentPort.postMessage(1);', {eval: true}));
worker.on('message', function() {
  var secure = keep(tls.createServer(identity, keep));
  secure.listen(0, '127.0.0.1', function() {
    var client = keep(tls.connect({host: '127.0.0.1', port: secure.address().port, servername: 'localhost', ca: identity.cert}));
    client.on('secureConnect', function() { server.listen(0, '127.0.0.1', begin); });
  });
});
