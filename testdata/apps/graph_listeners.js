'use strict';
// Listeners: emitters with many and with few listeners, once-wrappers, subscribers held by nothing but their listener,
// listeners that were removed.
var EventEmitter = require('events');
var graph = require('./graph_common.js');

var kTopics = 800;
var kPerTopic = 25;
var kOnce = 6000;
var kForgotten = 4000;
var kHubs = 3;
var kPerHub = 6000;

class Topic extends EventEmitter {
  constructor(i) {
    super();
    this.id = i;
    this.title = graph.text(i + 3, 24);
    this.setMaxListeners(0);
  }
}
class Subscriber {
  constructor(i, topic) {
    this.id = i;
    this.topic = topic;
    this.inbox = [graph.text(i + 11, 50)];
    this.onMessage = this.onMessage.bind(this);
  }
  onMessage(message) { this.inbox.push(message); }
}
class OneShot {
  constructor(i) {
    this.id = i;
    this.payload = {index: i, text: graph.text(i + 17, 32)};
  }
}
class HubClient {
  constructor(i) {
    this.id = i;
    this.cache = new Map([[i, graph.text(i, 20)]]);
  }
}
class Unsubscribed {
  constructor(i) { this.id = i; }
}

graph.main('graph_listeners', function(facts, done) {
  var i, k;
  var topics = graph.keep([]);
  for (i = 0; i < kTopics; i++) {
    var topic = new Topic(i);
    for (k = 0; k < kPerTopic; k++) {
      var subscriber = new Subscriber(i * kPerTopic + k, topic);
      topic.on(k % 5 ? 'message' : 'event' + k, subscriber.onMessage);
    }
    topics.push(topic);
  }

  var waiting = graph.keep(new EventEmitter());
  waiting.setMaxListeners(0);
  var listen = function(shot) { waiting.once('shot' + shot.id % 100, function() { return shot.payload; }); };
  for (i = 0; i < kOnce; i++) listen(new OneShot(i));

  // Leaks as they happen: the emitter lives long, the clients were meant not to.
  var hubs = graph.keep([]);
  var attach = function(hub, client) {
    hub.on('tick', function tick() { return client.cache; });
    hub.on(Symbol.for('close'), function close() { client.cache.clear(); });
  };
  for (i = 0; i < kHubs; i++) {
    var hub = new EventEmitter();
    hub.setMaxListeners(0);
    for (k = 0; k < kPerHub; k++) attach(hub, new HubClient(i * kPerHub + k));
    hubs.push(hub);
  }

  for (i = 0; i < kForgotten; i++) {
    var gone = new Unsubscribed(i);
    var listener = (function(one) { return function() { return one; }; })(gone);
    topics[i % kTopics].on('late', listener);
    topics[i % kTopics].removeListener('late', listener);
  }

  facts.live('Topic', kTopics);
  facts.live('Subscriber', kTopics * kPerTopic);
  facts.live('OneShot', kOnce);
  facts.live('HubClient', kHubs * kPerHub);
  facts.gone('Unsubscribed', kForgotten);
  done();
});
