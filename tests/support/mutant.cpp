#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

// Which check is switched off (tests/mutation.py), and which ones the process came past: a file of
// one byte each, that outlives a process that is killed.
namespace {

constexpr int places = 1 << 16;

volatile unsigned char* map_seen() {
    const char* const name = std::getenv("HUECRY_MUTANT_SEEN");
    const int file = name == nullptr ? -1 : ::open(name, O_RDWR | O_CLOEXEC);
    if (file < 0) return nullptr;
    void* const at = ::mmap(nullptr, places, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    return at == MAP_FAILED ? nullptr : static_cast<volatile unsigned char*>(at);
}

}  // namespace

bool huecry_mutant(int number);
bool huecry_mutant(int number) {
    static const char* const text = std::getenv("HUECRY_MUTANT");
    static const int chosen = text == nullptr ? 0 : std::atoi(text);
    static volatile unsigned char* const seen = map_seen();
    if (seen != nullptr) seen[number] = 1;
    return number == chosen;
}
