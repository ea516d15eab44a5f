#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>

// That each header compiles alone is shown by this program's being there; this shows that none was
// left out.
TEST_CASE("every public header is among those that were compiled alone") {
    std::set<std::string> compiled;
    const std::string list = HUECRY_PUBLIC_HEADERS;
    for (std::size_t begin = 0; begin < list.size();) {
        const auto end = std::min(list.find(',', begin), list.size());
        compiled.insert(list.substr(begin, end - begin));
        begin = end + 1;
    }
    std::size_t found = 0;
    for (const auto* root : {"proto/include", "client-lib/include"}) {
        const auto folder = std::filesystem::path(HUECRY_SOURCE_DIR) / root;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
            const auto extension = entry.path().extension();
            if (extension != ".hpp" && extension != ".h") continue;
            const auto name = std::filesystem::relative(entry.path(), folder).generic_string();
            CAPTURE(name);
            CHECK(compiled.contains(name));
            ++found;
        }
    }
    CHECK(found >= 10);
    CHECK(found == compiled.size());
}
