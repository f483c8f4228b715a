'use strict';
// Streams and http: pipelines with chunks that wait in their buffers, requests and responses that were made and not sent,
// and live connections between a server and its clients in one process: the server holds every answer back.
var http = require('http');
var stream = require('stream');
var graph = require('./graph_common.js');

var kPipelines = 2000;
var kChunks = 3;
var kPrepared = 2000;
var kConnections = 60;
var kDropped = 300;

class Record {
  constructor(i) {
    this.id = i;
    this.line = graph.text(i + 1, 100);
  }
}
class RecordSource extends stream.Readable {
  constructor(i) {
    super({objectMode: true, highWaterMark: 16, read: function() {}});
    this.name = 'source' + i;
    for (var k = 0; k < kChunks; k++) this.push(new Record(i * kChunks + k));
  }
}
class BlockedSink extends stream.Writable {
  constructor(i) {
    // The first write is never answered; the rest wait.
    super({highWaterMark: 1 << 20, write: function(chunk, encoding, callback) { this.pendingCallback = callback; }});
    this.name = 'sink' + i;
    for (var k = 0; k < kChunks; k++) this.write(Buffer.alloc(300 + k, i));
  }
}
class PendingRequest {
  constructor(i, request, response) {
    this.id = i;
    this.request = request;
    this.response = response;
    this.started = i * 0.5;
  }
}
class ClientCall {
  constructor(i) {
    this.id = i;
    this.request = null;
    this.context = {user: graph.text(i, 30), attempt: 1};
  }
}
class DroppedStream extends stream.PassThrough {}

graph.main('graph_streams', function(facts, done) {
  var i;
  var pipelines = graph.keep([]);
  for (i = 0; i < kPipelines; i++) {
    var source = new RecordSource(i);
    var through = new stream.Transform({
      objectMode: true,
      transform: function(chunk, encoding, callback) { callback(null, chunk); }
    });
    pipelines.push({source: source, through: through, sink: new BlockedSink(i)});
  }

  var prepared = graph.keep([]);
  for (i = 0; i < kPrepared; i++) {
    var message = new http.IncomingMessage(null);
    message.url = '/prepared/' + i;
    message.headers = {host: 'localhost', 'x-id': String(i)};
    message.method = 'GET';
    message.httpVersionMajor = message.httpVersionMinor = 1;
    var response = new http.ServerResponse(message);
    response.setHeader('x-answer', graph.text(i + 3, 20));
    prepared.push(new PendingRequest(i, message, response));
  }
  for (i = 0; i < kDropped; i++) new DroppedStream().write('x');

  facts.live('RecordSource', kPipelines);
  facts.live('Record', kPipelines * kChunks);
  facts.live('BlockedSink', kPipelines);
  facts.live('PendingRequest', kPrepared + kConnections);
  facts.live('ClientCall', kConnections);
  facts.gone('DroppedStream', kDropped);

  var agent = graph.keep(new http.Agent({keepAlive: true}));
  var calls = graph.keep([]), waiting = graph.keep([]);
  var server = graph.keep(http.createServer(function(request, response) {
    waiting.push(new PendingRequest(waiting.length, request, response));
    if (waiting.length === kConnections) setTimeout(done, 50);
  }));
  server.listen(0, '127.0.0.1', function() {
    var port = server.address().port;
    var call = function(one) {
      one.request = http.get({port: port, host: '127.0.0.1', agent: agent, path: '/call/' + one.id}, function(answer) {
        one.answer = answer;
      });
    };
    for (var k = 0; k < kConnections; k++) {
      calls.push(new ClientCall(k));
      call(calls[k]);
    }
  });
});
