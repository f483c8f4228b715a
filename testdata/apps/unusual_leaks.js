'use strict';
// Small programs, each of which fills its heap in a way that is easy to tell wrongly, and aborts.
//   node unusual_leaks.js MODE
// Facts: {expect: what `leaks --json` must say of the first suspect; null when there must be none}. A name of `expect` is a
// variable marked "// leak: NAME", see lib/scenario.js.
const EventEmitter = require('events');
const common = require('./common.js');
const scenario = require('./lib/scenario.js');

function expected(name, more) {
  const marked = scenario.marked(__filename).find((one) => one.name === name);
  return Object.assign({name, line: marked.line}, more);
}

// Never emitted; each once() adds a listener of the event and one of 'error', and with a signal one of 'abort'.
const bus = new EventEmitter();  // leak: bus
const shutdown = new AbortController();
bus.setMaxListeners(0);
function request(id, options) {
  const state = {id, rows: new Array(20).fill(id)};
  EventEmitter.once(bus, 'config', options).then(() => state.rows);
}
function once(options) {
  for (let i = 0; i < 8000; i++) request(i, options);
  return expected('bus', {kind: 'listeners', what: "listeners of each of 'config', 'error'", count: 8000, least_share: 0.5});
}

// A number of indexes far from one another: the array's length says nothing.
const byId = [];  // leak: byId
function sparse() {
  for (let i = 0; i < 30000; i++) byId[i * 100003] = {i, list: [i, i, i]};
  return expected('byId', {kind: 'collection', count: 30000});
}

// Loops that nobody leaves, each over an interval of its own.
const timers = require('timers/promises');
async function watch(id) {  // leak: watch
  const state = {id, rows: new Array(30).fill(id)};
  for await (const _ of timers.setInterval(60000 + id % 2, undefined, {ref: false})) state.rows.push(_);
}
function intervals() {
  for (let i = 0; i < 4000; i++) watch(i);
  return expected('watch', {kind: 'timers', what: 'setInterval', count: 4000});
}

// Few arrays of one object, each too small to be the leak.
class Registry {
  static get items() { return Registry.items_ ??= Object.create(null); }  // leak: items_

  static track(topic, one) { (Registry.items[topic] ??= []).push(one); }
}
function few_arrays() {
  for (let i = 0; i < 70000; i++) Registry.track('topic' + i % 7, {i, list: [i, i]});
  return expected('items_', {kind: 'collection', count: 70000});
}

const modes = {once: () => once(), once_signal: () => once({signal: shutdown.signal}), sparse, intervals, few_arrays, weak, lazy};

// A round of immediates, of which some have been called: the others are next.
function burst() {
  let done = 0;
  function job(work) {
    if (++done === 8000) {
      common.print({expect: null});
      process.abort();
    }
    return work.id;
  }
  for (let i = 0; i < 20000; i++) setImmediate(job, {id: i, parts: [i, i, i]});
}

// A compiler between two stages: nothing but the callback that goes on with it holds what it has made so far.
class Name {
  constructor(text) { this.text = text; this.uses = []; }
}
class Compiler {
  constructor() { this.functions = []; this.names = new Map(); this.waiting = []; }
  name(text) {
    if (!this.names.has(text)) this.names.set(text, new Name(text));
    return this.names.get(text);
  }
  lower(number) {
    const made = {number, blocks: []};
    for (let b = 0; b < 8; b++) {
      const block = {id: b, instructions: []};
      for (let k = 0; k < 6; k++) {
        const name = this.name('name' + (number * 7 + k) % 3000);
        const instruction = {operation: 'add', name, block};
        name.uses.push(instruction);
        block.instructions.push(instruction);
      }
      made.blocks.push(block);
    }
    this.functions.push(made);
    this.waiting.push(made);
  }
  run(count, number = 0) {
    for (let k = 0; k < 50 && number < count; k++) this.lower(number++);
    setImmediate(() => number < count ? this.run(count, number) : this.optimize());
  }
  optimize() {
    for (let k = 0; k < 20; k++) this.waiting.pop();
    if (this.waiting.length > 500) return setImmediate(() => this.optimize());
    common.print({expect: null});
    process.abort();
  }
}

// Its last pass: a closure that goes on with itself and holds nothing but the compiler.
class LastPass extends Compiler {
  optimize() {
    let done = 0;
    const step = () => {
      for (let k = 0; k < 20; k++) done += this.waiting.pop().blocks.length;
      if (this.waiting.length > 500) return setImmediate(step);
      common.print({expect: null, done});
      process.abort();
    };
    step();
  }
}

// A cache that holds nothing: what it refers to goes, and then so does the entry.
const documents = new Map();
const gone = new FinalizationRegistry((key) => documents.delete(key));
function weak() {
  for (let i = 0; i < 30000; i++) {
    const document = {i, lines: new Array(10).fill(i)};
    documents.set('document' + i, new WeakRef(document));
    gone.register(document, 'document' + i);
  }
}

// A catalogue that the first request loads.
class Catalog {
  #byKey = new Map();
  async load() {
    const products = await new Promise((resolve) => setImmediate(resolve, JSON.parse(text)));
    for (const product of products) this.#byKey.set(product.key, product);
    return this;
  }
  find(key) { return this.#byKey.get(key); }
}
let catalog, text;
async function answer(key) { return (catalog ??= await new Catalog().load()).find(key); }
async function lazy() {
  text = JSON.stringify(Array.from({length: 20000}, (_, i) => ({key: 'product' + i, name: 'Product ' + i, price: i})));
  for (let i = 0; i < 50; i++) await answer('product' + i);
  text = '';
}

const mode = process.argv[2];
if (mode === 'burst') {
  burst();
} else if (mode === 'stages') {
  new Compiler().run(1500);
} else if (mode === 'last_pass') {
  new LastPass().run(1500);
} else {
  Promise.resolve(modes[mode]()).then((expect = null) => {
    setImmediate(() => {
      common.print({expect});
      process.abort();
    });
  });
}
