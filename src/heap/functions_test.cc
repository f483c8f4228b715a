// Functions, scripts and contexts over fake memory: what is right, and what hostile bytes lead to (nothing, in time).
#include <gtest/gtest.h>

#include <chrono>

#include "heap/testing/fake_heap.h"
#include "heap/views/contexts.h"
#include "heap/views/functions.h"
#include "heap/views/scripts.h"

namespace corewalk {
namespace {

using testing::FakeHeap;

constexpr uint16_t kScriptType = 200, kUncompiledType = 201;

// V8 9.4: ScopeInfo's fields from +8: flags, parameters, locals, names, infos, name and slot, start, end.
class FunctionsTest : public ::testing::Test {
 protected:
  static constexpr uint32_t kFunctionScope = 2, kHasName = 3 << 12, kHasExtension = 1u << 26;

  FunctionsTest() {
    heap_.binary().v8dbg["type_Script__SCRIPT_TYPE"] = kScriptType;
    heap_.binary().v8dbg["type_UncompiledDataWithoutPreparseData__UNCOMPILED_DATA_WITHOUT_PREPARSE_DATA_TYPE"] =
        kUncompiledType;
    function_map_ = heap_.NewMap(1, testing::kJSFunctionType, 8);
    script_map_ = heap_.NewMap(1, kScriptType, 17);
    uncompiled_map_ = heap_.NewMap(1, kUncompiledType, 3);
    context_map_ = heap_.NewMap(1, testing::kPlainContextType, 0);
  }
  uint64_t NewScript(uint64_t source, std::string_view name, int line_offset = 0, int column_offset = 0) {
    const uint64_t script = heap_.New(1, script_map_, 136);
    heap_.Set(script, 8, source);
    heap_.Set(script, 16, heap_.NewString(1, name));
    heap_.Set(script, 24, heap_.Smi(line_offset));
    heap_.Set(script, 32, heap_.Smi(column_offset));
    heap_.Set(script, 64, heap_.Smi(7));
    return script;
  }
  uint64_t NewScope(const std::vector<std::string>& names, uint32_t flags = kFunctionScope | kHasName, int start = 0, int end = 0) {
    const uint64_t scope = heap_.New(1, heap_.map_of(testing::kScopeInfoType), 8 * (4 + 2 * names.size() + 4));
    heap_.Set(scope, 8, heap_.Smi(static_cast<int32_t>(flags)));
    heap_.Set(scope, 24, heap_.Smi(static_cast<int32_t>(names.size())));
    for (size_t i = 0; i < names.size(); ++i) heap_.Set(scope, 32 + 8 * i, heap_.NewString(1, names[i]));
    const uint64_t rest = 32 + 16 * names.size();
    heap_.Set(scope, rest, heap_.NewString(1, "outer"));
    heap_.Set(scope, rest + 16, heap_.Smi(start));
    heap_.Set(scope, rest + 24, heap_.Smi(end));
    return scope;
  }
  uint64_t NewShared(uint64_t name_or_scope, uint64_t script, uint16_t token = 9) {
    const uint64_t shared = heap_.New(1, heap_.map_of(testing::kSharedFunctionInfoType), 64);
    heap_.Set(shared, 16, name_or_scope);
    heap_.Set(shared, 32, script);
    heap_.memory().Put(shared - 1 + 44, token);
    return shared;
  }
  uint64_t NewFunction(uint64_t shared, uint64_t context) {
    const uint64_t function = heap_.New(1, function_map_, 64);
    heap_.Set(function, 24, shared);
    heap_.Set(function, 32, context);
    return function;
  }
  uint64_t NewContext(uint64_t scope, uint64_t previous, const std::vector<uint64_t>& values) {
    const uint64_t context = heap_.New(1, context_map_, 32 + 8 * values.size());
    heap_.Set(context, 8, heap_.Smi(static_cast<int32_t>(2 + values.size())));
    heap_.Set(context, 16, scope);
    heap_.Set(context, 24, previous);
    for (size_t i = 0; i < values.size(); ++i) heap_.Set(context, 32 + 8 * i, values[i]);
    return context;
  }
  // Calls `use` with a fresh reader over the heap as it is now.
  template <typename Use>
  void With(Use use) {
    const Layout layout = heap_.MakeLayout();
    NameResolver names(heap_.memory(), layout);
    HeapReader reader(heap_.memory(), layout, &names);
    use(reader);
  }
  // Every word of the object, overwritten in turn with what breaks naive readers.
  template <typename Use>
  void Attack(uint64_t object, uint64_t bytes, Use use) {
    for (uint64_t offset = 0; offset < bytes; offset += 8) {
      const uint64_t before = *heap_.memory().ReadWord(object - 1 + offset);
      for (const uint64_t evil : {uint64_t{0}, ~uint64_t{0}, heap_.Smi(0x7fffffff), heap_.Smi(-1), heap_.Smi(1 << 20), object,
                                  object + 2, uint64_t{0x7f0000000001}, uint64_t{0x00000000ffffffff}}) {
        heap_.Set(object, offset, evil);
        With(use);
      }
      heap_.Set(object, offset, before);
    }
  }

  FakeHeap heap_;
  uint64_t function_map_ = 0, script_map_ = 0, uncompiled_map_ = 0, context_map_ = 0;
};

TEST_F(FunctionsTest, PlaceOfACompiledFunction) {
  const std::string source = "var a;\nlet f = function outer(x) {\n};";
  const uint64_t scope = NewScope({"x"}, kFunctionScope | kHasName, 30, 37);
  const uint64_t context = NewContext(NewScope({"y"}), 0, {heap_.Smi(5)});
  const uint64_t function = NewFunction(NewShared(scope, NewScript(heap_.NewString(1, source), "/a.js"), 14), context);
  With([&](HeapReader& reader) {
    const std::optional<FunctionView> view = ReadFunction(reader, function);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->name, "outer");
    EXPECT_EQ(view->script_name, "/a.js");
    EXPECT_EQ(view->start, 30);
    EXPECT_EQ(view->end, 37);
    EXPECT_EQ(view->token_start, 16);
    EXPECT_EQ(view->line, 2);
    EXPECT_EQ(view->column, 24);
    EXPECT_EQ(view->context, context);
    EXPECT_FALSE(view->class_constructor);
    EXPECT_FALSE(ReadFunction(reader, context));
    EXPECT_FALSE(ReadFunction(reader, 0));
    EXPECT_FALSE(ReadShared(reader, function));
  });
}

TEST_F(FunctionsTest, PlaceOfALazyFunctionAndNoPlaceOfABuiltin) {
  const uint64_t shared = NewShared(heap_.NewString(1, "lazy"), NewScript(heap_.NewString(1, "\n\nlazy()"), "b.js", 10, 5));
  const uint64_t uncompiled = heap_.New(1, uncompiled_map_, 24);
  heap_.Set(shared, 8, uncompiled);
  heap_.memory().Put(uncompiled - 1 + 16, int32_t{6});
  heap_.memory().Put(uncompiled - 1 + 20, int32_t{8});
  const uint64_t builtin = NewShared(heap_.NewString(1, "push"), heap_.root("undefined_value"));
  With([&](HeapReader& reader) {
    const std::optional<FunctionView> view = ReadShared(reader, shared);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->line, 13);
    EXPECT_EQ(view->column, 5);  // the column offset is that of the first line alone
    const std::optional<FunctionView> native = ReadShared(reader, builtin);
    ASSERT_TRUE(native);
    EXPECT_EQ(native->name, "push");
    EXPECT_EQ(native->script, 0u);
    EXPECT_EQ(native->line, 0);
  });
}

TEST_F(FunctionsTest, LinesEndAsInV8) {
  const uint64_t script = NewScript(heap_.NewTwoByteString(1, u"a\r\nb\rc\nd\u2028e\u2029\U0001f600f\r"), "ends.js", 0, 3);
  With([&](HeapReader& reader) {
    const auto at = [&](int64_t position) {
      const SourcePosition found = PositionIn(reader, script, position);
      return std::pair(found.line, found.column);
    };
    EXPECT_EQ(at(0), std::pair(1, 4));
    EXPECT_EQ(at(2), std::pair(1, 6));  // the \n of \r\n
    EXPECT_EQ(at(3), std::pair(2, 1));
    EXPECT_EQ(at(5), std::pair(3, 1));
    EXPECT_EQ(at(7), std::pair(4, 1));
    EXPECT_EQ(at(9), std::pair(5, 1));
    EXPECT_EQ(at(13), std::pair(6, 3));  // behind a surrogate pair
    EXPECT_EQ(at(15), std::pair(7, 1));  // the end
    EXPECT_EQ(at(16), std::pair(0, 0));
    EXPECT_EQ(at(-1), std::pair(0, 0));
    EXPECT_EQ(PositionIn(reader, 0, 0).line, 0);
    EXPECT_EQ(LineAt(reader, script, 3).begin, 3u);
    EXPECT_EQ(LineAt(reader, script, 3).end, 5u);
  });
}

TEST_F(FunctionsTest, VariablesOfAContext) {
  const uint64_t outer = NewContext(NewScope({"a"}), 0, {heap_.Smi(1)});
  const uint64_t extension = heap_.New(1, heap_.NewMap(1, testing::kJSObjectType, 3), 24);
  const uint64_t inner = NewContext(NewScope({"b", "c"}, kFunctionScope | kHasName | kHasExtension), outer,
                                    {extension, heap_.Smi(2), heap_.Smi(3)});
  With([&](HeapReader& reader) {
    const std::optional<ContextView> view = ReadContext(reader, inner);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->previous, outer);
    EXPECT_EQ(view->extension, extension);
    EXPECT_EQ(view->scope_type, "function");
    EXPECT_EQ(view->function_name, "outer");
    ASSERT_EQ(view->variables.size(), 2u);
    EXPECT_EQ(view->variables[0].name, "b");
    EXPECT_EQ(view->variables[0].value, heap_.Smi(2));
    EXPECT_EQ(view->variables[1].slot, inner - 1 + 48);
    EXPECT_EQ(ReadContext(reader, outer)->previous, 0u);
    EXPECT_FALSE(ReadContext(reader, extension));
  });
}

TEST_F(FunctionsTest, MoreNamesThanSlotsAndEmptyScopes) {
  const uint64_t few = NewContext(NewScope({"a", "b", "c"}), 0, {heap_.Smi(1)});
  const uint64_t none = NewContext(heap_.Smi(0), 0, {heap_.Smi(1)});
  With([&](HeapReader& reader) {
    EXPECT_EQ(ReadContext(reader, few)->variables.size(), 1u);
    EXPECT_TRUE(ReadContext(reader, none)->variables.empty());
    EXPECT_EQ(ReadContext(reader, none)->scope_type, "");
  });
}

TEST_F(FunctionsTest, HostileBytesLeadNowhere) {
  const auto begin = std::chrono::steady_clock::now();
  const uint64_t source = heap_.NewString(1, "function outer(x) {\n}\n");
  const uint64_t script = NewScript(source, "/a.js");
  const uint64_t scope = NewScope({"x", "y"}, kFunctionScope | kHasName, 14, 21);
  const uint64_t shared = NewShared(scope, script);
  const uint64_t context = NewContext(scope, 0, {heap_.Smi(1), heap_.Smi(2)});
  const uint64_t function = NewFunction(shared, context);
  const auto use = [&](HeapReader& reader) {
    if (const std::optional<FunctionView> view = ReadFunction(reader, function)) {
      EXPECT_GE(view->line, 0);
      EXPECT_LE(view->start, view->end);
      LineAt(reader, view->script, view->start);
    }
    ReadShared(reader, shared);
    if (const std::optional<ContextView> view = ReadContext(reader, context)) {
      EXPECT_LE(view->variables.size(), size_t{1} << 21);
    }
  };
  Attack(function, 64, use);
  Attack(shared, 64, use);
  Attack(script, 136, use);
  Attack(scope, 80, use);
  Attack(context, 48, use);
  Attack(source, 24, use);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

}  // namespace
}  // namespace corewalk
