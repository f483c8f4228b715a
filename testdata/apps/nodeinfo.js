'use strict';
// A process whose facts are all told: versions, arguments, environment as it was at start and as the program changed it,
// working directory, time. In its environment are things that must not be shown.
//   node [OPTIONS] nodeinfo.js [env|title|plain|live] [ARGUMENTS]
// "env": variables are changed, deleted and added, the directory is changed and changed back, and a worker runs. "title":
// the title is set, a variable changed and one deleted, none added. "live": it stays alive.
var common = require('./common.js');

var kMode = process.argv[2];
var workerArgv = [];
var atStart = Object.assign({}, process.env);

function finish() {
  var report = null;
  try {
    report = process.report.getReport();
    if (typeof report === 'string') report = JSON.parse(report);
  } catch (error) {
    report = null;  // behind a flag, or not there
  }
  var facts = {
    platform: process.platform, arch: process.arch, version: process.version,
    versions: Object.assign({}, process.versions), release: Object.assign({}, process.release),
    execPath: process.execPath, argv: process.argv.slice(), execArgv: process.execArgv.slice(),
    atStart: atStart, now: Object.assign({}, process.env), cwd: process.cwd(),
    limits: report && report.userLimits || null, workerArgv: workerArgv,
    uptime: process.uptime()
  };
  if (kMode !== 'live') return common.finish(facts);
  facts.openFiles = require('fs').readdirSync('/proc/self/fd').length - 1;  // without the one that reads the folder
  common.print(facts);
  setInterval(function() {}, 1000);
}

if (kMode === 'title') {
  process.title = 'titled ' + process.env.CW_TITLE;
  process.env.CW_CHANGED = 'changed in place';
  delete process.env.CW_DELETED;
}
if (kMode !== 'env') {
  setTimeout(finish, 50);
} else {
  process.env.CW_CHANGED = 'changed value';
  delete process.env.CW_DELETED;
  for (var i = 0; i < 20; i++) process.env['CW_ADDED_' + i] = 'added ' + i;
  process.env.CW_ADDED_3 = 'added and changed';
  delete process.env.CW_ADDED_4;
  var here = process.cwd();
  process.chdir('/');
  process.cwd();
  process.chdir(here);  // the core is to be found there
  var Worker = null;
  try {
    Worker = require('worker_threads').Worker;
  } catch (error) {
    Worker = null;
  }
  if (!Worker) {
    setTimeout(finish, 50);
  } else {
    workerArgv = ['worker argument'];
    var worker = common.keep(new Worker(
        'require("worker_threads").parentPort.postMessage(process.cwd()); setInterval(function() {}, 1000);',
        {eval: true, argv: workerArgv, execArgv: []}));
    worker.on('message', function() { setTimeout(finish, 50); });
  }
}
