#include "fault/full_disk.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <string>

namespace huecry::fault {

FullDisk::FullDisk(std::filesystem::path mount_point, std::uint64_t bytes)
    : path_(std::move(mount_point)) {
    std::filesystem::create_directory(path_);
    const auto options = "mode=0700,size=" + std::to_string(bytes);
    mounted_ = mount("none", path_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) == 0;
}

FullDisk::~FullDisk() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
}

void FullDisk::fill(std::uint64_t left) const {
    const int fd =
        open((path_ / "filler").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const std::array<char, 4096> block{};
    while (std::filesystem::space(path_).available > left &&
           write(fd, block.data(), block.size()) > 0) {
    }
    close(fd);
}

void FullDisk::make_room() const { std::filesystem::remove(path_ / "filler"); }

bool FullDisk::make_read_only() const {
    return mount("none", path_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV,
                 nullptr) == 0;
}

}  // namespace huecry::fault
