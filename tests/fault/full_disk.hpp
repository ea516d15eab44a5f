#pragma once

#include <cstdint>
#include <filesystem>

namespace huecry::fault {

/// A small disk of its own (tmpfs), where mounting is allowed. Unmounted when it goes.
class FullDisk {
public:
    FullDisk(std::filesystem::path mount_point, std::uint64_t bytes);
    ~FullDisk();
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

    [[nodiscard]] bool mounted() const { return mounted_; }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// A file that takes all the room but this much.
    void fill(std::uint64_t left) const;
    void make_room() const;
    [[nodiscard]] bool make_read_only() const;

private:
    std::filesystem::path path_;
    bool mounted_ = false;
};

}  // namespace huecry::fault
