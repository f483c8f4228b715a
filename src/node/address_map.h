// Every mapped byte of the process belongs to one thing: who claims a stretch first has it, and what nobody claimed
// stays visible. Sums over owners therefore add up to the whole exactly.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "memory/memory.h"
#include "memory/residency.h"

namespace corewalk {

// What a part of the address space costs.
struct MemorySum {
  uint64_t reserved = 0;  // mapped, in whatever way
  uint64_t present = 0;   // its bytes can be read: they are in the core
  uint64_t resident = 0;  // there was memory behind it

  MemorySum& operator+=(const MemorySum& other) {
    reserved += other.reserved, present += other.present, resident += other.resident;
    return *this;
  }
  MemorySum& operator-=(const MemorySum& other) {
    reserved -= other.reserved, present -= other.present, resident -= other.resident;
    return *this;
  }
};

class AddressMap {
 public:
  using Owner = uint32_t;

  // Both must outlive the map.
  AddressMap(const Memory& memory, const Residency& residency) : memory_(memory), residency_(residency) {}

  // Gives `owner` what of [start, end) is mapped and free; how many bytes that were.
  uint64_t Claim(Address start, Address end, Owner owner);

  struct Stretch {
    Address start = 0, end = 0;
    const Region* region = nullptr;  // that it lies in
  };
  // What nobody has claimed, by rising address.
  std::vector<Stretch> Unclaimed() const;
  // What of [start, end) nobody has claimed.
  std::vector<Stretch> UnclaimedIn(Address start, Address end) const;

  // Of any stretch, claimed or not; what is not mapped counts nothing.
  MemorySum SumOf(Address start, Address end) const;
  // By owner; everything that was claimed.
  std::map<Owner, MemorySum> Sums() const;
  MemorySum Total() const;

 private:
  struct Piece {
    Address end;
    Owner owner;
  };

  const Memory& memory_;
  const Residency& residency_;
  std::map<Address, Piece> pieces_;  // by start; disjoint, each in one region
};

}  // namespace corewalk
