'use strict';
// A compiler in the middle of its work: it parses the sources of these programs into trees, folds and renames in them, and
// dies while it is at it. Everything it holds it still needs.
const fs = require('fs');
const path = require('path');
const scenario = require('./lib/scenario.js');

class Token {
  constructor(kind, text, at) {
    this.kind = kind;
    this.text = text;
    this.at = at;
  }
}

class Node {
  constructor(token) {
    this.at = token.at;
  }
}
class Name extends Node {
  constructor(token) {
    super(token);
    this.name = token.text;
    this.binding = null;
  }
}
class Literal extends Node {
  constructor(token) {
    super(token);
    this.value = token.kind === 'number' ? Number(token.text) : token.text;
  }
}
class Operator extends Node {
  constructor(token) {
    super(token);
    this.operator = token.text;
  }
}
class Group extends Node {
  constructor(token, parts) {
    super(token);
    this.open = token.text;
    this.parts = parts;
  }
}
class Statement extends Node {
  constructor(token, parts) {
    super(token);
    this.parts = parts;
  }
}
class Module {
  constructor(file, source) {
    this.file = file;
    this.source = source;
    this.tokens = [];
    this.body = [];
    this.names = new Map();
  }
}

class Lexer {
  constructor(source) {
    this.source = source;
    this.pattern = /\s+|\/\/[^\n]*|([A-Za-z_$][\w$]*)|(\d[\w.]*)|('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)|([()[\]{}])|([^\s\w])/gy;
  }

  next() {
    for (;;) {
      const at = this.pattern.lastIndex, match = this.pattern.exec(this.source);
      if (!match) return null;
      const kind = ['name', 'number', 'string', 'bracket', 'operator'][match.slice(1).findIndex((one) => one !== undefined)];
      if (kind) return new Token(kind, match[0], at);
    }
  }
}

class Parser {
  constructor(module) {
    this.module = module;
    this.position = 0;
  }

  parse() {
    const lexer = new Lexer(this.module.source);
    for (let token = lexer.next(); token; token = lexer.next()) this.module.tokens.push(token);
    while (this.position < this.module.tokens.length) this.module.body.push(this.statement());
    return this.module;
  }

  peek() {
    return this.module.tokens[this.position];
  }

  statement() {
    const first = this.peek(), parts = [];
    for (let token = first; token && token.text !== ';' && !')]}'.includes(token.text); token = this.peek()) {
      parts.push(this.expression());
      if (token.text === '{') break;
    }
    const end = this.peek();
    if (end && (end.text === ';' || !parts.length)) this.position++;
    return new Statement(first, parts);
  }

  expression() {
    const token = this.module.tokens[this.position++];
    switch (token.kind) {
      case 'name': return this.name(token);
      case 'number':
      case 'string': return new Literal(token);
      case 'bracket': return this.group(token);
      default: return new Operator(token);
    }
  }

  name(token) {
    const node = new Name(token);
    const uses = this.module.names.get(token.text);
    if (uses) uses.push(node);
    else this.module.names.set(token.text, [node]);
    return node;
  }

  group(token) {
    const close = {'(': ')', '[': ']', '{': '}'}[token.text], parts = [];
    for (let at = this.peek(); at && at.text !== close; at = this.peek()) parts.push(this.statement());
    this.position++;
    return new Group(token, parts);
  }
}

class Optimizer {
  constructor(modules, budget) {
    this.modules = modules;
    this.budget = budget;  // nodes until somebody pulls the plug
    this.copies = 0;
  }

  run() {
    return this.modules.map((module) => Object.assign(new Module(module.file, module.source), {
      body: module.body.map((statement) => this.visit(statement)), names: module.names
    }));
  }

  visit(node) {
    if (--this.budget === 0) scenario.die();
    this.copies++;
    if (node.parts) return Object.assign(Object.create(Object.getPrototypeOf(node)), node, {parts: this.list(node.parts)});
    if (node instanceof Name) node.binding = node.binding || {renamed: '_' + this.copies};
    return Object.assign(Object.create(Object.getPrototypeOf(node)), node);
  }

  list(parts) {
    const result = [];
    for (const part of parts) result.push(this.visit(part));
    return result;
  }
}

function sources(directory) {
  const found = [];
  for (const name of fs.readdirSync(directory).sort()) {
    const file = path.join(directory, name);
    if (fs.statSync(file).isDirectory()) found.push(...sources(file));
    else if (/\.m?js$/.test(name)) found.push(file);
  }
  return found;
}

function compile(budget) {
  const files = sources(__dirname);
  const modules = files.map((file) => new Parser(new Module(file, fs.readFileSync(file, 'utf8'))).parse());
  const optimizer = new Optimizer(modules, budget);
  for (;;) optimizer.modules = optimizer.run();
}

scenario.run(__filename, {count: 1, step: () => compile(400000)});
