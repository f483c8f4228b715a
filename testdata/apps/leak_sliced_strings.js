'use strict';
// Forty characters of each document are kept; V8 makes them a slice, and a slice keeps the document.
const scenario = require('./lib/scenario.js');

const titles = [];  // leak: titles

function index(id) {
  const document = scenario.text(id, 4000);
  titles.push(document.substring(100, 140));
}

scenario.run(__filename, {
  kind: 'Array', class: '(sliced string)', count: 5000,
  step: index
});
