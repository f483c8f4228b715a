// Times the stages of a histogram and of the graph on one core file, next to R: the time it takes one thread to read the bytes of the
// heap once, through a fresh mapping. What a stage costs in R is what can be compared between machines and over time.
//
//   corewalk_bench --core=FILE [--exe=NODE] [--benchmark_... options of Google Benchmark]
//
// Everything is measured with the file in the page cache (an untimed walk comes first); cold runs and memory are the
// business of scripts/bench. bytes_per_second and items_per_second are of heap bytes and objects.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/histogram.h"
#include "analysis/referrers.h"
#include "graph/marker.h"
#include "graph/references.h"
#include "graph/roots.h"
#include "heap/heap_walk.h"
#include "heap/string_search.h"
#include "memory/elf_core.h"
#include "session/session.h"

namespace corewalk {
namespace {

struct Target {
  std::string core;
  std::string executable;
};

Target& TheTarget() {
  static Target target;
  return target;
}

// Times one stage of one iteration. The wall clock is what users feel; the CPU time of all threads, of which the least
// is kept as the counter "cpu_seconds", is what stays comparable when other programs run.
class Stopwatch {
 public:
  explicit Stopwatch(benchmark::State* state) : state_(*state) {}

  void Start() {
    cpu_ = CpuSeconds();
    wall_ = std::chrono::steady_clock::now();
  }
  void Stop() {
    state_.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_).count());
    least_cpu_ = std::min(least_cpu_, CpuSeconds() - cpu_);
    state_.counters["cpu_seconds"] = least_cpu_;
  }

 private:
  static double CpuSeconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  }

  benchmark::State& state_;
  std::chrono::steady_clock::time_point wall_;
  double cpu_ = 0;
  double least_cpu_ = std::numeric_limits<double>::infinity();
};

std::unique_ptr<Session> OpenSession(int threads) {
  Result<std::unique_ptr<ElfCore>> core = ElfCore::Open(TheTarget().core);
  if (!core) return nullptr;
  Result<std::unique_ptr<Session>> session =
      Session::Open(std::move(*core), {.executable = TheTarget().executable, .threads = threads});
  return session ? std::move(*session) : nullptr;
}

// The session that all walks share, so that only one stage is timed. Null when the core cannot be opened (main() has
// told why).
Session* SharedSession() {
  static const std::unique_ptr<Session> session = OpenSession(1);
  return session.get();
}

struct HeapSize {
  uint64_t bytes = 0;  // of the object areas
  uint64_t objects = 0;
};

// The object areas of all pages, as one walk sees them.
const std::vector<std::pair<Address, Address>>& Areas() {
  static const std::vector<std::pair<Address, Address>> areas = [] {
    std::vector<std::pair<Address, Address>> list;
    const HeapModel& model = SharedSession()->model();
    for (const Page* page : model.index().pages()) {
      if (!page->from_page) list.emplace_back(page->descriptor.area_start, page->descriptor.area_end);
    }
    return list;
  }();
  return areas;
}

const HeapSize& TheHeap() {
  static const HeapSize size = [] {
    HeapSize result;
    for (const auto& [start, end] : Areas()) result.bytes += end - start;
    result.objects = WalkHeap(SharedSession()->model(), {.threads = 1}, Cancel(), nullptr).Total().objects;
    return result;
  }();
  return size;
}

void SetCounters(benchmark::State& state) {
  const HeapSize& heap = TheHeap();
  state.SetBytesProcessed(static_cast<int64_t>(heap.bytes) * state.iterations());
  state.SetItemsProcessed(static_cast<int64_t>(heap.objects) * state.iterations());
}

// R. Four sums, so that the additions do not wait for each other.
uint64_t SumWords(std::span<const std::byte> bytes) {
  uint64_t sums[4] = {};
  size_t at = 0;
  for (; at + 32 <= bytes.size(); at += 32) {
    uint64_t words[4];
    std::memcpy(words, bytes.data() + at, sizeof(words));
    for (int i = 0; i < 4; ++i) sums[i] += words[i];
  }
  return sums[0] + sums[1] + sums[2] + sums[3];
}

void BM_ReadHeapOnce(benchmark::State& state) {
  (void)TheHeap();
  Stopwatch stopwatch(&state);
  for (auto _ : state) {
    const Result<std::unique_ptr<ElfCore>> core = ElfCore::Open(TheTarget().core);
    if (!core) return state.SkipWithError("the core cannot be opened");
    stopwatch.Start();
    uint64_t sum = 0;
    for (const auto& [from, to] : Areas()) sum += SumWords((*core)->View(from, to - from));
    benchmark::DoNotOptimize(sum);
    stopwatch.Stop();
  }
  SetCounters(state);
}

// From the path of a core to a verified model of its heaps: executable, isolates, layout, pages, self-check.
void BM_Open(benchmark::State& state) {
  Stopwatch stopwatch(&state);
  for (auto _ : state) {
    stopwatch.Start();
    std::unique_ptr<Session> session = OpenSession(1);
    benchmark::DoNotOptimize(session.get());
    stopwatch.Stop();
  }
}

// The walk and its tallies alone; the mapping is warm.
void BM_Walk(benchmark::State& state) {
  const HeapModel& model = SharedSession()->model();
  Stopwatch stopwatch(&state);
  for (auto _ : state) {
    stopwatch.Start();
    const HeapWalkResult walk = WalkHeap(model, {.threads = static_cast<int>(state.range(0))}, Cancel(), nullptr);
    benchmark::DoNotOptimize(&walk);
    stopwatch.Stop();
  }
  SetCounters(state);
}

// What a user waits for: open, walk, names, sort.
void BM_OpenAndHistogram(benchmark::State& state) {
  const int threads = static_cast<int>(state.range(0));
  Stopwatch stopwatch(&state);
  for (auto _ : state) {
    stopwatch.Start();
    std::unique_ptr<Session> session = OpenSession(threads);
    if (session == nullptr) return state.SkipWithError("the core cannot be opened");
    const HeapWalkResult walk = WalkHeap(session->model(), {.threads = threads}, Cancel(), nullptr);
    const Histogram histogram =
        MakeHistogram(walk.shapes, session->names(), session->layout(), HistogramBy::kConstructor, HistogramSort::kShallow);
    benchmark::DoNotOptimize(&histogram);
    stopwatch.Stop();
  }
  SetCounters(state);
}

// The first question of a session: who refers to one object, roots included.
void BM_OpenAndRefs(benchmark::State& state) {
  const int threads = static_cast<int>(state.range(0));
  const HeapWalkResult walk = WalkHeap(SharedSession()->model(), {}, Cancel(), nullptr);
  const auto common = std::ranges::max_element(
      walk.shapes, {}, [](const ShapeTally& shape) { return shape.map.category == Category::kObject ? shape.count : 0; });
  if (common == walk.shapes.end()) return state.SkipWithError("the heap is empty");
  Stopwatch stopwatch(&state);
  for (auto _ : state) {
    stopwatch.Start();
    std::unique_ptr<Session> session = OpenSession(threads);
    if (session == nullptr) return state.SkipWithError("the core cannot be opened");
    HeapReader reader(session->memory(), session->layout(), &session->names());
    const Referrers found = FindReferrers(*session, &reader, std::span(&common->sample, 1), {.walk = {.threads = threads}}, Cancel(), nullptr);
    benchmark::DoNotOptimize(&found);
    stopwatch.Stop();
  }
  SetCounters(state);
}

// The same for a text that no string holds.
void BM_OpenAndFindText(benchmark::State& state) {
  const int threads = static_cast<int>(state.range(0));
  Stopwatch stopwatch(&state);
  for (auto _ : state) {
    stopwatch.Start();
    std::unique_ptr<Session> session = OpenSession(threads);
    if (session == nullptr) return state.SkipWithError("the core cannot be opened");
    const StringSearch found =
        FindStrings(session->model(), {.threads = threads}, StringNeedle("not to be found"), Cancel(), nullptr);
    benchmark::DoNotOptimize(&found);
    stopwatch.Stop();
  }
  SetCounters(state);
}

// The stages of the graph of the first isolate; the mapping is warm.
void BM_Number(benchmark::State& state) {
  Stopwatch stopwatch(&state);
  for (auto _ : state) {
    stopwatch.Start();
    const auto index = ObjectIndex::Build(SharedSession()->model(), 0, static_cast<int>(state.range(0)), Cancel(), {});
    benchmark::DoNotOptimize(&index);
    stopwatch.Stop();
  }
  SetCounters(state);
}

const ObjectIndex& TheIndex() {
  static const std::unique_ptr<ObjectIndex> index =
      std::move(ObjectIndex::Build(SharedSession()->model(), 0, 2, Cancel(), {}).value());
  return *index;
}

// All references of all objects, packed by referrer.
void BM_References(benchmark::State& state) {
  const ObjectIndex& index = TheIndex();
  Stopwatch stopwatch(&state);
  for (auto _ : state) {
    stopwatch.Start();
    const auto references = References::Build(index, static_cast<int>(state.range(0)), Cancel(), {});
    benchmark::DoNotOptimize(&references);
    stopwatch.Stop();
  }
  SetCounters(state);
}

// What is live, from the pages themselves.
void BM_Mark(benchmark::State& state) {
  const ObjectIndex& index = TheIndex();
  const HeapModel& model = index.model();
  const Roots roots = CollectRoots(model, model.isolates()[0], SharedSession()->binary(), Cancel(), 2);
  std::vector<ObjectId> nodes;
  for (const Root& root : roots.roots) {
    if (const ObjectId id = index.At(root.object); id != kNoObject && root.strength != RootStrength::kWeak) nodes.push_back(id);
  }
  Stopwatch stopwatch(&state);
  uint64_t live = 0;
  for (auto _ : state) {
    stopwatch.Start();
    const auto marker = Marker::Create(index, static_cast<int>(state.range(0)), Cancel(), {});
    NodeSet reached;
    if (!marker || !(*marker)->Mark({nodes, {}}, nullptr, &reached, Cancel(), {}))
      return state.SkipWithError("nothing can be marked");
    stopwatch.Stop();
    live = reached.Count();
  }
  SetCounters(state);
  state.counters["live_objects"] = static_cast<double>(live);
}

BENCHMARK(BM_ReadHeapOnce)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Open)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Walk)->Arg(1)->Arg(2)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_OpenAndHistogram)->Arg(1)->Arg(2)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_OpenAndRefs)->Arg(1)->Arg(2)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_OpenAndFindText)->Arg(1)->Arg(2)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Number)->Arg(1)->Arg(2)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_References)->Arg(1)->Arg(2)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Mark)->Arg(1)->Arg(2)->UseManualTime()->Unit(benchmark::kMillisecond);

int Main(int argc, char** argv) {
  std::vector<char*> rest;
  for (int i = 0; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word.starts_with("--core=")) {
      TheTarget().core = word.substr(7);
    } else if (word.starts_with("--exe=")) {
      TheTarget().executable = word.substr(6);
    } else {
      rest.push_back(argv[i]);
    }
  }
  int count = static_cast<int>(rest.size());
  benchmark::Initialize(&count, rest.data());
  if (benchmark::ReportUnrecognizedArguments(count, rest.data()) || TheTarget().core.empty()) {
    fmt::print(stderr, "usage: corewalk_bench --core=FILE [--exe=NODE] [--benchmark_...]\n");
    return 2;
  }
  Result<std::unique_ptr<ElfCore>> core = ElfCore::Open(TheTarget().core);
  if (!core) {
    fmt::print(stderr, "error: {}\n", core.error().message);
    return 1;
  }
  const Result<std::unique_ptr<Session>> session =
      Session::Open(std::move(*core), {.executable = TheTarget().executable});
  if (!session) {
    fmt::print(stderr, "error: {}\n", session.error().message);
    return 1;
  }
  (void)TheHeap();  // brings the heap into the page cache
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace corewalk

int main(int argc, char** argv) {
  return corewalk::Main(argc, argv);
}
