#include "c_api/guard.hpp"

using namespace huecry;
using namespace huecry::c_api;

huecry_options* huecry_options_new(const char* profile) {
    return made([&]() -> huecry_options* {
        if (!profile) return nullptr;
        auto out = std::make_unique<huecry_options>();
        const std::string_view text(profile);
        out->profile = std::filesystem::path(std::u8string(text.begin(), text.end()));
        return out.release();
    });
}

void huecry_options_free(huecry_options* options) { delete options; }

int huecry_options_set_passphrase(huecry_options* options, const char* passphrase, size_t size) {
    return guarded([&] {
        if (!given(options, passphrase)) return missing();
        options->secret.passphrase = SecretBytes(view({passphrase, size}));
        return 0;
    });
}

int huecry_options_set_key(huecry_options* options, const uint8_t* key) {
    return guarded([&] {
        if (!given(options, key)) return missing();
        options->secret.key = SecretBytes(BytesView(key, 32));
        return 0;
    });
}

int huecry_options_set_log(huecry_options* options, huecry_log log, void* context) {
    if (!options) return missing();
    options->log = log;
    options->log_context = context;
    return 0;
}

int huecry_options_set_offline(huecry_options* options) {
    if (!options) return missing();
    options->online = false;
    return 0;
}
