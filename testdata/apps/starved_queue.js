'use strict';
// Work is queued faster than it is done: with process.nextTick() or queueMicrotask(), which run before anything else, tens
// of thousands of jobs wait when it dies. The dates of the jobs are data, not when they were made.
//   node starved_queue.js ticks|microtasks
const common = require('./common.js');

class Job {
  constructor(i) {
    this.id = i;
    this.due = new Date(1600000000000 + i * 3600000);
    this.parts = [i, i + 1, i + 2, i + 3];
  }
}
function work(job) { return job.id; }

const count = 40000, microtasks = process.argv[2] === 'microtasks';
setImmediate(() => {
  for (let i = 0; i < count; i++) {
    const job = new Job(i);
    if (microtasks) queueMicrotask(() => work(job));
    else process.nextTick(work, job);
  }
  common.print({count});
  process.abort();
});
