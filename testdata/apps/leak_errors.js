'use strict';
// The last error was wanted for the health page; kept is each of them, with its stack and what hangs on it.
const scenario = require('./lib/scenario.js');

class UpstreamError extends Error {
  constructor(message, response) {
    super(message);
    this.response = response;
  }
}

const errors = [];  // leak: errors

function fetchPrice(id) {
  try {
    throw new UpstreamError('no price for ' + id, {status: 503, body: scenario.text(id, 500)});
  } catch (error) {
    errors.push(error);
  }
}

function lastError() {
  return errors[errors.length - 1];
}

module.exports = {fetchPrice, lastError};
scenario.run(__filename, {
  kind: 'Array', class: 'UpstreamError', count: 12000,
  step(i) {
    fetchPrice(i);
    lastError();
  }
});
