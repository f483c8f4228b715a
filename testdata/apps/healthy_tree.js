'use strict';
// A search tree as an index: nearly all of the heap, in one variable, and all of it in use.
const scenario = require('./lib/scenario.js');

class Node {
  constructor(key, value) {
    this.key = key;
    this.value = value;
    this.left = null;
    this.right = null;
  }
}

let root = null;

function insert(key, value) {
  const node = new Node(key, value);
  if (root === null) {
    root = node;
    return;
  }
  for (let at = root;;) {
    const side = key < at.key ? 'left' : 'right';
    if (at[side] === null) {
      at[side] = node;
      return;
    }
    at = at[side];
  }
}

function find(key) {
  let at = root;
  while (at !== null && at.key !== key) at = key < at.key ? at.left : at.right;
  return at;
}

const next = scenario.random(11);
module.exports = {find};
scenario.run(__filename, {count: 100000, step: (i) => insert(next(1 << 30), scenario.text(i, 20))});
