'use strict';
// A process with work under way that stands in no list of Node.js's: DNS queries, jobs of crypto, zlib at work, streams of
// HTTP/2, requests that are pipelined, requests of fetch().
//   node [OPTIONS] in_flight.js COUNT
// Facts: "active", "requests" the classes that process._getActiveHandles() and _getActiveRequests() tell, "work" [{kind,
// operation, detail, callback}], "http" [{side, state, method, url, status, tls}] (null: Node.js does not keep it), "fetch"
// [{state, method, url, status, host, remote}], "connections" state -> how many, of the server on 127.0.0.2, "since" when the
// parts of requests came there, "fetchTimes" seconds since the first fetch() and since all were sent, "agent" where its Agent connects to.
var crypto = require('crypto');
var dgram = require('dgram');
var dns = require('dns');
var fs = require('fs');
var http = require('http');
var http2 = require('http2');
var net = require('net');
var zlib = require('zlib');
var common = require('./common.js');
var identity = require('./lib/tls_identity.js');

var kMany = Number(process.argv[2] || 10);
var kStreams = Math.min(kMany, 90);         // a session allows 100 at once
var kConnections = Math.min(kMany, 1000);  // both ends are descriptors of this process
var keep = common.keep;
var expected = {work: [], http: [], fetch: [], stats: 0};
function nodeMajor() { return parseInt(process.versions.node, 10); }

function counts(list) {
  var all = {};
  list.forEach(function(name) { all[name] = (all[name] || 0) + 1; });
  return all;
}
function nameOf(object) { return object.constructor ? object.constructor.name : 'Object'; }
function exchange(side, state, method, url, status, tls) {
  expected.http.push({side: side, state: state, method: method, url: url, status: status, tls: tls === true});
}

var step = common.steps(finish);

// A name server that never answers.
step(function(done) {
  var silent = keep(dgram.createSocket('udp4'));
  silent.bind(0, '127.0.0.1', function() {
    var server = ['127.0.0.1:' + silent.address().port];
    for (var i = 0; i < 3; i++) {
      var resolver = keep(new dns.Resolver());
      resolver.setServers(server);
      for (var j = i; j < kMany; j += 3) {
        resolver.resolve4('pending-' + j + '.example', function onAddress() {});
        expected.work.push({kind: 'QueryReqWrap', operation: 'queryA', detail: 'pending-' + j + '.example', callback: 'onAddress'});
      }
    }
    var promised = keep(new dns.promises.Resolver());
    promised.setServers(server);
    keep(promised.resolveMx('mail.example'));
    expected.work.push({kind: 'QueryReqWrap', operation: 'queryMx', detail: 'mail.example', callback: null});
    done();
  });
});

// Streams of HTTP/2 of both interfaces of a server, and of its client.
step(function(done) {
  var server = keep(http2.createServer(function(request, response) {
    keep(request);
    keep(response);
    if (request.url.indexOf('/compat/responding') === 0) response.write('begin');
    if (++compat === 2 * kStreams) setTimeout(done, 100);
  }));
  var compat = 0;
  server.listen(0, '127.0.0.1', function() {
    ['POST', 'GET'].forEach(function(method) {
      var session = keep(http2.connect('http://127.0.0.1:' + server.address().port));
      for (var i = 0; i < kStreams; i++) {
        var responding = i % 2 === 1, body = method === 'POST';
        var url = '/compat/' + (responding ? 'responding/' : 'handling/') + i;
        var stream = keep(session.request({':method': method, ':path': url}));
        stream.on('data', function() {});
        if (body) stream.write('some of it');
        else stream.end();
        exchange('server', responding ? 'responding' : body ? 'receiving' : 'handling', method, url, responding ? 200 : null);
        exchange('client', body ? 'sending' : 'open', method, url, null);
      }
    });
  });
});
step(function(done) {
  var server = keep(http2.createServer()), begun = 0;
  server.on('stream', function(stream) {
    keep(stream);
    stream.respond({':status': 201});
    stream.write('begin');
    if (++begun === kStreams) setTimeout(done, 100);
  });
  server.listen(0, '127.0.0.1', function() {
    var session = keep(http2.connect('http://127.0.0.1:' + server.address().port));
    for (var i = 0; i < kStreams; i++) {
      var stream = keep(session.request({':method': 'DELETE', ':path': '/core/' + i}));
      stream.end();
      exchange('server', 'responding', null, null, 201);
      exchange('client', 'receiving', 'DELETE', '/core/' + i, null);
    }
    // One that is over.
    var over = keep(http2.createServer(function(request, response) { response.end('over'); }));
    over.listen(0, '127.0.0.1', function() {
      var other = keep(http2.connect('http://127.0.0.1:' + over.address().port));
      var last = keep(other.request({':path': '/over'}));
      last.resume();
      last.end();
    });
  });
});

step(function(done) {
  var begun = 0;
  var server = keep(http2.createSecureServer(identity, function(request, response) {
    keep(response).write('begin');
    if (++begun === 5) setTimeout(done, 100);
  }));
  server.listen(0, '127.0.0.1', function() {
    var session = keep(http2.connect('https://localhost:' + server.address().port, {ca: identity.cert, family: 4}));
    for (var i = 0; i < 5; i++) {
      keep(session.request({':path': '/secure/' + i})).end();
      exchange('server', 'responding', 'GET', '/secure/' + i, 200, true);
      exchange('client', 'receiving', 'GET', '/secure/' + i, null, true);
    }
  });
});

// Requests that came on one connection before the first was answered; the last has its answer. The first goes through
// what a framework does to the URL.
step(function(done) {
  var came = 0;
  var server = keep(http.createServer(function(request, response) {
    keep(response);
    if (/0$/.test(request.url)) {
      request.originalUrl = request.url;
      request.url = request.url.slice('/pipelined'.length);
    } else if (/2$/.test(request.url)) {
      response.end('done');
    }
    if (++came === 3 * kConnections) setTimeout(done, 20);
  }));
  server.listen(0, '127.0.0.1', 2000, function() {
    for (var i = 0; i < kConnections; i++) {
      var text = '';
      for (var j = 0; j < 3; j++) {
        text += 'PUT /pipelined/' + i + '/' + j + ' HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n\r\n';
        exchange('server', j === 0 ? 'handling' : 'pipelined', 'PUT', '/pipelined/' + i + '/' + j, j === 2 ? 200 : null);
      }
      keep(net.connect(server.address().port, '127.0.0.1')).write(text);
    }
  });
});

// Connections of which the server has a part of a request's head (a first one, or after an answer), or nothing, and a
// request that waits in an Agent.
step(function(done) {
  var answered = 0, kHalf = 'GET /half HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\nX-Wai';
  var server = keep(http.createServer(function(request, response) {
    keep(response);
    if (request.url !== '/whole') return;
    response.end('x');
    answered++;
  }));
  server.keepAliveTimeout = 600000;
  server.listen(0, '127.0.0.2', function() {
    var port = server.address().port, agent = keep(new http.Agent({maxSockets: 1}));
    expected.agent = '127.0.0.2:' + port;
    function connection(whole, half) {
      var socket = keep(net.connect(port, '127.0.0.2', function() {
        if (whole) socket.write('POST /whole HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n');
        if (half && !whole) socket.write(kHalf);
      }));
      socket.on('data', function() { if (half) socket.write(kHalf); });
    }
    [[true, true], [true, false], [false, true], [false, false]].forEach(function(c) { connection(c[0], c[1]); });
    for (var i = 0; i < 2; i++) {
      keep(http.get({agent: agent, host: '127.0.0.2', port: port, path: '/agent/' + i})).on('error', function() {});
      exchange('client', i === 0 ? 'waiting' : 'queued', 'GET', '/agent/' + i, null);
    }
    exchange('server', 'handling', 'GET', '/agent/0', null);
    expected.connections = {'receiving head': 2, idle: 2, handling: 1};
    expected.since = Date.now();
    (function wait() {
      if (answered < 2) return setTimeout(wait, 5);
      setTimeout(done, 100);
    })();
  });
});

// fetch() (from 18 on): requests that are waited for, whose answer has begun, whose body is not all out, that wait for
// one of two connections of a pool, and some that are over.
step(function(done) {
  if (typeof fetch !== 'function' || nodeMajor() < 18) return done();
  var came = 0, bodies = 0, over = 0;
  expected.fetchTimes = [Date.now()];
  var server = keep(http.createServer(function(request, response) {
    keep(response);
    came++;
    if (request.url.indexOf('/receiving') === 0) {
      response.writeHead(202);
      response.write('begin');
    } else if (request.url.indexOf('/over') === 0) {
      response.end('over');
    } else if (request.url.indexOf('/ask/') !== 0) {
      request.resume();
    }
    check();
  }));
  function check() {
    if (came !== 3 * kConnections + 2 + 3 || bodies !== kConnections || over !== 3) return;
    expected.fetchTimes.push(Date.now());
    setTimeout(done, 100);
  }
  function quiet(promise) { keep(promise).catch(function() {}); return promise; }
  server.listen(0, '127.0.0.1', 4000, function() {
    var host = '127.0.0.1:' + server.address().port, origin = 'http://' + host, i;
    var named = 'localhost:' + server.address().port;
    function told(state, method, url, status) {
      expected.fetch.push({state: state, method: method, url: url, status: status,
                           host: state === 'receiving' ? named : host, remote: state === 'queued' ? null : host});
    }
    for (i = 0; i < 3; i++) quiet(fetch(origin + '/over/' + i)).then(function() { over++; check(); });
    for (i = 0; i < kConnections; i++) {
      quiet(fetch(origin + '/ask/' + i + '?a=' + i));
      told('waiting', 'GET', '/ask/' + i + '?a=' + i, null);
      quiet(fetch('http://' + named + '/receiving/' + i)).then(function(response) { keep(response); bodies++; check(); });
      told('receiving', 'GET', '/receiving/' + i, 202);
      quiet(fetch(origin + '/sending/' + i, {method: 'POST', duplex: 'half', body: endless()}));
      told('sending', 'POST', '/sending/' + i, null);
    }
    // The Agent behind fetch() makes pools; one whose pools are limited. From 24 on `1` may be a wrapper around it.
    var agent = globalThis[Symbol.for('undici.globalDispatcher.2')] || globalThis[Symbol.for('undici.globalDispatcher.1')];
    var limited = keep(new agent.constructor({connections: 2}));
    for (i = 0; i < 2 + kMany; i++) {
      quiet(fetch(origin + '/pool/' + i, {method: 'DELETE', dispatcher: limited}));
      told(i < 2 ? 'waiting' : 'queued', 'DELETE', '/pool/' + i, null);
    }
  });
  function endless() {
    return new ReadableStream({start: function(controller) { controller.enqueue(Buffer.from('some of it')); }});
  }
});

function finish() {
  for (var i = 0; i < 3; i++) {
    crypto.pbkdf2('password', 'salt', 100000000, 64, 'sha512', function onKey() {});
    expected.work.push({kind: 'PBKDF2Job', operation: null, detail: null, callback: 'onKey'});
  }
  crypto.randomBytes(16, function onBytes() {});
  expected.work.push({kind: 'RandomBytesJob', operation: null, detail: null, callback: 'onBytes'});
  var gzip = keep(zlib.createGzip());
  gzip.write(Buffer.alloc(1 << 20));
  expected.work.push({kind: 'Zlib', operation: 'write', detail: 'Gzip', callback: undefined});
  for (i = 0; i < 3; i++) fs.stat('/missing-' + i, function onStat() {});
  fs.write(2, Buffer.from(''), function onWritten() {});
  fs.realpath.native('/missing', function onReal() {});
  expected.fetchTimes = (expected.fetchTimes || []).map(function(time) { return (Date.now() - time) / 1000; });
  expected.since = (Date.now() - expected.since) / 1000;
  expected.active = counts(process._getActiveHandles().map(nameOf));
  expected.requests = counts(process._getActiveRequests().map(nameOf));
  expected.resources = process.getActiveResourcesInfo ? counts(process.getActiveResourcesInfo()) : null;
  common.finish(expected);
}
step.begin();
