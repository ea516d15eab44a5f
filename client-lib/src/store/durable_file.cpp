#include "store/durable_file.hpp"

#include <cerrno>
#include <cstdio>
#include <memory>

#if defined(_WIN32)
#include <io.h>
#else
#include <fcntl.h>
#include <unistd.h>
#endif

namespace huecry::store {
namespace {

namespace fs = std::filesystem;

struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
};
using File = std::unique_ptr<std::FILE, Close>;

File open_file(const fs::path& path, bool write) {
#if defined(_WIN32)
    return File(_wfopen(path.c_str(), write ? L"wb" : L"rb"));
#else
    if (!write) return File(std::fopen(path.c_str(), "rbe"));
    const int fd =
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return nullptr;
    std::FILE* file = ::fdopen(fd, "wb");
    if (!file) ::close(fd);
    return File(file);
#endif
}

bool to_disk(std::FILE* file) {
    if (std::fflush(file) != 0) return false;
#if defined(_WIN32)
    return _commit(_fileno(file)) == 0;
#else
    return ::fsync(::fileno(file)) == 0;
#endif
}

// The rename itself is durable only with the folder; platforms without that keep one or the other.
void folder_to_disk([[maybe_unused]] const fs::path& folder) {
#if !defined(_WIN32)
    const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    static_cast<void>(::fsync(fd));
    ::close(fd);
#endif
}

Errc write_error() { return errno == ENOSPC ? Errc::no_room : Errc::io_failed; }

}  // namespace

Result<void> make_private_folder(const fs::path& folder) {
    std::error_code code;
    fs::create_directories(folder, code);
    if (code || !fs::is_directory(folder, code))
        return Error{Errc::io_failed, "the profile's folder cannot be made"};
    fs::permissions(folder, fs::perms::owner_all, code);
    return {};
}

Result<void> replace_file(const fs::path& file, BytesView contents) {
    fs::path beside = file;
    beside += ".new";
    std::error_code ignored;
    {
        auto out = open_file(beside, true);
        if (!out) return Error{write_error(), "a file of the profile cannot be made"};
        fs::permissions(beside, fs::perms::owner_read | fs::perms::owner_write, ignored);
        if (std::fwrite(contents.data(), 1, contents.size(), out.get()) != contents.size() ||
            !to_disk(out.get())) {
            const Errc code = write_error();
            out.reset();
            fs::remove(beside, ignored);
            return Error{code, "a file of the profile cannot be written"};
        }
    }
    std::error_code code;
    fs::rename(beside, file, code);
    if (code) {
        fs::remove(beside, ignored);
        return Error{Errc::io_failed, "a file of the profile cannot be replaced"};
    }
    folder_to_disk(file.parent_path());
    return {};
}

Result<Bytes> read_small_file(const fs::path& file, std::size_t max) {
    std::error_code code;
    if (!fs::exists(file, code)) return Errc::not_found;
    auto in = open_file(file, false);
    if (!in) return Errc::io_failed;
    Bytes out(max + 1);
    const std::size_t n = std::fread(out.data(), 1, out.size(), in.get());
    if (std::ferror(in.get())) return Errc::io_failed;
    if (n > max) return Errc::too_large;
    out.resize(n);
    return out;
}

}  // namespace huecry::store
