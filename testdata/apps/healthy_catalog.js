'use strict';
// A shop that loads its catalogue when it starts and then answers from it: most of the heap is one array with rising ids, and
// nothing of it grows.
const scenario = require('./lib/scenario.js');

let catalog = null;

function parse(text) { return JSON.parse(text); }

function load(done) {
  const products = [];
  for (let i = 0; i < 20000; i++) {
    products.push({id: i, name: 'Product ' + i, text: scenario.text(i, 60), price: i / 8, size: {width: i % 40, height: i % 30}});
  }
  catalog = parse(JSON.stringify({version: 3, products}));
  catalog.popular = catalog.products.map((product) => ({product, asked: 0}));
  done();
}

function answer(i) {
  const one = catalog.popular[i * 7 % catalog.popular.length];
  one.asked++;
  return one.product.price;
}

scenario.run(__filename, {count: 20000, setup: load, step: answer});
