#include "commands/restored.hpp"

#include <fmt/format.h>

#include <array>

#include "ops/data_folder.hpp"
#include "store/sqlcipher_store.hpp"

namespace huecry::relay {

Result<void> restored(const Settings& settings) {
    HUECRY_TRY_ASSIGN(auto folder, DataFolder::open(settings.data));
    HUECRY_TRY_ASSIGN(const auto lock, folder.lock());
    HUECRY_TRY_ASSIGN(auto store,
                      open_sqlcipher_store(folder.file("relay.db"), folder.store_key().view()));
    const std::array<Write, 1> mark{write::Meta{"restored", 1}};
    HUECRY_TRY(store->commit(mark));
    fmt::print("{}\n",
               settings.json
                   ? "{\"restored\":true}"
                   : "The next start tells every partnership: their devices bring back what "
                     "was lost of the directory, and begin their channels anew.");
    return {};
}

}  // namespace huecry::relay
