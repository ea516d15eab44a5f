#include "ops/certificate.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>

#include "ops/data_folder.hpp"

namespace huecry::relay {
namespace {

template <auto release>
struct Release {
    template <class T>
    void operator()(T* object) const {
        release(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509_free>>;
using Memory = std::unique_ptr<BIO, Release<BIO_free_all>>;

constexpr long ten_years_s = 315'360'000;
constexpr long backdated_s = -86'400;  // for clients whose clock is behind

const Error failure{Errc::internal, "OpenSSL could not make a certificate"};

bool is_address(const std::string& name) {
    ASN1_OCTET_STRING* parsed = a2i_IPADDRESS(name.c_str());
    const bool is = parsed != nullptr;
    ASN1_OCTET_STRING_free(parsed);
    ERR_clear_error();
    return is;
}

bool add_extension(X509* certificate, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
    if (extension == nullptr) return false;
    const bool added = X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

bool set_serial(X509* certificate) {
    std::array<unsigned char, 16> random{};
    if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) return false;
    random[0] &= 0x7f;
    BIGNUM* number = BN_bin2bn(random.data(), static_cast<int>(random.size()), nullptr);
    const bool set = number != nullptr &&
                     BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
    BN_free(number);
    return set;
}

Certificate self_signed(EVP_PKEY* key, const std::string& name) {
    Certificate out(X509_new());
    if (!out || X509_set_version(out.get(), 2) != 1 || !set_serial(out.get())) return {};
    if (X509_gmtime_adj(X509_getm_notBefore(out.get()), backdated_s) == nullptr ||
        X509_gmtime_adj(X509_getm_notAfter(out.get()), ten_years_s) == nullptr)
        return {};
    static constexpr unsigned char common_name[] = "huecry relay";
    X509_NAME* subject = X509_get_subject_name(out.get());
    if (X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, common_name, -1, -1, 0) != 1 ||
        X509_set_issuer_name(out.get(), subject) != 1 || X509_set_pubkey(out.get(), key) != 1)
        return {};
    const auto kind = is_address(name) ? "IP:" : "DNS:";
    if (!add_extension(out.get(), NID_basic_constraints, "critical,CA:FALSE") ||
        !add_extension(out.get(), NID_key_usage, "critical,digitalSignature") ||
        !add_extension(out.get(), NID_ext_key_usage, "serverAuth") ||
        !add_extension(out.get(), NID_subject_alt_name, kind + name))
        return {};
    if (X509_sign(out.get(), key, EVP_sha256()) == 0) return {};
    return out;
}

Result<void> write_pem(const std::filesystem::path& file, BIO* memory) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    if (size <= 0) return failure;
    return write_private_file(file, view({data, static_cast<std::size_t>(size)}));
}

}  // namespace

Result<void> make_certificate(const std::filesystem::path& certificate,
                              const std::filesystem::path& key, const std::string& name) {
    std::error_code error;
    if (std::filesystem::exists(certificate, error) && std::filesystem::exists(key, error))
        return {};
    if (name.find_first_of(",:\r\n") != name.npos && !is_address(name))
        return Error{Errc::invalid_argument, "a host name is wanted for the certificate"};
    const Key pair(EVP_EC_gen("P-256"));
    if (!pair) return failure;
    const auto made = self_signed(pair.get(), name);
    if (!made) return failure;
    const Memory key_text(BIO_new(BIO_s_secmem()));
    const Memory certificate_text(BIO_new(BIO_s_mem()));
    if (PEM_write_bio_PrivateKey(key_text.get(), pair.get(), nullptr, nullptr, 0, nullptr,
                                 nullptr) != 1 ||
        PEM_write_bio_X509(certificate_text.get(), made.get()) != 1)
        return failure;
    HUECRY_TRY(write_pem(key, key_text.get()));
    return write_pem(certificate, certificate_text.get());
}

Result<std::int64_t> certificate_seconds_left(const std::filesystem::path& certificate) {
    const Memory file(BIO_new_file(certificate.c_str(), "r"));
    if (!file) {
        ERR_clear_error();
        return Error{Errc::io_failed, "cannot read " + certificate.string()};
    }
    const Certificate parsed(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
    int days = 0;
    int seconds = 0;
    if (!parsed ||
        ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(parsed.get())) != 1) {
        ERR_clear_error();
        return Error{Errc::malformed, certificate.string() + " is no PEM certificate"};
    }
    return std::int64_t{86'400} * days + seconds;
}

}  // namespace huecry::relay
