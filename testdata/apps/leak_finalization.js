'use strict';
// The registry is to say which key to drop when a document is gone. It is given the document's text as well, which lives as
// long as the documents do, and those are kept elsewhere for ever: in a list of what was opened.
const scenario = require('./lib/scenario.js');

class Document {
  constructor(i) { this.number = i; }
}

const opened = [];  // what is small may be kept
const registry = new FinalizationRegistry(() => {});  // leak: registry

function open(i) {
  const document = new Document(i);
  opened.push(document);
  registry.register(document, {number: i, text: scenario.text(i, 400), words: [i, i + 1, i + 2]});
}

scenario.run(__filename, {
  kind: 'FinalizationRegistry', class: 'WeakCell', count: 20000, oracle: {class: 'FinalizationRegistry'},
  step: open
});
