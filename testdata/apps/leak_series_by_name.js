'use strict';
// Every value of every metric is kept: an object with few properties, each of which is an array that grows.
const scenario = require('./lib/scenario.js');

class Metrics {
  constructor() {
    this.series = {};  // leak: series
  }

  add(name, value) {
    (this.series[name] || (this.series[name] = [])).push(value);
  }

  last(name) {
    return this.series[name][this.series[name].length - 1];
  }
}

const metrics = new Metrics();  // holder: metrics
for (let i = 0; i < 20; i++) metrics.add('route' + i, {value: 0, tags: []});

scenario.run(__filename, {
  kind: 'Object', class: 'Array', count: 60000, per: 0, extra: 20,
  step(i) {
    metrics.add('route' + i % 20, {value: i, tags: [scenario.text(i, 20)]});
    return metrics.last('route0');
  }
});
