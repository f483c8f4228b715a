// Stacks. What V8 itself takes for roots is in the frames of JavaScript: from the frame in which JavaScript was left
// for C++ (an exit frame) up to the one in which it was entered. The words of these frames are roots. Those of C++
// frames are none: what C++ code holds over a collection, it holds by handles; threads that only help the collector
// leave addresses of any object on their stacks. Where no frames of JavaScript could be followed, every word of every
// stack may be one.
#include <algorithm>
#include <span>

#include "graph/roots_builder.h"
#include "heap/stack_frames.h"

namespace corewalk {

void CollectStacks(RootsBuilder* builder) {
  RootGroupState& state = builder->state(RootGroup::kStacks);
  const std::span<const ThreadState> threads = builder->memory().Threads();
  state.found = !threads.empty();
  if (!state.found) state.problem = "the target has no threads";
  struct Read {
    StackWords stack;
    JavaScriptFrames frames;
  };
  std::vector<Read> stacks;
  size_t unreadable = 0;
  const int own = builder->isolate().thread_id;
  bool followed = false;  // frames of the isolate's thread
  for (const ThreadState& thread : threads) {
    if (builder->cancel().Cancelled()) return;
    Read& read = stacks.emplace_back();
    read.stack = ReadStack(builder->memory(), thread);
    if (read.stack.words.empty()) ++unreadable;
    read.frames = FindJavaScriptFrames(builder->memory(), thread, read.stack, builder->words().words);
    if (read.frames.cut) read.frames.ranges.clear();  // no chain of frames
    followed |= !read.frames.ranges.empty() && (read.frames.of_isolate || thread.tid == own);
  }
  state.conservative = !followed;
  // Helper threads may carry a worker's isolate; the main isolate's thread is known for sure.
  const bool only_own = followed || (own != 0 && own == builder->memory().Process().pid);
  for (size_t i = 0; i < stacks.size(); ++i) {
    if (builder->cancel().Cancelled()) return;
    const auto& [stack, frames] = stacks[i];
    const Address sp = stack.start;
    const std::vector<uint64_t>& words = stack.words;
    const ThreadState& thread = threads[i];
    const std::string name = "thread " + std::to_string(thread.tid);
    const auto add = [&](Address from, Address to, RootStrength strength, uint32_t label) {
      const size_t until = std::min<size_t>(words.size(), to > sp ? (to - sp) / 8 : 0);
      for (size_t at = from > sp ? (from - sp) / 8 : 0; at < until; ++at) {
        if (at % (1 << 16) == 0 && builder->cancel().Cancelled()) return;
        builder->Add(sp + 8 * at, words[at], RootGroup::kStacks, strength, label);
      }
    };
    const bool its = frames.of_isolate || thread.tid == own;
    if (only_own && !its) continue;
    if (!frames.ranges.empty()) {
      const uint32_t label = builder->Label("JavaScript frames of " + name);
      for (const JavaScriptFrames::Range& range : frames.ranges) add(range.begin, range.end, RootStrength::kStrong, label);
    }
    if (followed && !(frames.running && !frames.ranges.empty())) continue;
    const uint32_t label = builder->Label(name);
    for (const uint64_t word : thread.registers) builder->Add(0, word, RootGroup::kStacks, RootStrength::kMaybe, label);
    if (!followed) add(sp, ~Address{0}, RootStrength::kMaybe, label);
  }
  if (unreadable > 0) state.problem = "stacks of " + std::to_string(unreadable) + " threads cannot be read";
}

}  // namespace corewalk
