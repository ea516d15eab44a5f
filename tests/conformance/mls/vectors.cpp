#include "conformance/mls/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "conformance/mls/aes128gcm.hpp"

namespace huecry::test {
namespace {

namespace fs = std::filesystem;
constexpr const char* folders[] = {"upstream", "interop-passive", "generated"};

// Set and unreadable is a failure; unset and absent is a skip.
std::optional<fs::path> vector_folder() {
    const char* set = std::getenv("HUECRY_MLS_VECTORS");
    const fs::path path = set != nullptr ? fs::path(set) : fs::path(HUECRY_DEFAULT_MLS_VECTORS);
    std::error_code error;
    if (fs::is_directory(path, error)) return path;
    if (set != nullptr) {
        FAIL("HUECRY_MLS_VECTORS names a folder that cannot be read");
    } else {
        std::cout << "skipped: there is no folder of MLS vectors and HUECRY_MLS_VECTORS is unset\n";
    }
    return std::nullopt;
}

json::array read_cases(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    if (!in) throw std::runtime_error("cannot be read");
    return json::parse(text.str()).as_array();
}

struct Count {
    std::size_t passed = 0, failed = 0, skipped = 0;
};

Count run_file(const fs::path& file, const std::string& name, const Check& check) {
    Count count;
    std::string why;
    json::array cases;
    try {
        cases = read_cases(file);
    } catch (const std::exception& e) {
        FAIL_CHECK(name << ": " << std::string(e.what()));
    }
    for (std::size_t i = 0; i < cases.size(); ++i) {
        try {
            const auto reason = check(cases[i]);
            if (reason.empty()) {
                ++count.passed;
            } else {
                ++count.skipped;
                why = reason;
            }
        } catch (const std::exception& e) {
            ++count.failed;
            FAIL_CHECK(name << " case " << i << ": " << std::string(e.what()));
        }
    }
    std::cout << name << ": " << count.passed << " passed, " << count.failed << " failed, "
              << count.skipped << " skipped" << (why.empty() ? "" : " (" + why + ")") << "\n";
    if (cases.empty()) FAIL_CHECK(name << ": no case");
    return count;
}

}  // namespace

const mls::CipherSuite* suite_of(const json::value& vector) {
    switch (number(vector, "cipher_suite")) {
        case 1:
            return &aes128gcm_suite();
        case 3:
            return &mls::chacha20_suite();
        default:
            return nullptr;
    }
}

Bytes hex(const json::value& text) {
    Bytes out;
    const auto& s = text.as_string();
    if (!from_hex({s.data(), s.size()}, out)) throw std::runtime_error("not hexadecimal");
    return out;
}
Bytes hex(const json::value& object, const char* name) { return hex(object.as_object().at(name)); }

std::optional<Bytes> optional_hex(const json::value& object, const char* name) {
    const auto* value = object.as_object().if_contains(name);
    if (value == nullptr || value->is_null()) return std::nullopt;
    return hex(*value);
}

std::uint64_t number(const json::value& object, const char* name) {
    return object.as_object().at(name).to_number<std::uint64_t>();
}

const json::array& array(const json::value& object, const char* name) {
    return object.as_object().at(name).as_array();
}

void run_files(const std::function<bool(const std::string&, const std::string&)>& takes,
               const Check& check) {
    const auto root = vector_folder();
    if (!root) return;
    Count all;
    for (const std::string folder : folders) {
        std::error_code error;
        std::vector<fs::path> files;
        for (const auto& entry : fs::directory_iterator(*root / folder, error))
            if (entry.path().extension() == ".json") files.push_back(entry.path());
        std::ranges::sort(files);
        for (const auto& file : files) {
            if (!takes(folder, file.stem().string())) continue;
            const auto c = run_file(file, folder + "/" + file.filename().string(), check);
            all.passed += c.passed;
            all.failed += c.failed;
        }
    }
    CHECK_MESSAGE(all.passed + all.failed > 0, "no case was executed");
}

std::vector<std::string> vector_files() {
    std::vector<std::string> out;
    const auto root = vector_folder();
    if (!root) return out;
    for (const std::string folder : folders) {
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(*root / folder, error))
            if (entry.path().extension() == ".json")
                out.push_back(folder + "/" + entry.path().stem().string());
    }
    CHECK_MESSAGE(!out.empty(), "the folder holds no vectors");
    return out;
}

void run_vectors(const std::string& kind, const Check& check) {
    run_files([&](const std::string& folder,
                  const std::string& file) { return folder != "interop-passive" && file == kind; },
              check);
}

}  // namespace huecry::test
