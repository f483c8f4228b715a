'use strict';
// A parser that goes from file to file: the tokens and the tree of the file at hand are most of the heap, and those of the
// next take their place.
const scenario = require('./lib/scenario.js');

class Node {
  constructor(kind, text) {
    this.kind = kind;
    this.text = text;
    this.children = [];
  }
}

let tokens = [];
let program = null;

function lex(text) {
  return text.split(/\s+/).map((word, at) => ({word, at}));
}

function parse(text) {
  const root = new Node('program', '');
  for (const line of text.split('\n')) {
    const statement = new Node('statement', line);
    root.children.push(statement);
    for (const word of line.split(' ')) statement.children.push(new Node('word', word));
  }
  return root;
}

function compile(i) {
  const text = Array.from({length: 4000}, (_, line) => 'let name' + line + ' = f' + i + ' + ' + scenario.text(line, 9)).join('\n');
  tokens = lex(text);
  program = parse(text);
  return tokens.length + program.children.length;
}

scenario.run(__filename, {count: 12, step: compile});
