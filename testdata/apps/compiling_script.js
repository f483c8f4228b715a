'use strict';
// A compiler as a script: its tokens, symbols and code are variables of the module, filled by functions that the module calls
// one after the other. Dies while it makes code, after `node compiling_script.js COPIES` of its own source; of many copies,
// under a small limit of the heap, wherever it has come to.
const fs = require('fs');
const common = require('./common.js');

const tokens = [], symbols = new Map(), code = [];
let position = 0, tree = null;

function scan(text) {
  const pattern = /[A-Za-z_$][\w$]*|\d+|'[^'\n]*'|[^\s]/g;
  let match;
  while ((match = pattern.exec(text))) tokens.push({text: match[0], at: match.index, word: /^[\w$]/.test(match[0])});
}

function symbol(name) {
  let found = symbols.get(name);
  if (!found) symbols.set(name, found = {name, uses: []});
  return found;
}

function leaf() {
  const token = tokens[position++];
  const node = {kind: token.word ? 'word' : 'mark', token, symbol: token.word ? symbol(token.text) : null};
  if (node.symbol) node.symbol.uses.push(node);
  return node;
}

function statement() {
  const parts = [];
  while (position < tokens.length && tokens[position].text !== ';') parts.push(leaf());
  position++;
  return {kind: 'statement', parts};
}

function parse() {
  const body = [];
  while (position < tokens.length) body.push(statement());
  return {kind: 'program', body};
}

function make(node) {
  if (node.parts) for (const part of node.parts) make(part);
  code.push({operation: node.kind, from: node, name: node.symbol ? node.symbol.name : ''});
}

function generate() {
  for (const node of tree.body) {
    make(node);
    if (code.length < tokens.length * 0.8) continue;
    common.print({tokens: tokens.length, code: code.length});
    process.abort();
  }
}

const copies = Number(process.argv[2]);
if (copies > 1000) common.print({copies});  // there will be no time for it later
scan(fs.readFileSync(__filename, 'utf8').repeat(copies));
tree = parse();
generate();
