'use strict';
// Caches: an LRU list under a Map, buckets by hand, a WeakMap of notes, a Set of tags, buffers, and what was evicted.
var graph = require('./graph_common.js');

var kCapacity = 24000;
var kEvicted = 6000;
var kNotes = 5000;
var kBuckets = 257;
var kBlobs = 300;

class LruNode {
  constructor(key, value) {
    this.key = key;
    this.value = value;
    this.newer = null;
    this.older = null;
  }
}

class CachedPage {
  constructor(i) {
    this.id = i;
    this.body = graph.text(i + 1, 120 + i % 400);
    this.headers = {etag: 'W/"' + graph.text(i + 7, 12) + '"', length: this.body.length, age: i / 3};
    this.tags = [i % 7, i % 11, 'tag' + i % 40];
  }
}

class EvictedPage {
  constructor(i) { this.body = graph.text(i, 64); }
}

class LruCache {
  constructor(capacity) {
    this.capacity = capacity;
    this.entries = new Map();
    this.newest = null;
    this.oldest = null;
  }
  put(key, value) {
    var node = new LruNode(key, value);
    this.entries.set(key, node);
    node.older = this.newest;
    if (this.newest) this.newest.newer = node;
    this.newest = node;
    if (!this.oldest) this.oldest = node;
    if (this.entries.size <= this.capacity) return;
    var last = this.oldest;
    this.oldest = last.newer;
    this.oldest.older = null;
    this.entries.delete(last.key);
  }
}

class BucketCache {
  constructor() {
    this.buckets = [];
    for (var i = 0; i < kBuckets; i++) this.buckets.push([]);
  }
  put(hash, entry) { this.buckets[hash % kBuckets].push(entry); }
}

class BucketEntry {
  constructor(i, page) {
    this.hash = i * 2654435761 % 4294967296;  // beyond a Smi half the time
    this.page = page;
  }
}

class PageNote {
  constructor(i) { this.note = graph.text(i + 99, 40); }
}

class StoredBlob {
  constructor(i) {
    this.name = 'blob' + i;
    this.bytes = new Uint8Array(4096 + i * 16);
    this.view = i % 3 === 0 ? this.bytes.subarray(16) : null;
  }
}

graph.main('graph_caches', function(facts, done) {
  var lru = graph.keep(new LruCache(kCapacity));
  var i;
  for (i = 0; i < kEvicted; i++) lru.put('evicted:' + i, new EvictedPage(i));
  for (i = 0; i < kCapacity; i++) lru.put('page:' + i, new CachedPage(i));

  var buckets = graph.keep(new BucketCache());
  var notes = graph.keep(new WeakMap());
  var tags = graph.keep(new Set());
  i = 0;
  lru.entries.forEach(function(node) {
    if (i % 3 === 0) buckets.put(i, new BucketEntry(i, node.value));
    if (i < kNotes) notes.set(node.value, new PageNote(i));
    tags.add(node.value.tags[2]);
    i++;
  });
  // Keys that are gone: their notes go with them.
  for (i = 0; i < 1000; i++) notes.set({key: i}, new PageNote(-i));

  var blobs = graph.keep(Object.create(null));
  for (i = 0; i < kBlobs; i++) blobs['blob' + i] = new StoredBlob(i);

  facts.live('LruNode', kCapacity);
  facts.live('CachedPage', kCapacity);
  facts.live('LruCache', 1);
  facts.live('BucketCache', 1);
  facts.live('BucketEntry', kCapacity / 3);
  facts.live('PageNote', kNotes);
  facts.live('StoredBlob', kBlobs);
  facts.gone('EvictedPage', kEvicted);
  done();
});
