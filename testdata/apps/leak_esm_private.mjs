// A variable of a module that is not exported, and a function that remembers its answers.
import scenario from './lib/scenario.js';

const routes = new Map();  // leak: routes

function compile(pattern) {
  return {pattern, expression: new RegExp('^' + pattern.replace(/:\w+/g, '[^/]+') + '$'), uses: 0};
}

function route(pattern) {
  if (!routes.has(pattern)) routes.set(pattern, compile(pattern));
  const found = routes.get(pattern);
  found.uses++;
  return found.expression;
}

scenario.run(import.meta.url, {
  kind: 'Map', class: 'Object', count: 25000,
  step: (i) => route('/tenants/' + i + '/:resource/' + scenario.text(i, 100))
});
