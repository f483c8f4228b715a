#include "analysis/program_callback.h"

#include "heap/views/bound_functions.h"
#include "heap/views/contexts.h"
#include "heap/views/functions.h"
#include "node/node_script.h"

namespace corewalk {
namespace {

constexpr int kMostWrappers = 4;

bool IsOfNode(const FunctionView& function) {
  return function.script != 0 && IsNodeScript(function.script_name);
}

// The function of that name in the scope that `function` was made in. Parameters that have defaults stand in a scope
// around that of the function's body.
uint64_t WrappedBy(HeapReader& reader, const FunctionView& function) {
  constexpr int kMostScopes = 2;
  uint64_t scope = function.context;
  for (int i = 0; i < kMostScopes; ++i) {
    const std::optional<ContextView> context = ReadContext(reader, scope);
    if (!context) return 0;
    for (const std::string_view name : {"cb", "callback"}) {
      for (const ContextVariable& variable : context->variables) {
        if (variable.name == name && variable.readable && ReadFunction(reader, variable.value)) return variable.value;
      }
    }
    scope = context->previous;
  }
  return 0;
}

// What Node.js bound: a function of the program among the arguments, else any, else the function itself.
uint64_t BoundBy(HeapReader& reader, uint64_t bound) {
  uint64_t of_node = 0;
  for (const uint64_t argument : BoundArguments(reader, bound)) {
    const std::optional<FunctionView> view = ReadFunction(reader, argument);
    if (!view) continue;
    if (view->script != 0 && !IsOfNode(*view)) return argument;
    if (of_node == 0) of_node = argument;
  }
  return of_node != 0 ? of_node : reader.Field(bound, kBoundTarget).value_or(0);
}

}  // namespace

uint64_t ProgramCallback(HeapReader& reader, uint64_t function) {
  uint64_t at = function;
  for (int i = 0; i < kMostWrappers; ++i) {
    const std::optional<FunctionView> view = ReadFunction(reader, at);
    if (!view) break;
    const bool bound = IsBoundFunction(reader, at);
    if (!bound && !IsOfNode(*view)) break;
    const uint64_t wrapped = bound ? BoundBy(reader, at) : WrappedBy(reader, *view);
    if (wrapped == 0 || wrapped == at || !ReadFunction(reader, wrapped)) break;
    at = wrapped;
  }
  return at;
}

}  // namespace corewalk
