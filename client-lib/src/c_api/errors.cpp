#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "c_api/guard.hpp"
#include "huecry/text.hpp"

using namespace huecry;
using namespace huecry::c_api;

namespace {

// The detail of this thread's last failure, cut to what fits: it must not need memory.
constexpr std::size_t detail_size = 256;
thread_local char last_detail[detail_size] = "";

// The size stands before the memory that is given out, so that it can be wiped.
constexpr std::size_t prefix = alignof(std::max_align_t);

void* give(const void* data, std::size_t size) {
    auto* block = static_cast<std::uint8_t*>(std::malloc(prefix + size + 1));
    if (!block) throw std::bad_alloc();
    std::memcpy(block, &size, sizeof size);
    if (size > 0) std::memcpy(block + prefix, data, size);
    block[prefix + size] = 0;
    return block + prefix;
}

std::optional<Errc> code_of(int error) {
    return error < 0 ? std::nullopt : error_from_number(static_cast<std::uint32_t>(error));
}

}  // namespace

namespace huecry::c_api {

int fail(const Error& error) noexcept {
    const std::size_t size = std::min(error.detail.size(), detail_size - 1);
    std::memcpy(last_detail, error.detail.data(), size);
    last_detail[size] = 0;
    return static_cast<int>(error.code);
}

std::uint8_t* give_bytes(BytesView bytes) {
    return static_cast<std::uint8_t*>(give(bytes.data(), bytes.size()));
}

char* give_text(std::string_view text) {
    return static_cast<char*>(give(text.data(), text.size()));
}

}  // namespace huecry::c_api

const char* huecry_version(void) { return HUECRY_VERSION; }

void huecry_free(void* memory) {
    if (!memory) return;
    auto* block = static_cast<std::uint8_t*>(memory) - prefix;
    std::size_t size = 0;
    std::memcpy(&size, block, sizeof size);
    wipe(memory, size);
    std::free(block);
}

int huecry_printable(const char* text, int keep_lines, char** out) {
    return guarded([&] {
        if (!given(text, out)) return missing();
        *out = nullptr;
        *out = give_text(printable(text, keep_lines ? LineBreaks::keep : LineBreaks::show));
        return 0;
    });
}

const char* huecry_error_name(int error) {
    const auto code = code_of(error);
    return code ? literal(name(*code)) : (error == 0 ? "ok" : "unknown");
}

const char* huecry_error_sentence(int error) {
    const auto code = code_of(error);
    return code ? literal(sentence(*code)) : (error == 0 ? "" : "An error without a name.");
}

int huecry_error_retryable(int error) {
    const auto code = code_of(error);
    return code && retryable(*code) ? 1 : 0;
}

int huecry_error_exit_code(int error) {
    if (error == 0) return 0;
    const auto code = code_of(error);
    return code ? exit_code(*code) : 1;
}

const char* huecry_error_detail(void) { return last_detail; }
