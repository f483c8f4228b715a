'use strict';
// Dies in ways that `summary` and `bt` must tell apart:
//   deaths.js uncaught   an error that nothing catches (with --abort-on-uncaught-exception, like the next four)
//   deaths.js implicit   one that V8 throws itself, after others were caught
//   deaths.js value      a string that is thrown
//   deaths.js rejection  an unhandled rejection of a class derived from Error
//   deaths.js listener   the program's own listener for uncaught exceptions aborts
//   deaths.js signal     it sends SIGABRT to itself
//   deaths.js async      process.abort() below async functions that wait
//   deaths.js generator  the same, through an async generator and Promise.all
//   deaths.js mutual     process.abort() below functions that recurse through each other
// Facts: "message", "line" of the death's line; "stack": what V8 says of the place before it aborts.
var common = require('./common.js');
var way = process.argv[2];

function thisLine() { return Number(/deaths\.js:(\d+)/.exec(new Error().stack.split('\n')[2])[1]); }
class AppError extends Error {
  constructor(message) { super(message); this.name = 'AppError'; this.code = 'E_APP'; }
}
function caughtBefore() {
  for (var i = 0; i < 3; i++) try { null.property; } catch (e) { try { throw new RangeError('caught ' + i); } catch (f) { /* so it is */ } }
}

function atThrow(argument) {
  caughtBefore();
  if (way === 'uncaught') { common.print({message: 'Error: kaboom of ' + argument, line: thisLine()}); throw new Error('kaboom of ' + argument); }
  if (way === 'implicit') { common.print({message: 'TypeError: Cannot read propert', line: thisLine()}); return argument.missing.property; }
  if (way === 'value') { common.print({message: 'thrown as text', line: thisLine()}); throw 'thrown as text'; }
}
async function loadUser(id) {
  await null;
  common.print({message: 'AppError: connection lost, user ' + id, line: thisLine() + 1});
  throw new AppError('connection lost, user ' + id);
}

function check(text) {
  Error.stackTraceLimit = 100;
  common.print({stack: new Error(text).stack});
  process.abort();
}
async function query(text) { await null; check(text); return 1; }
class Repository {
  async find(id) { const rows = await query('select ' + id); return rows; }
}
async function controller(id) { const user = await new Repository().find(id); return user; }
async function route(id) { await new Promise(function(resolve) { setTimeout(resolve, 2); }); return {body: await controller(id)}; }
async function* rowsOf(id) { await null; yield await new Repository().find(id); }
async function consumer(id) { for await (const row of rowsOf(id)) return row; }
async function gather() { return await Promise.all([Promise.resolve(1), consumer(7)]); }

function even(n) { return n === 0 ? process.abort() : odd(n - 1) + 1; }
function odd(n) { return even(n - 1) + 1; }

setTimeout(function start() {
  if (way === 'rejection') return loadUser(7);
  if (way === 'listener') {
    process.on('uncaughtException', function onUncaught() { process.abort(); });
    common.print({message: 'Error: told to a listener', line: thisLine() + 1});
    throw new Error('told to a listener');
  }
  if (way === 'signal') {
    common.print({});
    process.kill(process.pid, 'SIGABRT');
    for (;;);
  }
  if (way === 'async') return route(9);
  if (way === 'generator') return gather();
  if (way === 'mutual') {
    common.print({depth: 600});
    return even(600);
  }
  return atThrow(2);
}, 5);
