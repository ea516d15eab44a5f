#pragma once

#include <filesystem>
#include <random>
#include <string>

namespace huecry::test {

/// An empty folder, removed with everything in it when it goes.
class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::random_device seed;
        do {
            path_ = std::filesystem::temp_directory_path() /
                    ("huecry-test-" + std::to_string(seed()) + std::to_string(seed()));
        } while (!std::filesystem::create_directory(path_));
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace huecry::test
