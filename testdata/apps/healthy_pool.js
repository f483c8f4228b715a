'use strict';
// Objects that are made once and used again: two pools hold what is not in use just now, most of the heap.
const scenario = require('./lib/scenario.js');

class Vector {
  constructor() {
    this.values = new Array(60).fill(0.5);
  }
}
class Page {
  constructor() {
    this.lines = new Array(120).fill(1);
    this.used = false;
  }
}

const vectors = [];
function take() {
  return vectors.pop() || new Vector();
}
function giveBack(vector) {
  vectors.push(vector);
}

const MOST_PAGES = 3000;
const pages = [];
function openPage() {
  const page = pages.length > 0 ? pages.pop() : new Page();
  page.used = true;
  return page;
}
function closePage(page) {
  page.used = false;
  if (pages.length < MOST_PAGES) pages.push(page);
}

function work(i) {
  const some = [], opened = [];
  for (let k = 0; k < 6000; k++) some.push(take());
  for (let k = 0; k < 4000; k++) opened.push(openPage());
  for (const vector of some) giveBack(vector);
  for (const page of opened) closePage(page);
  return i;
}

scenario.run(__filename, {count: 20, step: work});
