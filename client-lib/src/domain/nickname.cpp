#include "domain/nickname.hpp"

#include <array>
#include <cstdint>

#include "domain/text.hpp"
#include "huecry/limits.hpp"

namespace huecry::domain {
namespace {

// clang-format off
constexpr auto first_words = std::to_array<std::string_view>({
    // colours that nobody is called and nobody is described by
    "Aquamarine", "Azure", "Cerise", "Cerulean", "Cobalt", "Crimson", "Cyan", "Fuchsia", "Lime",
    "Magenta", "Mauve", "Periwinkle", "Purple", "Teal", "Turquoise", "Ultramarine", "Vermilion",
    // materials
    "Aluminium", "Basalt", "Cardboard", "Ceramic", "Chrome", "Concrete", "Clapboard", "Cork",
    "Corduroy", "Denim", "Enamel", "Fibreglass", "Flannel", "Graphite", "Granite", "Gravel",
    "Limestone", "Linen", "Nickel", "Nylon", "Paper", "Pewter", "Platinum", "Plywood", "Porcelain",
    "Quartz", "Sandstone", "Satin", "Slate", "Terracotta", "Timber", "Titanium", "Tungsten",
    "Velvet", "Wicker", "Wooden", "Woollen", "Zinc",
    // patterns and finishes
    "Braided", "Brushed", "Corrugated", "Dotted", "Embossed", "Engraved", "Folded", "Frosted",
    "Gilded", "Glazed", "Knitted", "Lacquered", "Laminated", "Mirrored", "Painted", "Perforated",
    "Pleated", "Polished", "Printed", "Quilted", "Ribbed", "Riveted", "Striped", "Tiled",
    "Varnished", "Pinstriped", "Woven", "Zigzag",
    // how things move and sound
    "Bobbing", "Drifting", "Floating", "Gliding", "Humming", "Rolling", "Rustling", "Spinning",
    "Ticking", "Tumbling", "Whirring",
    // kinds and places of things
    "Acoustic", "Coastal", "Cosmic", "Diagonal", "Digital", "Eighth", "Electric", "Eleventh",
    "Fifteenth", "Fourteenth", "Lunar", "Magnetic", "Modular", "Monday", "Ninth", "Optical",
    "Orbital", "Parallel", "Portable", "Seventh", "Solar", "Sonic", "Spiral", "Stellar", "Thursday",
    "Tidal", "Tuesday", "Twelfth", "Vertical", "Wednesday",
});

constexpr auto second_words = std::to_array<std::string_view>({
    // on a desk, in a house
    "Abacus", "Blanket", "Bookcase", "Bobbin", "Bookmark", "Bucket", "Calendar", "Candle", "Carpet",
    "Chandelier", "Corkscrew", "Crayon", "Curtain", "Cushion", "Doorbell", "Drawer", "Easel",
    "Envelope", "Flowerpot", "Folder", "Funnel", "Hammock", "Hinge", "Hourglass", "Kettle",
    "Keyring", "Ladder", "Lampshade", "Lantern", "Notebook", "Padlock", "Paintbrush", "Parcel",
    "Pencil", "Pendulum", "Pillow", "Postcard", "Puzzle", "Ribbon", "Saucer", "Shelf", "Sieve",
    "Spindle", "Stapler", "Tablecloth", "Suitcase", "Tapestry", "Teapot", "Thimble", "Tripod",
    "Umbrella", "Vase", "Wardrobe", "Zipper",
    // that sounds
    "Accordion", "Banjo", "Cello", "Cymbal", "Gong", "Guitar", "Harmonica", "Metronome", "Piano",
    "Tambourine", "Trombone", "Trumpet", "Violin", "Xylophone",
    // that measures and shows
    "Antenna", "Barometer", "Compass", "Lens", "Microscope", "Mirror", "Mosaic", "Prism",
    "Protractor", "Radio", "Signpost", "Sundial", "Telescope", "Thermometer",
    // that turns and travels
    "Anchor", "Bicycle", "Canoe", "Carousel", "Dynamo", "Elevator", "Escalator", "Gearwheel",
    "Glider", "Hovercraft", "Kayak", "Lighthouse", "Magnet", "Parachute", "Piston", "Propeller",
    "Pulley", "Raft", "Rudder", "Sailboat", "Scooter", "Skateboard", "Sprocket", "Tram", "Turbine",
    "Wheelbarrow", "Windmill",
    // in a landscape, in the sky
    "Archway", "Boulder", "Canyon", "Comet", "Fountain", "Galaxy", "Gazebo", "Geyser", "Glacier",
    "Harbour", "Horizon", "Icicle", "Island", "Kiosk", "Lagoon", "Meteor", "Milestone", "Nebula",
    "Pavilion", "Pebble", "Peninsula", "Plateau", "Raindrop", "Satellite", "Staircase", "Tunnel",
    "Valley", "Viaduct", "Volcano", "Waterfall",
});
// clang-format on

std::string pair(std::uint64_t index) {
    return std::string(first_words[index / second_words.size()]) + ' ' +
           std::string(second_words[index % second_words.size()]);
}

}  // namespace

std::string generate_nickname(crypto::Random& random,
                              const std::function<bool(std::string_view)>& taken) {
    constexpr std::uint64_t pairs = first_words.size() * second_words.size();
    // A step that shares no factor with the number of pairs visits each of them once, so that a
    // generator that knows nothing of the earlier ones still comes to an end.
    static_assert(pairs % 7919 != 0);
    const std::uint64_t start = random.u32() % pairs;
    for (std::uint64_t round = 1;; ++round) {
        for (std::uint64_t i = 0; i < pairs; ++i) {
            std::string nickname = pair((start + i * 7919) % pairs);
            if (round > 1) nickname += ' ' + std::to_string(round);
            if (!taken(nickname)) return nickname;
        }
    }
}

Result<void> validate_nickname(std::string_view nickname) {
    HUECRY_TRY(check_line(nickname, limits::max_nickname));
    if (nickname.empty()) return Error{Errc::invalid_argument, "the nickname is empty"};
    if (has_outer_blanks(nickname) || nickname.find("  ") != std::string_view::npos) {
        return Error{Errc::invalid_argument, "blanks around or between a nickname's words"};
    }
    return {};
}

std::string nickname_key(std::string_view nickname) {
    std::string key(nickname);
    for (char& c : key) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return key;
}

std::span<const std::string_view> nickname_first_words() { return first_words; }
std::span<const std::string_view> nickname_second_words() { return second_words; }

}  // namespace huecry::domain
