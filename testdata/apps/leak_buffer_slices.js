'use strict';
// Sixteen bytes of each packet are kept, as a slice, and a slice keeps the packet.
const scenario = require('./lib/scenario.js');

const fingerprints = [];  // leak: fingerprints

const senders = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];

function receive(id) {
  const packet = Buffer.allocUnsafeSlow(1400);
  packet.fill(id & 255);
  packet.writeUInt32LE(id, 8);
  fingerprints.push({bytes: packet.slice(4, 20), from: senders[id % 3], note: scenario.text(id, 300)});
}

scenario.run(__filename, {
  kind: 'Array', class: 'Object', count: 15000,
  step: receive
});
