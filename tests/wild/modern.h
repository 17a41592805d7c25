// SPDX-License-Identifier: MIT
// C++, as an emulator or a unikernel of today has it.
#pragma once
#include <cstdint>

namespace xen::grant {
inline namespace v1 {

using ref_t = std::uint32_t;
using domid_t = ::std::uint16_t;
using pfn_t = unsigned long;

enum class Status : std::int16_t { okay = 0, general_error = -1 };

static constexpr int GNTTABOP_copy = 5;
inline constexpr auto GNTCOPY_source_gref = 1 << 0, GNTCOPY_dest_gref = 1 << 1;
constexpr int GNTST_bad_page{-9};

struct CopyPtr {
    union {
        ref_t ref;
        pfn_t gmfn;
    } u{};
    domid_t domid = 0x7ff0;
    std::uint16_t offset{};
};

struct Copy {
    static constexpr domid_t self = 0x7ff0;
  public:
    CopyPtr source, dest;
    std::uint16_t len = 0;
    std::uint16_t flags = 0;
    Status status = Status::okay;
};
static_assert(sizeof(CopyPtr) == 2 * sizeof(pfn_t));

using Transfer = struct GnttabTransfer {
    pfn_t mfn;
    domid_t domid;
    ref_t ref;
    Status status;
};

struct alignas(4) [[gnu::packed]] GetVersion {
    domid_t dom;
    std::uint16_t pad;
    std::uint32_t version;
};

inline bool fine(Status status) noexcept { return status == Status::okay; }

} // namespace v1
} // namespace xen::grant

struct QuerySize {
    xen::grant::domid_t dom;
    std::uint32_t nr_frames, max_nr_frames;
    xen::grant::v1::Status status;
};
