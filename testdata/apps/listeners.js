'use strict';
// Emitters of every make, with listeners that the program counts itself: plain, subclasses, mixins, inherited in the old
// ways, in dictionary mode, process, sockets, EventTargets, AbortSignals; one and many listeners, once, removed ones.
//   node --expose-gc listeners.js COUNT
// Facts: "emitters" [{class, kind, events: [{name, symbol, count, once, max, over, functions: [{line, count}]}]}]: classes
// that have one instance each, "crowds" [{class, emitters, events: ...}] those that have many alike. Functions are told by
// the line on which they are written, of those that are written here.
var EventEmitter = require('events');
var net = require('net');
var stream = require('stream');
var util = require('util');
var common = require('./common.js');

var kMany = Number(process.argv[2] || 10);
var file = __filename;
var emitters = [];  // {emitter, class, targets}
var crowds = [];

function lineOf(error) {
  var match = /listeners\.js:(\d+):\d+\)?$/m.exec(error.stack.split('\n')[1]);
  return match ? Number(match[1]) : 0;
}

// The number that Infinity and 0 have in the facts: no limit.
function limit(max) { return max === 0 || max === Infinity ? null : max; }

function eventsOf(emitter, lines) {
  return emitter.eventNames().map(function(name) {
    var raw = emitter.rawListeners ? emitter.rawListeners(name) : [];
    var listeners = emitter.listeners ? emitter.listeners(name) : [];
    var once = raw.filter(function(f, i) { return f !== listeners[i]; }).length;
    var count = emitter.listenerCount(name), max = emitter.getMaxListeners();
    return {
      name: typeof name === 'symbol' ? name.description : String(name), symbol: typeof name === 'symbol', count: count, once: once,
      max: limit(max), over: max > 0 && max !== Infinity && count > max, functions: lines && lines[String(name)] || null
    };
  });
}

function tell(emitter, name, lines) {
  emitters.push(common.keep({emitter: emitter, name: name, lines: lines, kind: 'event_emitter'}));
  return emitter;
}

// Plain ones, with few and with many listeners, of one function and of several.
class FewListeners extends EventEmitter {}
var few = tell(new FewListeners(), 'FewListeners');
few.on('one', function() {});
few.on('two', function() {}).on('two', function() {});
few.once('three', function() {});
few.on(Symbol('four'), function() {});
few.on(5, function() {}).on(5, function() {});
few.on(4294967296, function() {});
few.on('', function() {});
few.on('toString', function() {}).on('__proto__', function() {});

class ManyListeners extends EventEmitter {
  constructor() {
    super();
    this.own = {field: 1};
    this.setMaxListeners(kMany - 1);
  }
}
var many = new ManyListeners();
var manyLines = {update: [], tick: [], mixed: []};
var line, i;
function onUpdate() {}
line = lineOf(new Error()) - 1;
for (i = 0; i < kMany; i++) many.on('update', onUpdate);
manyLines.update.push({line: line, count: kMany});
function addTick(emitter, i) { emitter.on('tick', function() { return i; }); }
line = lineOf(new Error()) - 1;
for (i = 0; i < kMany; i++) addTick(many, i);
manyLines.tick.push({line: line, count: kMany});
function addMixed(emitter, i) {
  emitter.on('mixed', function() { return i; });
  emitter.once('mixed', function() { return i; });
  emitter.on('mixed', onUpdate.bind(null, i));
}
line = lineOf(new Error()) - 5;
for (i = 0; i < kMany; i++) addMixed(many, i);
manyLines.mixed.push({line: line + 1, count: kMany}, {line: line + 2, count: kMany}, {line: manyLines.update[0].line, count: kMany});
many.prependListener('first', function() {});
many.prependOnceListener('first', function() {});
tell(many, 'ManyListeners', manyLines);

// Many events: the table of events grows and changes its form.
class ManyEvents extends EventEmitter {}
var events = tell(new ManyEvents(), 'ManyEvents');
events.setMaxListeners(0);
for (i = 0; i < kMany; i++) events.on('event' + i, onUpdate);
for (i = 0; i < kMany; i += 3) events.removeListener('event' + i, onUpdate);
for (i = 0; i < kMany; i += 5) events.once('event' + i, function() {});

// Removed ones are gone, and so is the event; what was many is one again.
class Removed extends EventEmitter {}
var removed = tell(new Removed(), 'Removed');
removed.setMaxListeners(Infinity);
for (i = 0; i < kMany; i++) removed.on('gone', onUpdate);
removed.removeAllListeners('gone');
removed.on('back', onUpdate).on('back', onUpdate).removeListener('back', onUpdate);
removed.once('done', function() {});
removed.emit('done');
removed.on('newListener', function() {});
removed.on('removeListener', function() {});
removed.on('stays', function() {});

// Prototypes that were made in the old ways.
function OldWay() { EventEmitter.call(this); }
util.inherits(OldWay, EventEmitter);
tell(new OldWay(), 'OldWay').on('event', onUpdate).on('event', onUpdate).once('other', onUpdate);
function NeverCalled() {}  // does not call the constructor of EventEmitter
NeverCalled.prototype = Object.create(EventEmitter.prototype, {constructor: {value: NeverCalled, writable: true, configurable: true}});
tell(new NeverCalled(), 'NeverCalled').on('event', onUpdate);
function SharedEvents() {}  // the emitter is the prototype: all instances share its listeners
SharedEvents.prototype = new EventEmitter();
SharedEvents.prototype.constructor = SharedEvents;
new SharedEvents().on('shared', onUpdate);
new SharedEvents().on('shared', onUpdate);
common.keep(new SharedEvents());
function MixedIn() { EventEmitter.call(this); this.x = 1; }
Object.keys(EventEmitter.prototype).forEach(function(key) { MixedIn.prototype[key] = EventEmitter.prototype[key]; });
tell(new MixedIn(), 'MixedIn').on('event', onUpdate);
// As express does it: the emitter is a function that has the methods itself.
var application = function application() {};
Object.getOwnPropertyNames(EventEmitter.prototype).forEach(function(key) {
  if (key !== 'constructor') Object.defineProperty(application, key, Object.getOwnPropertyDescriptor(EventEmitter.prototype, key));
});
application.on('mount', onUpdate).on('mount', onUpdate);
var mounted = {name: 'mount', count: 2};

// In dictionary mode: many properties, some of them deleted.
class ManyFields extends EventEmitter {
  constructor() {
    super();
    for (var i = 0; i < 1500; i++) this['field' + i] = i;
    for (i = 0; i < 1500; i += 2) delete this['field' + i];
    this.on('event', onUpdate);
  }
}
tell(new ManyFields(), 'ManyFields').on('event', onUpdate);
class Deleted extends EventEmitter {
  constructor() {
    super();
    this.temporary = 1;
    this.other = 2;
    delete this.temporary;
    this.once('event', onUpdate);
  }
}
tell(new Deleted(), 'Deleted');
class FieldsFirst extends EventEmitter {
  constructor() {
    super({captureRejections: true});
    this.a = 1;
    this.b = {c: 2};
  }
}
tell(new FieldsFirst(), 'FieldsFirst').on('event', onUpdate);
class ClassLimit extends EventEmitter {}
ClassLimit.prototype._maxListeners = 3;
var classLimit = tell(new ClassLimit(), 'ClassLimit');
for (i = 0; i < 5; i++) classLimit.on('event', onUpdate);

// Streams keep keys without listeners.
class NumberStream extends stream.Transform {}
var numbers = tell(new NumberStream(), 'NumberStream');
numbers.on('data', onUpdate);
numbers.on('error', onUpdate);
numbers.removeListener('error', onUpdate);
class Sink extends stream.Writable {
  _write(chunk, encoding, callback) { callback(); }
}
var sink = tell(new Sink(), 'Sink');
for (i = 0; i < 12; i++) sink.on('drain', onUpdate);

// Many emitters with a listener or two.
class Crowd extends EventEmitter {}
function addCrowd(i) {
  var one = new Crowd();
  one.on('message', function() { return i; });
  if (i % 2) one.once('close', onUpdate);
  return one;
}
crowds.push({class: 'Crowd', emitters: common.make(kMany, addCrowd)});
class SilentCrowd extends EventEmitter {}
common.make(kMany, function() { return new SilentCrowd(); });

// Listeners that hold something.
class Payload {
  constructor(i) { this.numbers = new Array(100).fill(i); }
}
class Hub extends EventEmitter {}
var hub = new Hub();
hub.setMaxListeners(0);
function attach(i) {
  var payload = new Payload(i);
  hub.on('payload', function onPayload() { return payload; });
}
var hubLine = lineOf(new Error()) - 2;
for (i = 0; i < kMany; i++) attach(i);
tell(hub, 'Hub', {payload: [{line: hubLine, count: kMany}]});

process.on('SIGUSR2', onUpdate);
process.on('myevent', onUpdate).on('myevent', onUpdate).once('myevent', onUpdate);

// EventTargets: none before 14.
var targets = [];
// V8 up to 9.x calls an object by the Symbol.toStringTag that it finds first, be it that of EventTarget.
function tag(constructor) { Object.defineProperty(constructor.prototype, Symbol.toStringTag, {value: constructor.name}); }
function tellTarget(target, name, kind, names) { targets.push(common.keep({target: target, name: name, kind: kind, names: names})); }
if (typeof EventTarget === 'function') {
  class Target extends EventTarget {}
  tag(Target);
  var target = new Target();
  target.addEventListener('one', onUpdate);
  target.addEventListener('one', onUpdate);  // the same one is not added again
  target.addEventListener('one', onUpdate, {capture: true});
  target.addEventListener('two', {handleEvent: function() {}});
  target.addEventListener('three', function() {}, {once: true, passive: true});
  for (i = 0; i < kMany; i++) target.addEventListener('many', function() {});
  tellTarget(target, 'Target', 'event_target', ['one', 'two', 'three', 'many']);
  class EmptyTarget extends EventTarget {}
  tag(EmptyTarget);
  var empty = new EmptyTarget();
  empty.addEventListener('gone', onUpdate);
  empty.removeEventListener('gone', onUpdate);
  common.keep(empty);
}
if (typeof AbortController === 'function') {
  class Bound extends EventTarget {}
  tag(Bound);
  var controller = new AbortController();
  var bound = common.keep(new Bound());
  for (i = 0; i < kMany; i++) controller.signal.addEventListener('abort', function() {});
  controller.signal.onabort = onUpdate;
  // A listener that goes with a signal (15.4 and later).
  bound.addEventListener('plain', onUpdate);
  if (Number(process.versions.node.split('.')[0]) >= 16) bound.addEventListener('ends', onUpdate, {signal: controller.signal});
  tellTarget(bound, 'Bound', 'event_target', ['plain', 'ends']);
  tellTarget(controller.signal, 'AbortSignal', 'abort_signal', ['abort']);
  common.keep(controller);
}

// Sockets, told when they are connected.
var server = net.createServer(function(socket) {
  class ServerSide {}
  common.keep(new ServerSide());
  socket.on('data', onUpdate);
  socket.on('data', onUpdate);
  common.keep(socket);
  finish(socket);
});
server.on('listening', function() { common.keep(net.connect(server.address().port).on('connect', function connected() {})); });
server.listen(0);

function finish(socket) {
  setImmediate(function() {
    var getEventListeners = EventEmitter.getEventListeners;
    var facts = {
      file: file,
      many: kMany,
      default_max: EventEmitter.defaultMaxListeners,
      emitters: emitters.map(function(one) {
        return {class: one.name, kind: one.kind, events: eventsOf(one.emitter, one.lines)};
      }),
      crowds: crowds.map(function(crowd) {
        var events = {};
        crowd.emitters.forEach(function(one) {
          one.eventNames().forEach(function(name) {
            var event = events[name] = events[name] || {name: name, emitters: 0, count: 0};
            event.emitters++;
            event.count += one.listenerCount(name);
          });
        });
        return {class: crowd.class, events: Object.keys(events).map(function(name) { return events[name]; })};
      }),
      silent: ['SilentCrowd', 'EmptyTarget'],
      shared: {name: 'shared', count: SharedEvents.prototype.listenerCount('shared')},
      application: mounted,
      process: eventsOf(process),
      socket: eventsOf(socket),
      socket_class: 'Socket',
      targets: targets.map(function(one) {
        return {
          class: one.name, kind: one.kind,
          events: one.names.map(function(name) {
            return {name: name, count: getEventListeners ? getEventListeners(one.target, name).length : null};
          }).filter(function(event) { return event.count !== 0; })
        };
      }),
      payload: {class: 'Payload', count: kMany, variable: 'payload'}
    };
    common.keep(application);
    common.finish(facts);
  });
}
