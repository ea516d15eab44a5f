#pragma once

#include <boost/json.hpp>
#include <functional>
#include <string>

#include "mls/cipher_suite.hpp"

// The MLS test vectors: where they are, how they are read, how their cases are counted. The folder
// comes from HUECRY_MLS_VECTORS when the test runs, else from beside the source.
namespace huecry::test {

namespace json = boost::json;

/// Suite 3 of the product, or suite 1 whose AEAD these tests bring; null for any other.
const mls::CipherSuite* suite_of(const json::value& vector);

/// The bytes of a hexadecimal member; a missing one throws.
Bytes hex(const json::value& object, const char* name);
Bytes hex(const json::value& text);
/// The same, empty for null.
std::optional<Bytes> optional_hex(const json::value& object, const char* name);
std::uint64_t number(const json::value& object, const char* name);
const json::array& array(const json::value& object, const char* name);

/// Runs `check` for each case of `<folder>/<kind>.json` of every folder that has it, prints for
/// each file how many cases passed, failed and were skipped, and fails the test when a case fails
/// or none was executed. `check` returns a reason to skip, or nothing.
using Check = std::function<std::string(const json::value& vector)>;
void run_vectors(const std::string& kind, const Check& check);
/// The same for files whose name the test chooses, e.g. all of a folder.
void run_files(const std::function<bool(const std::string& folder, const std::string& file)>& takes,
               const Check& check);

/// Every file of every folder, as "folder/name" without ".json"; empty when the test is skipped.
std::vector<std::string> vector_files();

}  // namespace huecry::test
