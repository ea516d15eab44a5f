#pragma once

#include <string>

#include "huecry/result.hpp"
#include "huecry/wire/secret.hpp"

// Files of the person who typed the command.
namespace huecry::cli {

/// An open file that closes itself.
class File {
public:
    File() = default;
    explicit File(int fd) : fd_(fd) {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    File(File&& other) noexcept : fd_(other.release()) {}
    File& operator=(File&& other) noexcept;
    ~File() { close(); }

    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] bool open() const { return fd_ >= 0; }
    int release();
    void close();

private:
    int fd_ = -1;
};

/// The rest of an open file. Errors: too_large beyond `limit`, io_failed.
Result<Bytes> read_rest(int fd, std::size_t limit);
/// Errors: not_found, too_large, io_failed.
Result<Bytes> read_file(const std::string& path, std::size_t limit);
/// With mode 0600, whole or not at all; refuses to replace a file unless told to.
Result<void> write_file(const std::string& path, BytesView bytes, bool replace);
/// Writes all, or returns errno.
int write_all(int fd, BytesView bytes);

/// no_room or io_failed, with what the system says.
Error file_error(int error, std::string_view what);

}  // namespace huecry::cli
