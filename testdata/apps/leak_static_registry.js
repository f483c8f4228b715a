'use strict';
// Every model ever made is registered in a static field of its class, and unregistered by nobody.
const scenario = require('./lib/scenario.js');

class Model {
  static instances = [];  // leak: instances

  constructor(id) {
    this.id = id;
    this.fields = {title: 'title ' + id, text: scenario.text(id, 300), changed: false};
    Model.instances.push(this);
  }

  static changed() {
    return Model.instances.filter((one) => one.fields.changed);
  }
}

class Article extends Model {
  publish() {
    this.fields.changed = true;
    return this.fields.title;
  }
}

scenario.run(__filename, {
  kind: 'Array', class: 'Article', count: 25000,
  step: (i) => new Article(i).publish()
});
