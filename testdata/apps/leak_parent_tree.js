'use strict';
// Only the links of a page are wanted, but each link knows its parent, and so the whole document stays.
const scenario = require('./lib/scenario.js');

class TreeNode {
  constructor(parent, tag) {
    this.parent = parent;
    this.tag = tag;
    this.children = [];
    if (parent) parent.children.push(this);
  }
}

class Link extends TreeNode {
  constructor(parent, href) {
    super(parent, 'a');
    this.href = href;
  }
}

const links = new Set();  // leak: links

function parse(page) {
  const root = new TreeNode(null, 'html');
  const body = new TreeNode(root, 'body');
  for (let i = 0; i < 12; i++) new TreeNode(body, 'p').text = scenario.text(page + i, 20);
  links.add(new Link(body, '/page/' + page));
}

scenario.run(__filename, {
  kind: 'Set', class: 'Link', count: 8000,
  step: parse
});
