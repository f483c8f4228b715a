'use strict';
// write() says false, "wait for drain", and is not heard: what the slow disk has not taken yet piles up in the stream.
const {Writable} = require('stream');
const scenario = require('./lib/scenario.js');

class SlowDisk extends Writable {
  constructor() {
    super({decodeStrings: false, highWaterMark: 64 * 1024});
    this.written = 0;
  }

  _write(chunk, encoding, callback) {
    this.written += chunk.length;
    this.timer = this.timer || setTimeout(callback, 3600 * 1000);
  }
}

const accessLog = new SlowDisk();  // leak: accessLog
accessLog.write('start\n');

function log(i) {
  accessLog.write(scenario.text(i, 400) + '\n');
}

scenario.run(__filename, {
  kind: 'Array', class: 'Object', count: 20000, oracle: {class: 'Array'},
  step: log
});
