'use strict';
// What is live and what is garbage, and who holds what: objects that are dropped after they have been promoted, with no
// collection since, and objects that are each held in one known way.
//   node --expose-gc graph_live.js [COUNT]
var common = require('./common.js');
var kCount = Number(process.argv[2] || 100000);
var kNodes = 50000, kFriends = 1000, kShared = 2000;

class KeptRecord { constructor(i) { this.id = i; } }
class DroppedRecord { constructor(i) { this.id = i; } }
class ListNode { constructor(next) { this.next = next; } }
class FriendHolder { constructor(friend) { this.friend = friend; } }
class CommonFriend {}
class SharedLeaf { constructor(i) { this.index = i; } }
class SharedList { constructor(items) { this.items = items; } }
class LeftOwner { constructor(list) { this.left = list; } }
class RightOwner { constructor(list) { this.right = list; } }
class DeepTarget {}
class StoreOwner { constructor() { this.buffer = new ArrayBuffer(3 << 20); } }
class ClosureTarget {}

const records = new Map();
// A property: a variable that is not read again does not live until it is overwritten.
var stage = common.keep({dropped: []});
for (var i = 0; i < kCount; i++) {
  records.set('record:' + i, new KeptRecord(i));
  stage.dropped.push(new DroppedRecord(i));
}

function makeList() {
  var head = null;
  for (var i = 0; i < kNodes; i++) head = new ListNode(head);
  return head;
}
const list = {head: makeList()};

var friends = [];
(function() {
  var friend = new CommonFriend();
  for (var i = 0; i < kFriends; i++) friends.push(new FriendHolder(friend));
})();

var owners = (function() {
  var items = [];
  for (var i = 0; i < kShared; i++) items.push(new SharedLeaf(i));
  var shared = new SharedList(items);
  return {a: new LeftOwner(shared), b: new RightOwner(shared)};
})();

const holder = {inner: {deep: [0, 1, new DeepTarget()]}};
const store = new StoreOwner();

var ticker = (function() {
  var captured = new ClosureTarget();
  return function tick() { return captured; };
})();

common.keep([records, list, friends, owners, holder, store, ticker]);

common.settle();
common.settle();
stage.dropped = null;  // and no collection from here on

common.print({
  kept: {name: 'KeptRecord', count: kCount},
  dropped: {name: 'DroppedRecord', count: kCount},
  nodes: kNodes, friends: kFriends, shared: kShared, store: 3 << 20,
  file: __filename,
});
process.abort();
