'use strict';
// Few customers, of which no more come; each has a list of events that only grows.
const scenario = require('./lib/scenario.js');

class Customer {
  constructor(name) {
    this.name = name;
    this.events = [];  // leak: events
  }
}

const customers = new Map();
for (let i = 0; i < 120; i++) customers.set('customer-' + i, new Customer('customer-' + i));

scenario.run(__filename, {
  kind: 'Array', class: 'Object', count: 500,
  step(i) {
    for (const customer of customers.values()) customer.events.push({type: 'click', sequence: i, target: scenario.text(i, 40)});
    return customers.size;
  }
});
