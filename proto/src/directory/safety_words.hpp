#pragma once

#include <array>
#include <string_view>

// Part of the protocol: the order is fixed. Neutral, short, told apart on a bad telephone line.
namespace huecry::directory {

inline constexpr std::array<std::string_view, 256> safety_words{
    "acorn",    "almond",  "amber",   "anchor",    "apple",   "apricot", "arrow",    "aspen",
    "atlas",    "autumn",  "avenue",  "badge",     "bagel",   "bakery",  "balcony",  "bamboo",
    "banjo",    "barley",  "barn",    "basket",    "beacon",  "bead",    "beaver",   "beech",
    "bench",    "berry",   "bicycle", "birch",     "biscuit", "blanket", "blossom",  "book",
    "bottle",   "bracket", "branch",  "brass",     "bread",   "breeze",  "brick",    "bridge",
    "bronze",   "broom",   "bucket",  "button",    "cable",   "cactus",  "camel",    "canal",
    "candle",   "canoe",   "carbon",  "cardboard", "carpet",  "carrot",  "castle",   "cedar",
    "cello",    "chalk",   "chapel",  "cherry",    "chimney", "cider",   "cinema",   "circle",
    "citrus",   "cobalt",  "coconut", "comet",     "compass", "copper",  "coral",    "cork",
    "cottage",  "crane",   "cricket", "crystal",   "cushion", "daisy",   "delta",    "denim",
    "desert",   "dolphin", "domino",  "drum",      "eagle",   "easel",   "echo",     "elbow",
    "elm",      "ember",   "emerald", "envelope",  "fabric",  "falcon",  "feather",  "fern",
    "fiddle",   "field",   "finch",   "flannel",   "flute",   "forest",  "fossil",   "fox",
    "gallery",  "garden",  "ginger",  "glacier",   "glove",   "granite", "grape",    "gravel",
    "guitar",   "harbour", "harp",    "harvest",   "hazel",   "heather", "hedge",    "helmet",
    "heron",    "hill",    "honey",   "horizon",   "hotel",   "igloo",   "indigo",   "iris",
    "island",   "ivory",   "ivy",     "jacket",    "jasmine", "jigsaw",  "jungle",   "juniper",
    "kettle",   "kiosk",   "kite",    "ladder",    "lagoon",  "lamp",    "lantern",  "laurel",
    "lavender", "lemon",   "library", "lilac",     "lily",    "lobster", "lotus",    "lunar",
    "magnet",   "mango",   "maple",   "marble",    "market",  "meadow",  "melon",    "mirror",
    "mitten",   "mosaic",  "moss",    "mountain",  "museum",  "mustard", "nectar",   "needle",
    "nickel",   "nutmeg",  "oak",     "oasis",     "ocean",   "olive",   "onion",    "orange",
    "orbit",    "orchard", "otter",   "oven",      "oyster",  "palace",  "paper",    "parcel",
    "parsley",  "peach",   "pebble",  "pencil",    "pepper",  "piano",   "pigeon",   "pillow",
    "pine",     "planet",  "plaza",   "plum",      "pocket",  "pond",    "poplar",   "potato",
    "pottery",  "prairie", "pumpkin", "puzzle",    "quartz",  "quilt",   "rabbit",   "radio",
    "raven",    "reed",    "ribbon",  "river",     "robin",   "rocket",  "rose",     "ruby",
    "saddle",   "saffron", "sail",    "salmon",    "sandal",  "satin",   "saucer",   "scarf",
    "shell",    "silk",    "silver",  "sparrow",   "spoon",   "spruce",  "squirrel", "statue",
    "swan",     "tablet",  "tango",   "teapot",    "temple",  "thimble", "thistle",  "tiger",
    "timber",   "toffee",  "topaz",   "tractor",   "trumpet", "tulip",   "tundra",   "turtle",
    "velvet",   "village", "violin",  "walnut",    "whistle", "willow",  "window",   "yacht"};

}  // namespace huecry::directory
