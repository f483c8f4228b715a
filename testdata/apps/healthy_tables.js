'use strict';
// The heap limit is simply too small: a program that needs its tables, all of them, and each is of its own kind.
const scenario = require('./lib/scenario.js');

class Airport {
  constructor(i) {
    this.code = scenario.text(i, 4);
    this.place = {latitude: i / 100, longitude: -i / 50};
    this.name = 'Airport of ' + scenario.text(i + 7, 24);
  }
}
class Holiday {
  constructor(i) {
    this.day = new Date(i * 86400000);
    this.name = scenario.text(i, 30);
  }
}
class Matrix {
  constructor(rows, columns) {
    this.rows = [];
    for (let r = 0; r < rows; r++) this.rows.push(new Array(columns).fill(r + 0.5));
  }
}

const kRows = 12000;
function rows(make) {
  const made = [];
  for (let i = 0; i < kRows; i++) made.push(make(i));
  return made;
}

const airports = new Map();
const holidays = new Set();
const currencies = {};
const words = [];
const grammar = {rules: null, first: null};
const distances = {matrix: null};
const postcodes = new Map();
const synonyms = {};
const prices = [];
const calendar = {byDay: new Map()};
const fonts = {glyphs: [], widths: {}};
const dictionary = {trie: null};
const streets = [];
const aliases = new Map();

function insert(trie, word) {
  let node = trie;
  for (const letter of word) node = node[letter] || (node[letter] = {});
  node.end = true;
}

const loaders = [
  () => rows((i) => airports.set('airport' + i, new Airport(i))),
  () => rows((i) => holidays.add(new Holiday(i))),
  () => rows((i) => { currencies[scenario.text(i, 9)] = {rate: i + 0.25, text: scenario.text(i + 1, 60)}; }),
  () => rows((i) => words.push(scenario.text(i, 150))),
  () => { grammar.rules = rows((i) => ({left: 'rule' + i, right: [i, i + 1, i + 2, i + 3]})); },
  () => { grammar.first = rows((i) => [scenario.text(i, 16), [i, i + 1]]); },
  () => { distances.matrix = new Matrix(500, 500); },
  () => rows((i) => postcodes.set(10000 + i, {town: scenario.text(i, 60), streets: [i, i + 1]})),
  () => rows((i) => { synonyms['word-' + i] = [scenario.text(i, 30), scenario.text(i + 3, 30)]; }),
  () => rows((i) => prices.push([i + 0.5, i + 1.5, i + 2.5, i + 3.5, i + 4.5, i + 5.5, i + 6.5])),
  () => rows((i) => calendar.byDay.set(i, {opens: '08:00', closes: '1' + i % 10 + ':30', note: scenario.text(i, 80)})),
  () => rows((i) => { fonts.glyphs.push({points: [i, i + 1, i + 2, i + 3, i + 4, i + 5, i + 6]}); fonts.widths['g' + i] = i / 7; }),
  () => { dictionary.trie = {}; for (let i = 0; i < 3000; i++) insert(dictionary.trie, scenario.text(i, 12)); },
  () => rows((i) => streets.push('street ' + scenario.text(i, 130))),
  () => rows((i) => aliases.set(scenario.text(i, 40), scenario.text(i + 1, 90)))
];

function lookUp() {
  return [airports, holidays, currencies, words, grammar, distances, postcodes, synonyms, prices, calendar, fonts, dictionary,
          streets, aliases];
}

function load(i) {
  if (i === loaders.length) throw new Error('the limit was not too small: ' + lookUp().length + ' tables are loaded');
  loaders[i]();
}

scenario.run(__filename, {count: loaders.length, step: load});
