'use strict';
// A tree of modules and packages that the program writes itself, loads, and keeps its own books of: CommonJS, JSON, ES
// modules, packages in several versions and copies, a scoped one, one in pnpm's store, modules that failed, that were
// deleted from the cache but are held, that stand at a top-level await.
//   node --expose-gc modules.js COUNT
// Facts: "cache" the keys of require.cache, "required_by" file -> how many modules have it among their children,
// "packages" [{name, version, directory, files}], "esm" [{file, state, exports}], "uncached" files, "heavy".
var fs = require('fs');
var os = require('os');
var path = require('path');
var url = require('url');
var common = require('./common.js');

var kMany = Number(process.argv[2] || 10);
var kEsm = Math.min(kMany, 500);
var root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'corewalk-modules-')));

function write(name, text) {
  var file = path.join(root, name);
  fs.mkdirSync(path.dirname(file), {recursive: true});
  fs.writeFileSync(file, text);
  return file;
}
function pack(directory, name, version, text, more) {
  write(directory + '/package.json', JSON.stringify(Object.assign({name: name, nested: {version: '9.9.9'}, version: version}, more)));
  write(directory + '/index.js', text);
}
var kNested = "exports.alpha = require('alpha'); exports.own = function() { return 1; };";
pack('node_modules/alpha', 'alpha', '1.0.0', "module.exports = class Alpha {}; module.exports.part = require('./lib/part.js');");
write('node_modules/alpha/lib/part.js', 'exports.x = 1; exports.y = 2;');
pack('node_modules/beta', 'beta', '0.1.0', kNested);
pack('node_modules/beta/node_modules/alpha', 'alpha', '2.0.0-rc.1', 'exports.two = 2;');
pack('node_modules/gamma', 'gamma', '0.2.0', kNested);
pack('node_modules/gamma/node_modules/alpha', 'alpha', '1.0.0', 'exports.copy = 1;');
pack('node_modules/@scope/delta', '@scope/delta', '3.1.0', 'exports.d = 1;');
write('node_modules/@scope/delta/x.mjs', 'export const q = 1; export default function dd() {}\nexport class Y {}');
pack('node_modules/.pnpm/eps@5.0.0/node_modules/eps', 'eps', '5.0.0', 'exports.e = 5;');
var main = write('main.js',
    "exports.alpha = require('alpha'); require('beta'); require('gamma'); require('@scope/delta');\n" +
    "require('./node_modules/.pnpm/eps@5.0.0/node_modules/eps/index.js'); exports.data = require('./data.json');\n" +
    "try { require('./bad.js'); } catch (error) { exports.error = error; }\nexports.heavy = require('./heavy.js');\n" +
    "for (var i = 0; i < " + kMany + "; i++) require('./files/m' + i + '.js');\n");
write('data.json', JSON.stringify({a: [1, 2, 3], name: 'data'}));
write('bad.js', "throw new Error('bad module');");
write('heavy.js', 'class Heavy { constructor(i) { this.data = new Array(50).fill(i + 0.5); } }\n' +
    'const store = []; for (let i = 0; i < 1000; i++) store.push(new Heavy(i));\nexports.size = () => store.length;');
write('hot.js', 'exports.version = {}; exports.get = () => exports.version;');
for (var i = 0; i < kMany; i++) write('files/m' + i + '.js', 'exports.value = ' + i + '; exports.fn = function fn() { return ' + i + '; };');

require(main);
var hot = path.join(root, 'hot.js');
var held = common.keep([]);
for (i = 0; i < 3; i++) {
  held.push(require(hot)), held.push(require.cache[hot]);
  delete require.cache[hot];
}
require(hot);

// ES modules.
var esm = [];
function addEsm(name, text, state, names) {
  var file = url.pathToFileURL(write(name, text)).href;
  esm.push({file: file, state: state, exports: names});
  return file;
}
var delta = url.pathToFileURL(path.join(root, 'node_modules/@scope/delta/x.mjs')).href;
esm.push({file: delta, state: 'loaded', exports: ['Y', 'default', 'q']});
var text = "import {createRequire} from 'module'; export const require = createRequire(import.meta.url); require('./heavy.js');\n" +
    "globalThis.requireFromRoot = createRequire(new URL('./', import.meta.url)); import fs from 'fs'; import dd, {q} from './node_modules/@scope/delta/x.mjs'; import c from './files/m0.js';\n";
for (i = 0; i < kEsm; i++) {
  addEsm('esm/e' + i + '.mjs', 'export const value = ' + i + '; export function f() {}', 'loaded', ['f', 'value']);
  text += "import {value as v" + i + "} from './esm/e" + i + ".mjs';\n";
}
var entry = addEsm('entry.mjs', text + 'export {q}; export const big = new Array(1000).fill("x");', 'loaded', ['big', 'q', 'require']);
var fails = addEsm('fails.mjs', "export const z = 1; throw new Error('failing module');", 'failed', ['z']);
var awaits = addEsm('awaits.mjs', 'export const t = 1; await new Promise((r) => setTimeout(r, 1e6)); export const u = 2;', 'awaiting', ['t', 'u']);
var waits = addEsm('waits.mjs', "import {t} from './awaits.mjs'; export const w = t;", 'waiting', ['w']);
addEsm('hangs.mjs', 'export const h = 1; await new Promise(() => {});', 'awaiting', ['h']);
var hung = addEsm('hung.mjs', "export {h as k} from './hangs.mjs';", 'waiting', ['k']);

function finish() {
  var requiredBy = {};
  var seen = new Set();
  (function walk(module) {
    if (seen.has(module)) return;
    seen.add(module);
    module.children.forEach(function(child) {
      requiredBy[child.filename] = (requiredBy[child.filename] || 0) + 1;
      walk(child);
    });
  })(require.main);
  function directory(name) { return path.join(root, name); }
  var packages = [
    {name: 'alpha', version: '1.0.0', directory: directory('node_modules/alpha'), files: 2},
    {name: 'alpha', version: '2.0.0-rc.1', directory: directory('node_modules/beta/node_modules/alpha'), files: 1},
    {name: 'alpha', version: '1.0.0', directory: directory('node_modules/gamma/node_modules/alpha'), files: 1},
    {name: 'beta', version: '0.1.0', directory: directory('node_modules/beta'), files: 1},
    {name: 'gamma', version: '0.2.0', directory: directory('node_modules/gamma'), files: 1},
    {name: '@scope/delta', version: '3.1.0', directory: directory('node_modules/@scope/delta'), files: hasEsm ? 2 : 1},
    {name: 'eps', version: '5.0.0', directory: directory('node_modules/.pnpm/eps@5.0.0/node_modules/eps'), files: 1}
  ];
  if (hasEsm) {  // entry.mjs requires one and imports one
    requiredBy[path.join(root, 'heavy.js')]++;
    requiredBy[path.join(root, 'files/m0.js')]++;
  }
  fs.readdirSync(root);
  remove(root);
  common.finish({
    root: root, many: kMany, cache: Object.keys(require.cache), required_by: requiredBy, packages: packages,
    esm: hasEsm ? esm : [], uncached: [hot, hot, hot], heavy: path.join(root, 'heavy.js'),
    loaded: Object.keys(require.cache).filter(function(key) { return require.cache[key].loaded; }).length,
    exports: {file: path.join(root, 'files/m1.js'), names: ['fn', 'value']}, data: path.join(root, 'data.json')
  });
}
function remove(directory) {
  fs.readdirSync(directory, {withFileTypes: true}).forEach(function(entry) {
    var name = path.join(directory, entry.name);
    if (entry.isDirectory()) remove(name); else fs.unlinkSync(name);
  });
  fs.rmdirSync(directory);
}

var hasEsm = Number(process.versions.node.split('.')[0]) >= 16;
if (!hasEsm) {
  setImmediate(finish);
} else {
  import(entry).then(function(namespace) {
    common.keep(namespace);
    return import(fails).catch(function() {});
  }).then(function() {
    import(waits);
    import(hung);
    setTimeout(finish, 200);
  });
}
