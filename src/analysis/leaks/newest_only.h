// Whether a collection holds only what came last: numbers of its entries that begin far above how many there are, times
// that reach back over a small part of the process's life. What came before them is gone, or is no entry of this
// collection (numbers may begin anywhere, a leak may begin late): so it takes a source that takes away to make it an
// excuse.
#pragma once

#include <string>

#include "analysis/leaks/growth.h"

namespace corewalk {

// "its .id begin at 148,501", as told to people, raw target text; "" when nothing says so. `lived`: milliseconds for
// which the process lived at least; 0 = unknown.
std::string NewestOnly(const Growth& growth, uint64_t entries, double lived);

}  // namespace corewalk
