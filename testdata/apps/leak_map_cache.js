'use strict';
// Rendered pages are cached under their whole URL: each tracking parameter makes a new entry, and none ever leaves.
const scenario = require('./lib/scenario.js');

class Page {
  constructor(url) {
    this.url = url;
    this.html = scenario.text(url.length * 31 + Number(url.slice(-6)), 600);
    this.renderedAt = new Date();
  }
}

const pages = new Map();  // leak: pages

function render(url) {
  let page = pages.get(url);
  if (!page) {
    page = new Page(url);
    pages.set(url, page);
  }
  return page.html;
}

module.exports = {render};
scenario.run(__filename, {
  kind: 'Map', class: 'Page', count: 20000,
  step: (i) => render('/articles/node?utm_id=' + (100000 + i))
});
