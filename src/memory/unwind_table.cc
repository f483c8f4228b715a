#include "memory/unwind_table.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <span>

namespace corewalk {
namespace {

constexpr size_t kMostEntries = 1 << 22;
constexpr size_t kMostFde = 1 << 14;  // bytes of one entry that are read
constexpr size_t kMostSaved = 64, kMostOperands = 64;
constexpr uint8_t kPcRelativeInt32 = 0x1b, kUnsigned32 = 0x03, kTableRelativeInt32 = 0x3b, kOmitted = 0xff;

// Bytes of the file from an address on.
class Cursor {
 public:
  Cursor(const ElfFile& file, Address at) : at_(at), bytes_(kMostFde) { bytes_.resize(file.ReadVirtual(at, bytes_)); }

  Address address() const { return at_ + position_; }
  bool ok() const { return ok_; }
  bool AtEnd() const { return position_ >= end(); }
  size_t end() const { return std::min(limit_, bytes_.size()); }
  void LimitTo(uint64_t length) { limit_ = position_ + std::min<uint64_t>(length, kMostFde); }
  void Skip(uint64_t count) { position_ += std::min<uint64_t>(count, end() - std::min(position_, end())); }
  template <typename T>
  T Take() {
    T value{};
    if (position_ + sizeof(T) > end()) {
      ok_ = false;
      position_ = end();
      return value;
    }
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }
  uint64_t Uleb() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = Take<uint8_t>();
      value |= uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) break;
    }
    return value;
  }
  int64_t Sleb() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64;) {
      const auto byte = Take<uint8_t>();
      value |= uint64_t{byte & 0x7fu} << shift;
      shift += 7;
      if ((byte & 0x80) != 0) continue;
      if ((byte & 0x40) != 0 && shift < 64) value |= ~uint64_t{0} << shift;
      break;
    }
    return static_cast<int64_t>(value);
  }
  // A pointer as `encoding` says; nothing for encodings that are not known here.
  std::optional<Address> Pointer(uint8_t encoding) {
    const Address here = address();
    uint64_t value = 0;
    switch (encoding & 0x0f) {
      case 0x00: case 0x04: case 0x0c: value = Take<uint64_t>(); break;
      case 0x02: value = Take<uint16_t>(); break;
      case 0x03: value = Take<uint32_t>(); break;
      case 0x0a: value = static_cast<uint64_t>(int64_t{Take<int16_t>()}); break;
      case 0x0b: value = static_cast<uint64_t>(int64_t{Take<int32_t>()}); break;
      default: return std::nullopt;
    }
    switch (encoding & 0x70) {
      case 0x00: return value;
      case 0x10: return here + value;
      default: return std::nullopt;
    }
  }

 private:
  Address at_;
  std::vector<std::byte> bytes_;
  size_t position_ = 0;
  size_t limit_ = kMostFde;
  bool ok_ = true;
};

struct Rule {
  enum class Kind : uint8_t { kSame, kUndefined, kAtCfa, kCfaPlus, kRegister, kExpression, kValueExpression };
  Kind kind = Kind::kSame;
  int64_t value = 0;  // offset, register, or where in the file the expression is
};
struct Row {
  Rule cfa;  // kCfaPlus with cfa_register, or kExpression
  uint64_t cfa_register = UnwindRegisters::kRsp;
  std::array<Rule, UnwindRegisters::kCount> rules{};
};

struct Cie {
  uint64_t code_align = 1;
  int64_t data_align = 1;
  uint64_t return_register = UnwindRegisters::kPc;
  uint8_t pointer_encoding = 0;
  bool signal_frame = false;
  bool sized = false;  // 'z': entries say how long their augmentation is
};

// The arithmetic of DWARF expressions that occur on x86-64 Linux: in the PLT and in the frames of signal handlers.
std::optional<uint64_t> Evaluate(const ElfFile& file, Address at, std::optional<uint64_t> first, const Memory& memory,
                                 const UnwindRegisters& registers) {
  Cursor cursor(file, at);
  cursor.LimitTo(cursor.Uleb());
  std::vector<uint64_t> stack;
  if (first) stack.push_back(*first);
  while (!cursor.AtEnd() && cursor.ok() && stack.size() < kMostOperands) {
    const auto op = cursor.Take<uint8_t>();
    const auto binary = [&](auto&& fn) {
      if (stack.size() < 2) return false;
      const uint64_t right = stack.back();
      stack.pop_back();
      stack.back() = fn(stack.back(), right);
      return true;
    };
    bool fine = true;
    if (op >= 0x30 && op < 0x50) {
      stack.push_back(op - 0x30u);
    } else if (op >= 0x70 && op < 0x70 + UnwindRegisters::kCount) {
      stack.push_back(registers.values[op - 0x70u] + static_cast<uint64_t>(cursor.Sleb()));
    } else {
      switch (op) {
        case 0x06: {
          const std::optional<uint64_t> word = stack.empty() ? std::nullopt : memory.ReadWord(stack.back());
          if (!word) return std::nullopt;
          stack.back() = *word;
          break;
        }
        case 0x08: stack.push_back(cursor.Take<uint8_t>()); break;
        case 0x09: stack.push_back(static_cast<uint64_t>(int64_t{cursor.Take<int8_t>()})); break;
        case 0x10: stack.push_back(cursor.Uleb()); break;
        case 0x11: stack.push_back(static_cast<uint64_t>(cursor.Sleb())); break;
        case 0x1a: fine = binary([](uint64_t a, uint64_t b) { return a & b; }); break;
        case 0x1c: fine = binary([](uint64_t a, uint64_t b) { return a - b; }); break;
        case 0x22: fine = binary([](uint64_t a, uint64_t b) { return a + b; }); break;
        case 0x23:
          if (stack.empty()) return std::nullopt;
          stack.back() += cursor.Uleb();
          break;
        case 0x24: fine = binary([](uint64_t a, uint64_t b) { return b < 64 ? a << b : 0; }); break;
        case 0x2a: fine = binary([](uint64_t a, uint64_t b) { return static_cast<int64_t>(a) >= static_cast<int64_t>(b) ? 1u : 0u; }); break;
        default: return std::nullopt;
      }
    }
    if (!fine) return std::nullopt;
  }
  return stack.empty() || !cursor.ok() ? std::nullopt : std::optional(stack.back());
}

std::optional<Cie> ReadCie(const ElfFile& file, Address at, Row* initial, bool (*run)(Cursor*, const Cie&, Address, Address, const Row&, Row*)) {
  Cursor cursor(file, at);
  const auto length = cursor.Take<uint32_t>();
  if (length == 0 || length == 0xffffffff) return std::nullopt;
  cursor.LimitTo(length);
  if (cursor.Take<uint32_t>() != 0) return std::nullopt;
  const auto version = cursor.Take<uint8_t>();
  if (version != 1 && version != 3) return std::nullopt;
  std::string augmentation;
  for (char c; (c = cursor.Take<char>()) != 0 && cursor.ok() && augmentation.size() < 16;) augmentation += c;
  Cie cie;
  cie.code_align = cursor.Uleb();
  cie.data_align = cursor.Sleb();
  cie.return_register = version == 1 ? cursor.Take<uint8_t>() : cursor.Uleb();
  for (const char c : augmentation) {
    if (c == 'z') {
      cie.sized = true;
      cursor.Uleb();
    } else if (c == 'R') {
      cie.pointer_encoding = cursor.Take<uint8_t>();
    } else if (c == 'P') {
      const auto encoding = cursor.Take<uint8_t>();
      if (!cursor.Pointer(encoding & 0x0f)) return std::nullopt;
    } else if (c == 'L') {
      cursor.Take<uint8_t>();
    } else if (c == 'S') {
      cie.signal_frame = true;
    } else {
      return std::nullopt;
    }
  }
  if (!cursor.ok() || cie.return_register >= UnwindRegisters::kCount) return std::nullopt;
  if (!run(&cursor, cie, 0, ~Address{0}, Row(), initial)) return std::nullopt;
  return cie;
}

// Runs the instructions until they are about code behind `pc`.
bool RunInstructions(Cursor* cursor, const Cie& cie, Address begin, Address pc, const Row& initial, Row* row) {
  Address location = begin;
  std::vector<Row> saved;
  const auto set = [&](uint64_t reg, Rule rule) {
    if (reg < UnwindRegisters::kCount) row->rules[reg] = rule;
  };
  const auto block = [&]() {
    const auto at = static_cast<int64_t>(cursor->address());
    cursor->Skip(cursor->Uleb());
    return at;
  };
  const auto advance = [&](uint64_t delta) {
    location += delta * cie.code_align;
    return location <= pc;
  };
  while (!cursor->AtEnd() && cursor->ok()) {
    const auto op = cursor->Take<uint8_t>();
    const uint64_t low = op & 0x3f;
    switch (op & 0xc0) {
      case 0x40:
        if (!advance(low)) return true;
        continue;
      case 0x80:
        set(low, {Rule::Kind::kAtCfa, static_cast<int64_t>(cursor->Uleb()) * cie.data_align});
        continue;
      case 0xc0:
        if (low < UnwindRegisters::kCount) row->rules[low] = initial.rules[low];
        continue;
      default:
        break;
    }
    switch (op) {
      case 0x00: break;
      case 0x01: {
        const std::optional<Address> to = cursor->Pointer(cie.pointer_encoding);
        if (!to) return false;
        location = *to;
        if (location > pc) return true;
        break;
      }
      case 0x02: if (!advance(cursor->Take<uint8_t>())) return true; break;
      case 0x03: if (!advance(cursor->Take<uint16_t>())) return true; break;
      case 0x04: if (!advance(cursor->Take<uint32_t>())) return true; break;
      case 0x05: {
        const uint64_t reg = cursor->Uleb();
        set(reg, {Rule::Kind::kAtCfa, static_cast<int64_t>(cursor->Uleb()) * cie.data_align});
        break;
      }
      case 0x06: {
        const uint64_t reg = cursor->Uleb();
        if (reg < UnwindRegisters::kCount) row->rules[reg] = initial.rules[reg];
        break;
      }
      case 0x07: set(cursor->Uleb(), {Rule::Kind::kUndefined, 0}); break;
      case 0x08: set(cursor->Uleb(), {Rule::Kind::kSame, 0}); break;
      case 0x09: {
        const uint64_t reg = cursor->Uleb();
        set(reg, {Rule::Kind::kRegister, static_cast<int64_t>(cursor->Uleb())});
        break;
      }
      case 0x0a:
        if (saved.size() >= kMostSaved) return false;
        saved.push_back(*row);
        break;
      case 0x0b:
        if (saved.empty()) return false;
        *row = saved.back();
        saved.pop_back();
        break;
      case 0x0c:
        row->cfa_register = cursor->Uleb();
        row->cfa = {Rule::Kind::kCfaPlus, static_cast<int64_t>(cursor->Uleb())};
        break;
      case 0x0d: row->cfa_register = cursor->Uleb(); break;
      case 0x0e: row->cfa = {Rule::Kind::kCfaPlus, static_cast<int64_t>(cursor->Uleb())}; break;
      case 0x0f: row->cfa = {Rule::Kind::kExpression, block()}; break;
      case 0x10: {
        const uint64_t reg = cursor->Uleb();
        set(reg, {Rule::Kind::kExpression, block()});
        break;
      }
      case 0x11: {
        const uint64_t reg = cursor->Uleb();
        set(reg, {Rule::Kind::kAtCfa, cursor->Sleb() * cie.data_align});
        break;
      }
      case 0x12:
        row->cfa_register = cursor->Uleb();
        row->cfa = {Rule::Kind::kCfaPlus, cursor->Sleb() * cie.data_align};
        break;
      case 0x13: row->cfa = {Rule::Kind::kCfaPlus, cursor->Sleb() * cie.data_align}; break;
      case 0x14: {
        const uint64_t reg = cursor->Uleb();
        set(reg, {Rule::Kind::kCfaPlus, static_cast<int64_t>(cursor->Uleb()) * cie.data_align});
        break;
      }
      case 0x16: {
        const uint64_t reg = cursor->Uleb();
        set(reg, {Rule::Kind::kValueExpression, block()});
        break;
      }
      case 0x2e: cursor->Uleb(); break;
      default: return false;
    }
  }
  return cursor->ok();
}

}  // namespace

UnwindRegisters UnwindRegisters::Of(const ThreadState& thread) {
  using enum Register;
  UnwindRegisters result;
  const Register order[] = {kRax, kRdx, kRcx, kRbx, kRsi, kRdi, kRbp, kRsp, kR8, kR9, kR10, kR11, kR12, kR13, kR14, kR15, kRip};
  for (size_t i = 0; i < kCount; ++i) result.values[i] = thread.reg(order[i]);
  return result;
}

std::optional<UnwindTable> UnwindTable::Open(const ElfFile& file, Address bias) {
  // The program headers stand in the first segment.
  Elf64_Ehdr head;
  if (file.loads().empty()) return std::nullopt;
  const Address base = file.loads()[0].vaddr - file.loads()[0].file_offset;
  if (file.ReadVirtual(base, std::as_writable_bytes(std::span(&head, 1))) != sizeof(head)) return std::nullopt;
  UnwindTable table(file, bias);
  for (size_t i = 0; i < head.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (file.ReadVirtual(base + head.e_phoff + i * sizeof(segment), std::as_writable_bytes(std::span(&segment, 1))) != sizeof(segment)) break;
    if (segment.p_type == PT_GNU_EH_FRAME) table.header_ = segment.p_vaddr;
  }
  if (table.header_ == 0) return std::nullopt;
  Cursor cursor(file, table.header_);
  if (cursor.Take<uint8_t>() != 1 || cursor.Take<uint8_t>() == kOmitted || cursor.Take<uint8_t>() != kUnsigned32 ||
      cursor.Take<uint8_t>() != kTableRelativeInt32)
    return std::nullopt;
  static_assert(kPcRelativeInt32 == 0x1b);
  cursor.Take<int32_t>();  // of .eh_frame
  const auto count = cursor.Take<uint32_t>();
  if (!cursor.ok() || count > kMostEntries) return std::nullopt;
  table.entries_.resize(count);
  const size_t read = file.ReadVirtual(cursor.address(), std::as_writable_bytes(std::span(table.entries_)));
  table.entries_.resize(read / sizeof(Entry));
  return table;
}

bool UnwindTable::Step(const Memory& memory, bool returns, UnwindRegisters* registers) const {
  const Address pc = registers->pc() - bias_ - (returns ? 1 : 0);
  const int64_t relative = static_cast<int64_t>(pc - header_);
  auto at = std::ranges::upper_bound(entries_, relative, {}, [](const Entry& e) { return int64_t{e.begin}; });
  if (at == entries_.begin()) return false;
  --at;
  const Address fde = header_ + static_cast<uint64_t>(int64_t{at->fde});
  Cursor cursor(*file_, fde);
  const auto length = cursor.Take<uint32_t>();
  if (length == 0 || length == 0xffffffff) return false;
  cursor.LimitTo(length);
  const Address cie_field = cursor.address();
  const auto back = cursor.Take<uint32_t>();
  if (back == 0 || back > cie_field) return false;
  Row initial;
  const std::optional<Cie> cie = ReadCie(*file_, cie_field - back, &initial, RunInstructions);
  if (!cie) return false;
  const std::optional<Address> begin = cursor.Pointer(cie->pointer_encoding);
  const std::optional<Address> range = cursor.Pointer(cie->pointer_encoding & 0x0f);
  // In the frame that a signal interrupted, pc is no return address, although it comes from a frame above.
  if (!begin || !range || pc < *begin || pc - *begin >= *range) return false;
  if (cie->sized) cursor.Skip(cursor.Uleb());
  Row row = initial;
  if (!RunInstructions(&cursor, *cie, *begin, pc, initial, &row)) return false;

  std::optional<uint64_t> cfa;
  if (row.cfa.kind == Rule::Kind::kCfaPlus && row.cfa_register < UnwindRegisters::kCount) {
    cfa = registers->values[row.cfa_register] + static_cast<uint64_t>(row.cfa.value);
  } else if (row.cfa.kind == Rule::Kind::kExpression) {
    cfa = Evaluate(*file_, static_cast<Address>(row.cfa.value), std::nullopt, memory, *registers);
  }
  if (!cfa || *cfa <= registers->sp()) return false;
  UnwindRegisters caller = *registers;
  caller.values[UnwindRegisters::kRsp] = *cfa;
  for (size_t reg = 0; reg < UnwindRegisters::kCount; ++reg) {
    const Rule& rule = row.rules[reg];
    std::optional<uint64_t> value = caller.values[reg];
    switch (rule.kind) {
      case Rule::Kind::kSame: continue;
      case Rule::Kind::kUndefined: value = 0; break;
      case Rule::Kind::kAtCfa: value = memory.ReadWord(*cfa + static_cast<uint64_t>(rule.value)); break;
      case Rule::Kind::kCfaPlus: value = *cfa + static_cast<uint64_t>(rule.value); break;
      case Rule::Kind::kRegister:
        value = static_cast<uint64_t>(rule.value) < UnwindRegisters::kCount ? std::optional(registers->values[static_cast<size_t>(rule.value)]) : std::nullopt;
        break;
      case Rule::Kind::kExpression:
        value = Evaluate(*file_, static_cast<Address>(rule.value), cfa, memory, *registers);
        if (value) value = memory.ReadWord(*value);
        break;
      case Rule::Kind::kValueExpression: value = Evaluate(*file_, static_cast<Address>(rule.value), cfa, memory, *registers); break;
    }
    if (!value) return false;
    caller.values[reg] = *value;
  }
  if (row.rules[cie->return_register].kind == Rule::Kind::kSame) return false;
  caller.values[UnwindRegisters::kPc] = caller.values[cie->return_register];
  if (caller.pc() == 0) return false;
  *registers = caller;
  return true;
}

}  // namespace corewalk
