'use strict';
// What MemLab says of a heap snapshot, as one JSON document: MemLab parses the file and computes dominators and retained
// sizes; this program only adds up.
//   node --max-old-space-size=8192 memlab_sizes.js SNAPSHOT [OBJECTS [EDGE [CLASS]]]  COREWALK_MEMLAB: the folder of fetch-memlab
//
//   "classes": [{name, types: {type: count}, count, shallow, retained, empty}]   all of them; empty: how many have size 0
//   "objects": [{id, name, type, class, shallow, retained, path}]         the OBJECTS (100) with the largest retained size
//   "held": the same, with EDGE: the largest objects to which a reference of that name leads ("": any), of that class
//   "sum": {nodes, edges, shallow, retained of the root, shallow and number of the external strings}
//
// "retained_alone", of classes and objects: what MemLab says when the nodes of the embedder (Node's C++ objects) and their
// references are left out: they are in no heap, but described to V8 while it writes.
//
// A class is the name of its objects for those of type object and native, and else named after the type as corewalk names
// it: (string), (code), Function ... Retained size of a class is DevTools': the sum over those of its objects that no
// other of the class dominates. Bytes everywhere. `path` names the dominators above an object, nearest first, with the
// edge that leads down when it is one.
const path = require('path');

const home = process.env.COREWALK_MEMLAB || path.join(process.env.HOME, '.cache/corewalk/memlab/2.0.5');
const from = path.join(home, 'node_modules', '@memlab', 'core', 'dist');
const log = console.log;
console.log = console.info = console.warn = function() {};
const HeapParser = require(path.join(from, 'lib', 'HeapParser')).default;
const TraceFinder = require(path.join(from, 'paths', 'TraceFinder')).default;
const memlabConsole = require(path.join(from, 'lib', 'Console')).default;
for (const quiet of ['overwrite', 'topLevel', 'midLevel', 'lowLevel', 'criticalError', 'flush', 'error']) {
  if (memlabConsole[quiet]) memlabConsole[quiet] = function() {};
}

const kClassOfType = {
  closure: 'Function', regexp: 'RegExp', string: '(string)', 'concatenated string': '(concatenated string)',
  'sliced string': '(sliced string)', array: '(array)', code: '(code)', hidden: '(hidden)', 'object shape': '(object shape)',
  number: '(number)', symbol: '(symbol)', bigint: '(bigint)', synthetic: '(synthetic)'
};

function className(name, type) {
  return type === 'object' || type === 'native' ? name : kClassOfType[type] || '(' + type + ')';
}

// MemLab's answers as flat arrays: its node objects are made anew on every access.
function flatten(heap) {
  const count = heap.nodes.length;
  const flat = {count, dominator: new Uint32Array(count), retained: new Float64Array(count), shallow: new Float64Array(count),
                classes: new Array(count), types: new Array(count)};
  for (let i = 0; i < count; i++) {
    const node = heap.nodes.get(i);
    flat.types[i] = node.type;
    flat.classes[i] = className(node.name, node.type);
    flat.shallow[i] = node.self_size;
    flat.retained[i] = node.retainedSize;
    const dominator = node.dominatorNode;
    flat.dominator[i] = dominator ? dominator.nodeIndex : 0;
  }
  return flat;
}

// Makes each reference from or to a node of the embedder a weak one, in the arrays that MemLab has read.
function leaveEmbedderOut(raw) {
  const meta = raw.snapshot.meta, width = meta.node_fields.length, nodes = raw.nodes, edges = raw.edges;
  const type = meta.node_fields.indexOf('type'), name = meta.node_fields.indexOf('name');
  const edgeCount = meta.node_fields.indexOf('edge_count');
  const native = meta.node_types[type].indexOf('native'), synthetic = meta.node_types[type].indexOf('synthetic');
  const weak = meta.edge_types[0].indexOf('weak');
  const isEmbedder = at => (nodes[at + type] === native && raw.strings[nodes[at + name]] !== 'system / JSArrayBufferData') ||
    (nodes[at + type] === synthetic && /^C\+\+/.test(raw.strings[nodes[at + name]]));
  for (let at = 0, edge = 0; at < nodes.length; at += width) {
    const from = isEmbedder(at);
    for (const end = edge + 3 * nodes[at + edgeCount]; edge < end; edge += 3) {
      if (from || isEmbedder(edges[edge + 2])) edges[edge] = weak;
    }
  }
}

// A value of a WeakMap is written with a reference from its key and one from the table; DevTools counts only the key's, and
// so does corewalk. Makes the table's a weak one.
function leaveTablesOut(raw) {
  const meta = raw.snapshot.meta, width = meta.node_fields.length, nodes = raw.nodes, edges = raw.edges;
  const id = meta.node_fields.indexOf('id'), edgeCount = meta.node_fields.indexOf('edge_count');
  const internal = meta.edge_types[0].indexOf('internal'), weak = meta.edge_types[0].indexOf('weak');
  const tables = new Map();  // edge name -> id of the table
  for (let at = 0, edge = 0; at < nodes.length; at += width) {
    for (const end = edge + 3 * nodes[at + edgeCount]; edge < end; edge += 3) {
      if (edges[edge] !== internal) continue;
      const name = edges[edge + 1];
      if (!tables.has(name)) {
        const match = /^\d+ \/ part of key .* pair in WeakMap \(table @(\d+)\)$/.exec(raw.strings[name]);
        tables.set(name, match ? Number(match[1]) : 0);
      }
      if (tables.get(name) === nodes[at + id]) edges[edge] = weak;
    }
  }
}

// The children of each node in the dominator tree: begin[i] .. begin[i + 1] of `children`.
function dominated(flat) {
  const begin = new Uint32Array(flat.count + 1);
  for (let i = 1; i < flat.count; i++) begin[flat.dominator[i] + 1]++;
  for (let i = 0; i < flat.count; i++) begin[i + 1] += begin[i];
  const children = new Uint32Array(flat.count), at = begin.slice();
  for (let i = 1; i < flat.count; i++) children[at[flat.dominator[i]]++] = i;
  return {begin, children};
}

function tallyClasses(flat) {
  const classes = new Map();
  for (let i = 1; i < flat.count; i++) {
    if (flat.types[i] === 'synthetic') continue;
    let entry = classes.get(flat.classes[i]);
    if (!entry) {
      entry = {name: flat.classes[i], types: {}, count: 0, shallow: 0, retained: 0, empty: 0};
      classes.set(flat.classes[i], entry);
    }
    entry.count++;
    entry.shallow += flat.shallow[i];
    if (flat.shallow[i] === 0) entry.empty++;
    entry.types[flat.types[i]] = (entry.types[flat.types[i]] || 0) + 1;
  }
  // Down the dominator tree: above[class] is how many of the class are on the way from the root.
  const {begin, children} = dominated(flat);
  const above = new Map();
  const stack = [0], next = [begin[0]];
  while (stack.length) {
    const top = stack[stack.length - 1], name = flat.classes[top];
    if (next[next.length - 1] === begin[top]) {
      const over = above.get(name) || 0;
      const entry = classes.get(name);
      if (!over && entry && top !== 0) entry.retained += flat.retained[top];
      above.set(name, over + 1);
    }
    if (next[next.length - 1] < begin[top + 1]) {
      const child = children[next[next.length - 1]++];
      if (begin[child] === begin[child + 1]) {  // a leaf
        const entry = classes.get(flat.classes[child]);
        if (entry && !above.get(flat.classes[child])) entry.retained += flat.retained[child];
      } else {
        stack.push(child);
        next.push(begin[child]);
      }
      continue;
    }
    above.set(name, above.get(name) - 1);
    stack.pop();
    next.pop();
  }
  return Array.from(classes.values()).sort((a, b) => b.retained - a.retained);
}

function edgeBetween(from, to) {
  for (const edge of from.references) {
    if (edge.toNode.id === to.id && edge.type !== 'weak') return edge.type + ':' + edge.name_or_index;
  }
  return '';
}

function pathOf(heap, index) {
  const steps = [];
  let node = heap.nodes.get(index);
  for (let i = 0; i < 6 && node.nodeIndex !== 0 && node.dominatorNode; i++) {
    const above = node.dominatorNode;
    steps.push(above.type + ' ' + String(above.name).slice(0, 60) + ' @' + above.id + ' ' + edgeBetween(above, node));
    node = above;
  }
  return steps;
}

// The nodes to which a strong reference named `edge` leads ("": all nodes), of class `wanted` ("": any).
function heldBy(heap, flat, edge, wanted) {
  const held = new Uint8Array(flat.count).fill(edge ? 0 : 1);
  if (edge) {
    heap.edges.forEach(one => {
      if (String(one.name_or_index) === edge && one.type !== 'weak') held[one.toNode.nodeIndex] = 1;
    });
  }
  return i => held[i] && (!wanted || flat.classes[i] === wanted);
}

function largest(heap, flat, many, fits) {
  const order = [];
  for (let i = 1; i < flat.count; i++) if (flat.types[i] !== 'synthetic' && (!fits || fits(i))) order.push(i);
  order.sort((a, b) => flat.retained[b] - flat.retained[a] || flat.shallow[b] - flat.shallow[a]);
  return order.slice(0, many).map(i => {
    const node = heap.nodes.get(i);
    return {index: i, id: node.id, name: String(node.name).slice(0, 200), type: node.type,
            class: flat.classes[i], shallow: flat.shallow[i],
            retained: flat.retained[i], path: pathOf(heap, i)};
  });
}

// V8's subroot "(External strings)" refers to each of them.
function externalStrings(heap, flat) {
  const sum = {count: 0, shallow: 0};
  for (let i = 0; i < Math.min(flat.count, 100); i++) {
    const node = heap.nodes.get(i);
    if (node.type !== 'synthetic' || node.name !== '(External strings)') continue;
    const seen = new Set();
    for (const edge of node.references) seen.add(edge.toNode.nodeIndex);
    sum.count = seen.size;
    for (const index of seen) sum.shallow += flat.shallow[index];
  }
  return sum;
}

async function main() {
  const heap = await HeapParser.parse(process.argv[2], {});
  leaveTablesOut(heap.snapshot);
  new TraceFinder().calculateAllNodesRetainedSizes(heap);
  const flat = flatten(heap);
  const classes = tallyClasses(flat), objects = largest(heap, flat, Number(process.argv[3] || 100));
  const held = process.argv.length < 5 ? [] :
    largest(heap, flat, 5, heldBy(heap, flat, process.argv[4], process.argv[5] || ''));
  const external = externalStrings(heap, flat);

  leaveEmbedderOut(heap.snapshot);
  new TraceFinder().calculateAllNodesRetainedSizes(heap);
  const alone = flatten(heap);
  const aloneOf = new Map(tallyClasses(alone).map(entry => [entry.name, entry.retained]));
  for (const entry of classes) entry.retained_alone = aloneOf.get(entry.name);
  for (const entry of objects.concat(held)) {
    entry.retained_alone = alone.retained[entry.index];
    delete entry.index;
  }
  let shallow = 0;
  for (let i = 0; i < flat.count; i++) shallow += flat.shallow[i];
  log(JSON.stringify({
    snapshot: path.resolve(process.argv[2]),
    sum: {nodes: flat.count, edges: heap.edges.length, shallow, retained: flat.retained[0],
          external_strings: external},
    classes,
    objects,
    held
  }));
}

main().catch(error => {
  process.stderr.write('memlab_sizes: ' + (error && error.stack || error) + '\n');
  process.exit(1);
});
