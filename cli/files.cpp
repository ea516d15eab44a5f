#include "files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace huecry::cli {

File& File::operator=(File&& other) noexcept {
    if (this != &other) {
        close();
        fd_ = other.release();
    }
    return *this;
}

int File::release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
}

void File::close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

Error file_error(int error, std::string_view what) {
    const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    return {full ? Errc::no_room : Errc::io_failed,
            std::string(what) + ": " + std::generic_category().message(error)};
}

Result<Bytes> read_rest(int fd, std::size_t limit) {
    Bytes out;
    std::array<std::uint8_t, 65536> chunk{};
    while (true) {
        const auto got = ::read(fd, chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return file_error(errno, "reading");
        if (got == 0) break;
        if (out.size() + static_cast<std::size_t>(got) > limit)
            return Error{Errc::too_large, "more than " + std::to_string(limit) + " bytes"};
        out.insert(out.end(), chunk.begin(), chunk.begin() + got);
    }
    wipe(chunk.data(), chunk.size());
    return out;
}

Result<Bytes> read_file(const std::string& path, std::size_t limit) {
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!file.open()) {
        if (errno == ENOENT || errno == ENOTDIR) return Error{Errc::not_found, "no file " + path};
        return file_error(errno, path);
    }
    struct stat about{};
    if (::fstat(file.fd(), &about) != 0) return file_error(errno, path);
    if (S_ISDIR(about.st_mode)) return Error{Errc::invalid_argument, path + " is a folder"};
    if (S_ISREG(about.st_mode) && about.st_size > 0 &&
        static_cast<std::size_t>(about.st_size) > limit)
        return Error{Errc::too_large, path + " has more than " + std::to_string(limit) + " bytes"};
    return read_rest(file.fd(), limit);
}

int write_all(int fd, BytesView bytes) {
    while (!bytes.empty()) {
        const auto put = ::write(fd, bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return errno;
        bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    return 0;
}

Result<void> write_file(const std::string& path, BytesView bytes, bool replace) {
    // A name of its own beside the target: whoever looks sees the old file, or the whole new one.
    const auto part = path + ".part-" + std::to_string(::getpid());
    const auto& target = replace ? part : path;
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY;
    if (replace) ::unlink(part.c_str());
    File file(::open(target.c_str(), flags, 0600));
    if (!file.open()) {
        if (errno == EEXIST)
            return Error{Errc::invalid_argument, path + " exists already; --force replaces it"};
        return file_error(errno, path);
    }
    int error = write_all(file.fd(), bytes);
    if (error == 0 && ::fsync(file.fd()) != 0 && errno != EINVAL) error = errno;
    if (error == 0 && replace && ::rename(part.c_str(), path.c_str()) != 0) error = errno;
    if (error == 0) return {};
    ::unlink(target.c_str());
    return file_error(error, path);
}

}  // namespace huecry::cli
