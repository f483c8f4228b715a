'use strict';
// A metrics registry with a private table: a label with a user's id in it makes a time series per user.
const scenario = require('./lib/scenario.js');

class Series {
  constructor(labels) {
    this.labels = labels;
    this.buckets = new Float64Array(16);
    this.sum = 0;
  }

  observe(value) {
    this.sum += value;
    this.buckets[Math.min(15, Math.floor(Math.log2(value + 1)))]++;
  }
}

class Histogram {
  #series = new Map();  // leak: #series

  constructor(name) {
    this.name = name;
  }

  observe(labels, value) {
    const key = Object.keys(labels).map((label) => label + '=' + labels[label]).join(',');
    if (!this.#series.has(key)) this.#series.set(key, new Series(labels));
    this.#series.get(key).observe(value);
  }
}

const latency = new Histogram('http_request_seconds');  // holder: latency

scenario.run(__filename, {
  kind: 'Map', class: 'Series', count: 20000,
  step: (i) => latency.observe({method: 'GET', route: '/items/:id', user: 'u' + i}, i % 900)
});
