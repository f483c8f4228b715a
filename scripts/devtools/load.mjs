// Loads a heap snapshot as DevTools does, with the classes and the two threads of its own worker, and prints how long it
// took until retained sizes stood: one JSON line {seconds, nodes, total, peak_rss_bytes}. Bundled by scripts/fetch-devtools.
//   node load.mjs FILE.heapsnapshot
import * as fs from 'node:fs';
import {isMainThread, MessageChannel, parentPort, Worker} from 'node:worker_threads';
import {fileURLToPath} from 'node:url';
import {SecondaryInitManager} from 'heap_snapshot_worker/HeapSnapshot.ts';
import {HeapSnapshotLoader} from 'heap_snapshot_worker/HeapSnapshotLoader.ts';

async function load(file) {
  const start = performance.now();
  const second = new Worker(fileURLToPath(import.meta.url));
  const {port1, port2} = new MessageChannel();
  second.postMessage(port2, [port2]);
  const loader = new HeapSnapshotLoader({sendEvent() {}});
  const input = fs.createReadStream(file, {encoding: 'utf8', highWaterMark: 10 << 20});  // as the frontend reads files
  for await (const chunk of input) loader.write(chunk);
  loader.close();
  const snapshot = await loader.buildSnapshot(port1);
  console.log(JSON.stringify({
    seconds: (performance.now() - start) / 1000,
    nodes: snapshot.nodeCount,
    total: snapshot.totalSize,
    peak_rss_bytes: process.resourceUsage().maxRSS * 1024,
  }));
  process.exit(0);
}

if (isMainThread) {
  await load(process.argv[2]);
} else {
  parentPort.once('message', received => new SecondaryInitManager(received));
}
