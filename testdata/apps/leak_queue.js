'use strict';
// Jobs come faster than they are done: a queue of the program's own, linked both ways, with its end at hand.
const scenario = require('./lib/scenario.js');

class Job {
  constructor(text, before) {
    this.text = text;
    this.before = before;
    this.after = null;
  }
}

class Queue {
  constructor() {
    this.first = null;  // holder: first
    this.last = null;
  }

  add(text) {
    const job = new Job(text, this.last);
    if (this.last) this.last.after = job;
    else this.first = job;
    this.last = job;
    return job;
  }
}

const jobs = new Queue();  // leak: jobs

scenario.run(__filename, {
  kind: 'list', class: 'Job', count: 20000,
  step: (i) => { jobs.add(scenario.text(i, 300)); }
});
