'use strict';
// A process with handles and requests of every kind, of which the process itself and the program keep the books.
//   node [OPTIONS] handles.js COUNT [live]
// A busy HTTP server with keep-alive connections and requests in every state, TCP, TLS, UDP, pipes, child processes,
// watchers of files, MessagePorts, a worker, requests to files and DNS. Facts: "libuv" as process.report tells it,
// "active" and "requests" the classes that process._getActiveHandles() and _getActiveRequests() tell, "resources" of
// process.getActiveResourcesInfo() (16.14, 17.3), "http" [{method, url, tls}] told by both ends,
// "tls" a row for each end of a connection, "tlsServers" their addresses, "files" [{kind, fd, path}].
var childProcess = require('child_process');
var dgram = require('dgram');
var dns = require('dns');
var fs = require('fs');
var http = require('http');
var https = require('https');
var net = require('net');
var os = require('os');
var path = require('path');
var stream = require('stream');
var tls = require('tls');
var common = require('./common.js');
var identity = require('./lib/tls_identity.js');

var kMany = Number(process.argv[2] || 10);
// Both ends of a connection are descriptors of this process, and there are twice as many requests.
var kHttp = Math.min(kMany, 2000);
var kTls = Math.min(kMany, 200);
var kLive = process.argv[3] === 'live';
var keep = common.keep;
var directory = fs.mkdtempSync(path.join(os.tmpdir(), 'corewalk-handles-'));
var expected = {http: [], listening: [], children: [], watched: [], udp: 0, full: [], tls: [], tlsServers: [], files: []};

function counts(list) {
  var all = {};
  list.forEach(function(name) { all[name] = (all[name] || 0) + 1; });
  return all;
}
function nameOf(object) { return object.constructor ? object.constructor.name : 'Object'; }

function finish() {
  var report = null;
  try {
    report = process.report.getReport();
    if (typeof report === 'string') report = JSON.parse(report);
  } catch (error) {
    report = null;
  }
  // Requests that cannot end before the process does: the threads of libuv wait for a pipe that nobody writes to.
  for (var i = 0; i < kMany; i++) {
    fs.stat(path.join(directory, 'missing-' + i), function onStat() {});
    fs.open(fifo, 'r', function onOpen() {});
  }
  fs.readFile(__filename, function onRead() {});
  dns.lookup('localhost', function onLookup() {});
  keep(net.connect(path.join(directory, 'pipe.sock')));
  var handles = process._getActiveHandles(), requests = process._getActiveRequests();
  var resources = process.getActiveResourcesInfo ? process.getActiveResourcesInfo() : null;
  try {
    report = process.report.getReport();
    if (typeof report === 'string') report = JSON.parse(report);
  } catch (error) {
    report = null;
  }
  expected.libuv = report && report.libuv;
  expected.active = counts(handles.map(nameOf));
  expected.requests = counts(requests.map(nameOf));
  expected.resources = resources && counts(resources);
  expected.file = __filename;
  expected.directory = directory;
  expected.many = kMany;
  if (kLive) {
    common.print(expected);
    var end = Date.now() + 60000;
    while (Date.now() < end);
    process.exit();
  }
  common.finish(expected);
}

// A pipe without a writer: open() waits for one.
var fifo = path.join(directory, 'fifo');
childProcess.execFileSync('mkfifo', [fifo]);

var step = common.steps(finish);

var server = http.createServer(function(request, response) {
  if (request.url === '/ready') return response.end('ready');
  keep(response);
  if (request.url.indexOf('/responding') === 0) response.write('begin');
  inFlight++;
});
var inFlight = 0;
server.keepAliveTimeout = 600000;
var agent = new http.Agent({keepAlive: true, maxSockets: 1 + 3 * kHttp, maxFreeSockets: 10000});

step(function(done) {
  server.listen(0, '127.0.0.1', function() {
    expected.listening.push('127.0.0.1');
    done();
  });
});
// Connections that are kept alive: as many as are used at once.
step(function(done) {
  var left = kHttp;
  for (var i = 0; i < kHttp; i++) {
    http.get({agent: agent, host: '127.0.0.1', port: server.address().port, path: '/ready'}, function(response) {
      response.resume();
      response.on('end', function() { setImmediate(function() { if (--left === 0) done(); }); });
    });
  }
});
// Requests that wait for their answer, some with a part of it.
step(function(done) {
  function request(method, url) {
    var one = keep(http.request({agent: agent, host: '127.0.0.1', port: server.address().port, path: url, method: method}));
    one.on('response', function(response) { keep(response); });
    one.on('error', function() {});
    expected.http.push({method: method, url: url, tls: false});
    return one;
  }
  for (var i = 0; i < kHttp; i++) {
    request('GET', '/handling?' + i).end();
    request('PUT', '/responding?' + i).end('body');
  }
  function wait() {
    if (inFlight < 2 * kHttp) return setTimeout(wait, 5);
    setTimeout(done, 50);
  }
  wait();
});
// HTTPS with connections that are kept alive, and requests on them that wait for their answer, some with a part of it.
// A server remembers the port that it was asked to listen on: so none that asks for any.
function listenOnFreePort(server, done) {
  var probe = net.createServer().listen(0, '127.0.0.1', function() {
    var port = probe.address().port;
    probe.close(function() {
      server.listen(port, '127.0.0.1', function() {
        expected.tlsServers.push('127.0.0.1:' + port);
        done('127.0.0.1:' + port);
      });
    });
  });
}
function address(socket) { return socket.remoteAddress + ':' + socket.remotePort; }
function tlsRow(side, name, more) {
  var row = {side: side, established: true, name: name, remote: null, server: null, protocol: null, authorized: null,
             error: null, class: side === 'server' ? 'Socket' : 'TLSSocket'};
  Object.keys(more).forEach(function(key) { row[key] = more[key]; });
  expected.tls.push(row);
}
step(function(done) {
  var came = 0, ready = 0, where;
  var agent = keep(new https.Agent({keepAlive: true, maxSockets: 2 * kTls, maxFreeSockets: 1000}));
  var server = keep(https.createServer(identity, function(request, response) {
    keep(response);
    if (request.url === '/tls/ready') return response.end('ready');
    if (request.url.indexOf('/tls/responding') === 0) response.write('begin');
    tlsRow('server', 'localhost', {remote: address(request.socket), server: where, protocol: request.socket.alpnProtocol || null});
    came++;
  }));
  server.keepAliveTimeout = 600000;
  function request(method, url) {
    var one = keep(https.request({agent: agent, host: 'localhost', family: 4, port: server.address().port, path: url,
                                  method: method, ca: identity.cert}));
    one.on('response', function(response) { keep(response); });
    one.on('error', function() {});
    return one;
  }
  function begin(method, url, body) {
    var one = request(method, url);
    expected.http.push({method: method, url: url, tls: true});
    one.on('socket', function(socket) {
      function row() {
        tlsRow('client', 'localhost', {remote: address(socket), authorized: true, protocol: socket.alpnProtocol || null});
      }
      if (socket.connecting) socket.on('secureConnect', row);
      else row();
    });
    one.end(body);
  }
  function go() {
    for (var i = 0; i < kTls; i++) {
      begin('GET', '/tls/handling?' + i);
      begin('PUT', '/tls/responding?' + i, 'body');
    }
    (function wait() {
      if (came < 2 * kTls) return setTimeout(wait, 5);
      setTimeout(done, 50);
    })();
  }
  listenOnFreePort(server, function(place) {
    where = place;
    for (var i = 0; i < kTls; i++) {
      var first = request('GET', '/tls/ready');
      first.on('response', function(response) {
        response.resume();
        response.on('end', function() { setImmediate(function() { if (++ready === kTls) go(); }); });
      });
      first.end();
    }
  });
});
// TLS without HTTP: a certificate that is not accepted but used, a protocol that both agree on, TLS over a Socket of the
// program's own, and a handshake that the other side never answers.
step(function(done) {
  var options = {key: identity.key, cert: identity.cert, ALPNProtocols: ['mine/1'], requestCert: true, rejectUnauthorized: false};
  var where;
  var server = keep(tls.createServer(options, function(socket) {
    keep(socket).on('error', function() {});
    tlsRow('server', socket.servername || null, {remote: address(socket), server: where, protocol: 'mine/1', authorized: false,
           error: socket.authorizationError});
  }));
  function client(more, name, next) {
    var socket = keep(tls.connect(Object.assign({servername: name, ALPNProtocols: ['mine/1']}, more)));
    socket.on('secureConnect', function() {
      tlsRow('client', name, {remote: address(socket), protocol: 'mine/1', authorized: socket.authorized,
             error: socket.authorizationError || null, class: more.socket ? 'Socket' : 'TLSSocket'});
      next();
    });
  }
  listenOnFreePort(server, function(place) {
    where = place;
    client({host: '127.0.0.1', port: server.address().port, rejectUnauthorized: false}, 'other.example', function() {
      var raw = keep(net.connect(server.address().port, '127.0.0.1', function() {
        client({socket: raw, ca: identity.cert}, 'localhost', silent);
      }));
    });
  });
  function silent() {
    var mute = keep(net.createServer(function(socket) { keep(socket).pause(); }));
    mute.listen(0, '127.0.0.1', function() {
      var waiting = keep(tls.connect({host: '127.0.0.1', port: mute.address().port, servername: 'mute.example'}));
      waiting.on('error', function() {});
      waiting.on('connect', function() {
        tlsRow('client', 'mute.example', {remote: address(waiting), established: false});
        setTimeout(done, 100);
      });
    });
  }
});
// Bare TCP, of which nobody reads one side: what is written stays.
step(function(done) {
  var bare = keep(net.createServer(function(socket) { keep(socket).pause(); }));
  bare.listen(0, '127.0.0.1', function() {
    var client = keep(net.connect(bare.address().port, '127.0.0.1'));
    client.on('connect', function() {
      client.write(Buffer.alloc(20 << 20));
      client.remoteAddress;
      expected.remote = '127.0.0.1:' + bare.address().port;
      setTimeout(done, 50);
    });
  });
});
step(function(done) {
  keep(net.createServer(function() {})).listen(path.join(directory, 'pipe.sock'), done);
});
step(function(done) {
  var left = Math.min(kMany, 1000);
  for (var i = Math.min(kMany, 1000); i > 0; i--) {
    var socket = keep(dgram.createSocket('udp4'));
    expected.udp++;
    if (i % 3 === 0) socket.unref();
    socket.bind(0, '127.0.0.1', function() { if (--left === 0) done(); });
  }
});
step(function(done) {
  for (var i = 0; i < 3; i++) {
    var child = keep(childProcess.spawn('sleep', ['6' + i], {stdio: ['pipe', 'pipe', 'ignore']}));
    expected.children.push({pid: child.pid, command: 'sleep 6' + i});
    if (i === 0) child.unref();
  }
  for (i = 0; i < Math.min(kMany, 100); i++) {
    var file = path.join(directory, 'watched-' + i);
    fs.writeFileSync(file, 'x');
    keep(fs.watch(file, function() {}));
    expected.watched.push(file);
  }
  fs.watchFile(path.join(directory, 'watched-0'), {interval: 1234}, function() {});
  process.on('SIGUSR2', function() {});
  setTimeout(done, 50);
});
step(function(done) {
  var workers = null;
  try {
    workers = require('worker_threads');
  } catch (error) {
    return done();
  }
  var channel = keep(new workers.MessageChannel());
  channel.port1.on('message', function() {});
  var worker = keep(new workers.Worker('require("worker_threads").parentPort.postMessage(1);' +
      'require("net").createServer(function() {}).listen(0, "127.0.0.1"); setInterval(function() {}, 1000);', {eval: true}));
  worker.on('message', function() { setTimeout(done, 100); });
});
// Files that are open, and some that were. What the kernel says of a descriptor is the truth.
step(function(done) {
  function file(name) {
    var full = path.join(directory, name);
    fs.writeFileSync(full, 'text of ' + name);
    return full;
  }
  function book(kind, fd, hidden) {
    expected.files.push({kind: kind, fd: fd, path: hidden ? null : fs.readlinkSync('/proc/self/fd/' + fd)});
  }
  var left = 6 + 2;
  function one() {
    if (--left === 0) done();
  }
  for (var i = 0; i < 3; i++) {
    keep(fs.createReadStream(file('read-' + i))).on('open', function(fd) { book('ReadStream', fd); one(); });
    var out = keep(fs.createWriteStream(file('written-' + i)));
    out.on('open', function(fd) { book('WriteStream', fd); one(); });
    out.write('more');
  }
  keep(fs.createReadStream(file('over'))).resume().on('close', one);
  if (fs.opendirSync) {
    keep(fs.opendirSync(directory)).readSync();
    keep(fs.opendirSync(directory)).closeSync();
    fs.readdirSync('/proc/self/fd').forEach(function(fd) {
      if (linkOf(fd) === directory) book('Dir', Number(fd));
    });
  }
  function linkOf(fd) {
    try {
      return fs.readlinkSync('/proc/self/fd/' + fd);
    } catch (error) {
      return '';  // of the listing itself
    }
  }
  fs.promises.open(file('handle'), 'r').then(function(handle) {
    keep(handle);
    book('FileHandle', handle.fd, true);
    if (handle.createReadStream) keep(handle.createReadStream());
    return fs.promises.open(file('handle-over'), 'r');
  }).then(function(handle) { return keep(handle).close(); }).then(one);
});
// Streams that are full, without a handle.
step(function(done) {
  var full = keep(new stream.Writable({highWaterMark: 10, write: function() {}}));
  full.write('0123456789abcdef');
  var objects = keep(new stream.Readable({objectMode: true, highWaterMark: 4, read: function() {}}));
  for (var i = 0; i < 6; i++) objects.push({});
  expected.full = [['Writable', true, 16, 10, false], ['Readable', false, 6, 4, true]];
  done();
});
step.begin();
