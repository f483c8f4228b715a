'use strict';
// A parser that holds the syntax trees of its own sources: the programs beside it and, where they can be had, sources of
// Node.js itself. Nodes know their parents; names and texts are slices of the source.
var fs = require('fs');
var path = require('path');
var graph = require('./graph_common.js');

var kMostCharacters = 700000;
var kKeywords = new Set(('async await break case catch class const continue debugger default delete do else export extends ' +
  'finally for function if import in instanceof let new of return static super switch this throw try typeof var void ' +
  'while with yield').split(' '));
var kClosers = {'(': ')', '[': ']', '{': '}'};
var kPunctuation = /=>|\.\.\.|[=!]==?|[<>]=|&&|\|\||\?\?|\*\*|\+\+|--|[-+*/%&|^<>]=?|[^]/y;

class SyntaxNode {
  constructor(start) {
    this.start = start;
    this.end = start;
    this.parent = null;
  }
}
class Leaf extends SyntaxNode {
  constructor(start, text) {
    super(start);
    this.text = text;
    this.end = start + text.length;
  }
}
class NameLeaf extends Leaf {}
class KeywordLeaf extends Leaf {}
class NumberLeaf extends Leaf {
  constructor(start, text) {
    super(start, text);
    this.value = Number(text);
  }
}
class StringLeaf extends Leaf {}
class PatternLeaf extends Leaf {}
class SignLeaf extends Leaf {}
class Branch extends SyntaxNode {
  constructor(start) {
    super(start);
    this.children = [];
  }
  add(node) {
    node.parent = this;
    this.children.push(node);
    this.end = node.end;
    return node;
  }
}
class SourceTree extends Branch {
  constructor(name, source) {
    super(0);
    this.name = name;
    this.source = source;
    this.names = new Map();
    this.comments = [];
  }
}
class Group extends Branch {
  constructor(start, bracket) {
    super(start);
    this.bracket = bracket;
  }
}
class Statement extends Branch {}
class Member extends Branch {}
class Call extends Branch {}
class FunctionTree extends Branch {
  constructor(start) {
    super(start);
    this.scope = Object.create(null);
  }
}
class TemplateTree extends Branch {}
class SyntaxTrouble extends Error {}
class Comment {
  constructor(text) {
    this.text = text;
  }
}

// Token by token; what is a pattern and what a division is told by the token before.
class Scanner {
  constructor(tree) {
    this.tree = tree;
    this.source = tree.source;
    this.at = 0;
    this.before = null;
  }
  match(expression) {
    expression.lastIndex = this.at;
    var found = expression.exec(this.source);
    return found ? this.source.slice(this.at, this.at + found[0].length) : '';
  }
  skip() {
    for (;;) {
      this.at += this.match(/\s+/y).length;
      var comment = this.match(/\/\/.*|\/\*[^]*?\*\/|#!.*/y);
      if (!comment) return;
      this.tree.comments.push(new Comment(comment));
      this.at += comment.length;
    }
  }
  next() {
    this.skip();
    if (this.at >= this.source.length) return null;
    var start = this.at, text, leaf;
    if ((text = this.match(/[A-Za-z_$#\u0080-\uffff][\w$\u0080-\uffff]*/y))) {
      leaf = kKeywords.has(text) ? new KeywordLeaf(start, text) : new NameLeaf(start, text);
    } else if ((text = this.match(/0[xXbBoO][\da-fA-F_]+n?|\d[\d_]*n?(?:\.\d+)?(?:[eE][-+]?\d+)?|\.\d+/y))) {
      leaf = new NumberLeaf(start, text);
    } else if ((text = this.match(/'(?:[^'\\\n]|\\[^])*'|"(?:[^"\\\n]|\\[^])*"/y))) {
      leaf = new StringLeaf(start, text);
    } else if (this.patternMayStand() && (text = this.match(/\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y))) {
      leaf = new PatternLeaf(start, text);
    } else {
      leaf = new SignLeaf(start, this.match(kPunctuation));
    }
    this.at = leaf.end;
    this.before = leaf;
    return leaf;
  }
  patternMayStand() {
    var before = this.before;
    if (!before || before instanceof KeywordLeaf) return true;
    return before instanceof SignLeaf && before.text !== ')' && before.text !== ']' && before.text !== '}';
  }
}

class Parser {
  constructor(name, source) {
    this.tree = new SourceTree(name, source);
    this.scanner = new Scanner(this.tree);
  }
  parse() {
    this.statements(this.tree, '');
    return this.tree;
  }
  statements(into, closer) {
    var statement = null;
    for (;;) {
      var leaf = this.scanner.next();
      if (!leaf) return this.finish(into, statement, closer);
      if (leaf instanceof SignLeaf && leaf.text === closer) {
        into.end = leaf.end;
        return this.finish(into, statement, '');
      }
      if (!statement) statement = new Statement(leaf.start);
      this.term(statement, leaf);
      var last = statement.children[statement.children.length - 1];
      if (last instanceof SignLeaf && (last.text === ';' || last.text === ',')) {
        into.add(statement);
        statement = null;
      }
    }
  }
  finish(into, statement, missing) {
    if (statement) into.add(statement);
    if (missing) into.trouble = new SyntaxTrouble('no ' + missing + ' for ' + into.bracket);
    return into;
  }
  term(statement, leaf) {
    var children = statement.children, last = children[children.length - 1];
    if (leaf instanceof NameLeaf) {
      var uses = this.tree.names.get(leaf.text);
      if (!uses) this.tree.names.set(leaf.text, uses = []);
      uses.push(leaf);
    }
    if (leaf instanceof SignLeaf) {
      if (leaf.text === '`') return statement.add(this.template(leaf));
      if (leaf.text in kClosers) {
        var group = this.statements(new Group(leaf.start, leaf.text), kClosers[leaf.text]);
        if (leaf.text === '(' && (last instanceof NameLeaf || last instanceof Member || last instanceof Call)) {
          return this.wrap(statement, new Call(last.start), group);
        }
        if (leaf.text === '{' && last instanceof Group && last.bracket === '(') {
          var tree = this.wrap(statement, new FunctionTree(last.start), group);
          this.scope(tree, tree.children[0]);
          return tree;
        }
        return statement.add(group);
      }
    }
    if (leaf instanceof NameLeaf && last instanceof SignLeaf && last.text === '.' && children.length > 1) {
      children.pop();
      return this.wrap(statement, new Member(leaf.start), leaf);
    }
    return statement.add(leaf);
  }
  // The last child and `next` become the children of `branch`, which takes their place.
  wrap(statement, branch, next) {
    branch.add(statement.children.pop());
    branch.add(next);
    return statement.add(branch);
  }
  scope(tree, parameters) {
    parameters.children.forEach(function(statement, i) {
      var first = statement.children[0];
      if (first instanceof NameLeaf) tree.scope[first.text] = {index: i, leaf: first};
    });
  }
  template(leaf) {
    var template = new TemplateTree(leaf.start);
    for (;;) {
      var text = this.scanner.match(/(?:[^`\\$]|\\[^]|\$(?!\{))+/y);
      if (text) template.add(new StringLeaf(this.scanner.at, text));
      this.scanner.at += text.length;
      var sign = this.scanner.match(/`|\$\{/y);
      this.scanner.at += sign.length;
      if (sign !== '${') return template;
      template.add(this.statements(new Group(this.scanner.at, '{'), '}'));
    }
  }
}

function sources() {
  var found = fs.readdirSync(__dirname).filter(function(name) { return /^graph_.*\.js$/.test(name); }).sort();
  found = found.map(function(name) { return [name, fs.readFileSync(path.join(__dirname, name), 'utf8')]; });
  var own = {};
  try {
    own = process.binding('natives');
  } catch (error) {
    // Not to be had: the programs alone are parsed, several times.
  }
  var names = Object.keys(own).sort().filter(function(name) {
    return typeof own[name] === 'string' && own[name].length > 1000;
  });
  var total = 0;
  for (var i = 0; i < names.length && total < kMostCharacters; i++) {
    if (/deps|punycode|unicode/.test(names[i])) continue;
    // A copy: the text itself belongs to the executable.
    found.push(['node:' + names[i], Buffer.from(own[names[i]], 'utf8').toString('utf8')]);
    total += own[names[i]].length;
  }
  for (var round = 0; total < kMostCharacters; round++) {
    var again = found[round % found.length];
    found.push([again[0] + '#' + round, Buffer.from(again[1], 'utf8').toString('utf8')]);
    total += again[1].length;
  }
  return found;
}

// class -> how many of it the trees hold. (Closing brackets are read and let go.)
function census(trees) {
  var counts = new Map();
  function add(node) { counts.set(node.constructor.name, (counts.get(node.constructor.name) || 0) + 1); }
  trees.forEach(function(tree) {
    var left = [tree];
    while (left.length) {
      var node = left.pop();
      add(node);
      if (node.trouble) add(node.trouble);
      if (node.children) left.push.apply(left, node.children);
    }
    tree.comments.forEach(add);
  });
  return counts;
}

graph.main('graph_parser', function(facts, done) {
  var trees = graph.keep(new Map());
  var all = sources();
  // Parsed and dropped first: the optimizer is warm, and dead trees are about.
  new Parser('warm', all[0][1]).parse();
  all.forEach(function(one) { trees.set(one[0], new Parser(one[0], one[1]).parse()); });
  var counts = census(trees);
  // What inherits from a class of this name, and so has a prototype that bears it.
  var children = {SyntaxNode: 2, Leaf: 6, Branch: 7};
  counts.forEach(function(instances, name) { facts.live(name, instances, children[name] || 0); });
  Object.keys(children).forEach(function(name) { if (!counts.has(name)) facts.live(name, 0, children[name]); });
  facts.trees = all.length;
  done();
});
