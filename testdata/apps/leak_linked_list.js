'use strict';
// A queue of one's own making: pushed to at one end, and read at the other when there is time, that is never.
const scenario = require('./lib/scenario.js');

class QueueNode {
  constructor(value) {
    this.value = value;
    this.next = null;
  }
}

class Queue {
  constructor() {
    this.head = null;  // leak: head
    this.tail = null;
    this.length = 0;
  }

  push(value) {
    const node = new QueueNode(value);
    if (this.tail) this.tail.next = node;
    else this.head = node;
    this.tail = node;
    this.length++;
  }

  shift() {
    const node = this.head;
    this.head = node.next;
    this.length--;
    return node.value;
  }
}

const mails = new Queue();  // holder: mails

scenario.run(__filename, {
  kind: 'list', class: 'QueueNode', count: 20000,
  step(i) {
    mails.push({to: 'user' + i + '@example.com', text: scenario.text(i, 400)});
    if (i < 0) mails.shift();
  }
});
