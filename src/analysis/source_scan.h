// Where a script's source declares variables and gives values to properties: what a person is shown for the name that
// holds something. It finds `const cache = new Map()`, parameters, destructured names, imports, classes, catch clauses,
// each with the function or block in whose context the variable lives; and `this.history = []`, `history: []`,
// `exports.x = ...`, class fields, `x = ...` without a declaration. No parser: tokens, brackets and what stands before
// them. Sources that are minified to one line or are no JavaScript at all give what can be recognised in them. No
// recursion; everything is bounded (see source_tokens.h). Positions are UTF-16 units of the source, as V8 counts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"

namespace corewalk {

enum class DeclarationKind : uint8_t { kConst, kLet, kVar, kFunction, kClass, kParameter, kImport, kCatch };

// Where a value comes from, as its initialiser tells; the first are where something is made, and so the best place to
// name for what is held.
enum class ValueOrigin : uint8_t {
  kMade,       // new X(), [], {}, a literal, a function
  kCalled,     // what a function returned
  kUnknown,    // no initialiser here
  kAlias,      // another variable or property
  kRequired,   // require() or import
  kParameter,  // what a caller gave, or what was caught
};

enum class PropertySiteKind : uint8_t {
  kField,     // of a class: history = [];
  kThis,      // this.history = []
  kMember,    // app.locals.history = []
  kKey,       // {history: []}, {history}
  kDefine,    // Object.defineProperty(app, 'history', ...)
  kAssigned,  // history = [], where no variable of that name need exist
};

// One place in the source.
struct SourceSite {
  int64_t position = 0;  // of the name
  std::string text;      // "const cache = new Map()"; white space as single spaces, cut after 60 characters; raw
  ValueOrigin origin = ValueOrigin::kUnknown;
};

struct VariableQuery {
  std::string_view name;
  // The function whose context, or in one of whose blocks' contexts, the variable lives: V8's positions, from the "("
  // of the parameters on. -1 = unknown, or the whole script.
  int64_t begin = -1, end = -1;
  bool in_block = false;                       // the context is that of a block, class or catch clause inside of it
  std::span<const std::string> siblings = {};  // other variables of the same context
  int64_t inside = -1;                         // a place of which is known that it sees the variable; -1 = none
};

struct PropertyQuery {
  std::string_view name;
  // What a person would call the object: "App", "module.exports", "app.locals"; sites that say so are preferred.
  std::string_view owner = {};
  // Where the owner is defined, as the source range of its class or constructor; -1 = unknown.
  int64_t begin = -1, end = -1;
  // The property is one of the global object.
  bool global = false;
};

class SourceScan {
 public:
  // `text` is the whole source, WTF-8. Cut short when cancelled.
  SourceScan(std::string text, const Cancel& cancel);

  std::optional<SourceSite> FindVariable(const VariableQuery& query) const;
  // The best site for the property; the first in the source among equals.
  std::optional<SourceSite> FindProperty(const PropertyQuery& query) const;
  // The local name of what a module exports as `name`: "b" for `export {b as name}`; `name` itself when it is not
  // renamed.
  std::string LocalNameOfExport(std::string_view name) const;
  bool Exports(std::string_view name) const;

  struct NamedSite {
    std::string name;
    SourceSite site;
  };
  struct Made {
    std::vector<NamedSite> variables;  // declared with something that makes such an object: `new Map()`, `[]`, `{}`
    bool any_returned = false;         // others are what some function returned, which may be one
  };
  // The variables of the function between these positions (-1: of the whole script, but none of its functions) that an
  // object of the class may be in.
  Made MadeIn(int64_t begin, int64_t end, std::string_view class_name) const;
  // Whether what stands between these positions has this word, or calls by its name a function of this source that has
  // it: `() => poll(socket)` has "setTimeout" when poll does.
  bool LeadsTo(int64_t begin, int64_t end, std::string_view word, const Cancel& cancel) const;
  // The byte of the text at a position.
  uint32_t ByteAt(int64_t units) const;
  uint64_t MemoryBytes() const;
  std::string_view text() const { return text_; }

  // Implementation; byte offsets into the text.
  enum class ScopeKind : uint8_t { kScript, kFunction, kBlock, kClass };
  struct Scope {
    uint32_t begin = 0, end = 0;
    uint32_t parent = 0;
    ScopeKind kind = ScopeKind::kScript;
    uint32_t name_begin = 0, name_end = 0;
  };
  struct Declaration {
    uint32_t name_begin = 0, name_end = 0;
    uint32_t begin = 0, end = 0;  // of its text, behind the keyword
    uint32_t scope = 0;
    DeclarationKind kind = DeclarationKind::kVar;
    ValueOrigin origin = ValueOrigin::kUnknown;
  };
  struct PropertySite {
    uint32_t name_begin = 0, name_end = 0;
    uint32_t begin = 0, end = 0;  // of its text
    uint32_t scope = 0;
    PropertySiteKind kind = PropertySiteKind::kKey;
    ValueOrigin origin = ValueOrigin::kUnknown;
  };
  struct Export {
    uint32_t name_begin = 0, name_end = 0;
    uint32_t local_begin = 0, local_end = 0;
  };

 private:
  std::string_view TextOf(uint32_t begin, uint32_t end) const {
    return std::string_view(text_).substr(begin, end - begin);
  }
  void MeasureUnits();
  int64_t UnitsAt(uint32_t byte) const;
  uint32_t ScopeOfFunction(int64_t begin, int64_t end) const;
  bool IsInside(uint32_t scope, uint32_t outer) const;
  std::string Shown(std::string_view text) const;
  std::string OwnerIn(const PropertySite& site) const;
  ValueOrigin OriginOf(const Declaration& declaration) const;
  SourceSite SiteOf(const Declaration& declaration) const;

  std::string text_;
  bool one_unit_per_byte_ = true;
  std::vector<uint32_t> units_;  // at every kUnitStep-th byte; empty when one unit is one byte
  std::vector<Scope> scopes_;    // the first is the script's; parents before their children
  std::vector<Declaration> declarations_;
  std::vector<PropertySite> properties_;
  std::vector<Export> exports_;
};

}  // namespace corewalk
