// Closures by the function that they were made of, with the contexts that they keep, and variables that are captured for
// nothing. Sloppy mode: `with` and arguments that are aliases need it.
//   node --expose-gc closures.js COUNT
// Facts: "groups" [{name, line, closures, contexts, variable, class}]; "unused" [{variable, line, class, contexts}] what no
// function that can still run mentions; "used" [variable] what one mentions, or may.
var common = require('./common.js');

var kMany = Number(process.argv[2] || 10);
var kNumbers = 4000;  // in a payload: 32 KB
var groups = [], unused = [], used = [];

function lineOf(error) {
  var match = /closures\.js:(\d+):\d+\)?$/m.exec(error.stack.split('\n')[1]);
  return match ? Number(match[1]) : 0;
}
function numbers(i) { return new Array(kNumbers).fill(i + 0.5); }
class SessionData { constructor(i) { this.id = i; this.list = [i, i + 1]; } }
class SharedData { constructor() { this.data = numbers(1); } }
class ForgottenData { constructor(i) { this.data = numbers(i); } }
class OriginalData { constructor(i) { this.data = numbers(i); } }
class PropertyData { constructor(i) { this.data = numbers(i); } }
class BlockData { constructor(i) { this.data = numbers(i); } }
class CommentData { constructor(i) { this.data = numbers(i); } }
class HalfData { constructor(i) { this.data = numbers(i); } }
class OtherData { constructor(i) { this.data = numbers(i); } }

var keep = common.keep([]);
var i;

// A closure for each of many, each with a context of its own.
function open(i) {
  const session = new SessionData(i);
  return function onSession() { return session; };
}
var line = lineOf(new Error()) - 2;
for (i = 0; i < kMany; i++) keep.push(open(i));
groups.push({name: 'onSession', line: line, closures: kMany, contexts: kMany, variable: 'session', class: 'SessionData'});

// Many closures of one context.
function openShared() {
  const sharedData = new SharedData();
  const list = [];
  for (let i = 0; i < kMany; i++) list.push(function onShared() { return sharedData; });
  return list;
}
line = lineOf(new Error()) - 3;
keep.push(openShared());
groups.push({name: 'onShared', line: line, closures: kMany, contexts: 1, variable: 'sharedData', class: 'SharedData'});

// Bound functions are no closures of their own.
function target() {}
line = lineOf(new Error()) - 1;
for (i = 0; i < kMany; i++) keep.push(target.bind({bound: i}));
groups.push({name: 'target', line: line, closures: 1, contexts: null, variable: null, class: null});

// Dropped ones do not count.
function dropped(i) { return function onDropped() { return i; }; }
for (i = 0; i < kMany; i++) dropped(i);

// What is captured for nothing: the closure that used it is gone, another one of its scope is not.
function forget(i) {
  const forgotten = new ForgottenData(i);
  const small = i;
  function gone() { return forgotten; }
  gone();
  return function kept() { return small; };
}
line = lineOf(new Error()) - 6;
for (i = 0; i < 3; i++) keep.push(forget(i));
unused.push({variable: 'forgotten', line: line, class: 'ForgottenData', contexts: 3});

// The same as a chain: each keeps the one before.
var theThing = null;
function replaceThing(i) {
  var originalThing = theThing;
  var unusedFunction = function() { return originalThing; };
  unusedFunction.call(null);
  theThing = {data: new OriginalData(i), method: function() { return i; }};
}
line = lineOf(new Error()) - 5;
for (i = 0; i < 3; i++) replaceThing(i);
unused.push({variable: 'originalThing', line: line, class: 'Object', contexts: 2});

// The name of a property is no use; nor is a comment.
function property(i) {
  let onlyProperty = new PropertyData(i);
  (function() { return onlyProperty; })();
  return function kept(o) { return o.onlyProperty + o . onlyProperty; };
}
line = lineOf(new Error()) - 4;
keep.push(property(1));
unused.push({variable: 'onlyProperty', line: line, class: 'PropertyData', contexts: 1});
function comment(i) {
  let inComment = new CommentData(i);
  (() => inComment)();
  return /* inComment */ () => {
    // inComment is not used
    return /inside/.test('x') ? 1 / 2 / 3 : `${i}`;
  };
}
line = lineOf(new Error()) - 7;
keep.push(comment(1));
unused.push({variable: 'inComment', line: line, class: 'CommentData', contexts: 1});

// Of a block, and of two variables one.
function block(i) {
  const list = [];
  for (let k = 0; k < 2; k++) {
    let inBlock = new BlockData(k);
    (() => inBlock)();
    list.push(() => k);
  }
  return list;
}
line = lineOf(new Error()) - 6;
keep.push(block(1));
unused.push({variable: 'inBlock', line: line, class: 'BlockData', contexts: 2});
function half(i) {
  const wanted = new OtherData(i);
  const unwanted = new HalfData(i);
  (() => unwanted)();
  return {get: () => wanted, set: (x) => x + wanted.data.length};
}
line = lineOf(new Error()) - 4;
keep.push(half(1));
unused.push({variable: 'unwanted', line: line, class: 'HalfData', contexts: 1});
used.push('wanted');

// Names that some function still mentions, or may mention.
function mention(make) {
  const found = make(new OtherData(1));
  keep.push(found);
}
mention(function(usedPlainly) { return function() { return usedPlainly; }; });
used.push('usedPlainly');
mention(function(usedInside) { return function() { return function() { return usedInside; }; }; });
used.push('usedInside');
mention(function(usedInTemplate) { return function() { return `a ${`b ${usedInTemplate}`}`; }; });
used.push('usedInTemplate');
mention(function(usedByOther) {
  keep.push(function() { return usedByOther; });
  return function() { return (() => usedByOther, 1); };
});
used.push('usedByOther');
mention(function(usedByEval) {
  (() => usedByEval)();
  return function(code) { return eval(code); };
});
used.push('usedByEval');
mention(function(usedByOwnEval) {
  eval('');
  return function() { return 1; };
});
used.push('usedByOwnEval');
mention(function(usedByWith) {
  (() => usedByWith)();
  return function(object) { with (object) { return x; } };
});
used.push('usedByWith');
mention(function(usedAsArgument) {
  keep.push(arguments);  // an alias of the variable
  (() => usedAsArgument)();
  return function() { return 1; };
});
used.push('usedAsArgument');
mention(function(usedShorthand) { return function() { return {usedShorthand}; }; });
used.push('usedShorthand');
mention(function(usedAsDefault) { return function(x = usedAsDefault) { return x; }; });
used.push('usedAsDefault');
mention(function(usedByArrow) { return usedByArrow => usedByArrow; });
used.push('usedByArrow');
mention(function(usedByGenerator) {
  const generator = (function* () { yield 1; yield usedByGenerator; })();
  generator.next();
  keep.push(generator);
  return (() => (() => 1))();
});
used.push('usedByGenerator');
mention(function(usedByAsync) {
  (async function() {
    await new Promise(function(resolve) { keep.push(resolve); });
    return usedByAsync;
  })();
  return (() => (() => 1))();
});
used.push('usedByAsync');
mention(function(usedByMethod) {
  return new (class { method() { return usedByMethod; } })();
});
used.push('usedByMethod');
mention(function(usedByEscape) {
  (() => usedByEscape)();
  return function() { return us\u0065dByEscape; };
});
used.push('usedByEscape');

// A scope whose function is running when the process dies.
function running(usedWhileRunning) {
  (() => usedWhileRunning)();
  keep.push(() => 1);
  setTimeout(() => usedWhileRunning, 1e6).unref();
  used.push('usedWhileRunning');
  finish();
  return usedWhileRunning;
}

function finish() {
  common.finish({file: __filename, many: kMany, groups: groups, unused: unused, used: used});
}
setImmediate(running, new OtherData(1));
