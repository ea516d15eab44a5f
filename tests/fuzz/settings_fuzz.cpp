#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>

#include "ops/settings.hpp"
#include "support/temporary_directory.hpp"

// The relay's configuration file. Whatever it holds: either nothing of it is taken and the error
// names file and line, or every number is within its bounds.
using namespace huecry;
using namespace huecry::relay;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void write(const std::filesystem::path& path, const std::uint8_t* data, std::size_t size) {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    require(file != nullptr);
    require(std::fwrite(data, 1, size, file) == size);
    require(std::fclose(file) == 0);
    require(chmod(path.c_str(), 0600) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const test::TemporaryDirectory folder;
    const auto path = folder.path() / "relay.toml";
    write(path, data, size);
    Settings settings;
    settings.name = "untouched";
    const auto read = read_settings(path, settings);
    if (!read) {
        require(read.error().code == Errc::invalid_argument ||
                (read.error().code == Errc::too_large && size > 65536));
        require(read.error().detail.find(path.string()) != std::string::npos);
        require(settings.name == "untouched" && settings.listen.port == 8443);
        return 0;
    }
    require(settings.max_connections <= 1'000'000);
    require(settings.drain_time.count() >= 1 && settings.drain_time.count() <= 300);
    require(settings.certificate.empty() || settings.certificate.is_absolute());
    require(settings.data.empty() || settings.data.is_absolute());
    require(!settings.public_name().empty());
    (void)settings.creation_open_on_loopback();
    // What is printed of an endpoint is read again as the same.
    const auto again = Endpoint::parse(settings.listen.text());
    require(again.ok() && again->host == settings.listen.host &&
            again->port == settings.listen.port);
    return 0;
}
