#include "support/sqlcipher_pages.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

namespace huecry::test {
namespace {

// SQLCipher 4: pages of 4096 bytes end in an IV of 16 and an HMAC-SHA512 of 64; the first page
// begins with the salt of 16 in the clear.
constexpr std::size_t page_size = 4096;
constexpr std::size_t reserve = 80;
constexpr std::size_t salt = 16;
constexpr std::size_t log_header = 32;
constexpr std::size_t frame_header = 24;

void decrypt(BytesView page, bool first, const SecretBytes& key, Bytes& out) {
    const std::size_t start = first ? salt : 0;
    const auto body = page.subspan(start, page_size - reserve - start);
    const auto iv = page.subspan(page_size - reserve, 16);
    std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> context(EVP_CIPHER_CTX_new(),
                                                                       EVP_CIPHER_CTX_free);
    Bytes plain(body.size() + 16);
    int n = 0;
    if (EVP_DecryptInit_ex(context.get(), EVP_aes_256_cbc(), nullptr, key.view().data(),
                           iv.data()) != 1 ||
        EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1 ||
        EVP_DecryptUpdate(context.get(), plain.data(), &n, body.data(),
                          static_cast<int>(body.size())) != 1)
        throw std::runtime_error("a page cannot be decrypted");
    out.insert(out.end(), plain.begin(), plain.begin() + n);
}

bool is_first(BytesView number) {
    return number[0] == 0 && number[1] == 0 && number[2] == 0 && number[3] == 1;
}

}  // namespace

Bytes file_bytes(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

Bytes decrypted_pages(BytesView database, BytesView log, const SecretBytes& key) {
    Bytes out;
    for (std::size_t at = 0; at + page_size <= database.size(); at += page_size)
        decrypt(database.subspan(at, page_size), at == 0, key, out);
    for (std::size_t at = log_header; at + frame_header + page_size <= log.size();
         at += frame_header + page_size)
        decrypt(log.subspan(at + frame_header, page_size), is_first(log.subspan(at, 4)), key, out);
    return out;
}

Bytes decrypted_pages(const std::filesystem::path& database, const SecretBytes& key) {
    auto log_file = database;
    log_file += "-wal";
    return decrypted_pages(file_bytes(database), file_bytes(log_file), key);
}

bool holds(BytesView bytes, std::string_view word) {
    const auto wanted = view(word);
    return std::search(bytes.begin(), bytes.end(), wanted.begin(), wanted.end()) != bytes.end();
}

}  // namespace huecry::test
