'use strict';
// The place for everything: app.locals.
const scenario = require('./lib/scenario.js');

const app = {  // holder: app
  name: 'shop',
  locals: {
    title: 'Shop',
    baskets: {}  // leak: baskets
  }
};

function add(customer, item) {
  const baskets = app.locals.baskets;
  baskets[customer] = baskets[customer] || {items: [], coupon: null};
  baskets[customer].items.push(item);
}

module.exports = {app, add};
scenario.run(__filename, {
  kind: 'Object', class: 'Object', count: 20000,
  step: (i) => add('customer/' + i, {article: i, description: scenario.text(i, 300)})
});
