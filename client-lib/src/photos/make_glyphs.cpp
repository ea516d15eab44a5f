// Draws the watermark's letters when the library is built: make_glyphs FONT OUT.cpp
// The same font gives the same file.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <ft2build.h>
#include FT_FREETYPE_H

namespace {

constexpr unsigned pixels = 24;

// Scripts whose letters stand side by side; others need shaping and are shown by number.
constexpr std::pair<unsigned, unsigned> ranges[] = {
    {0x0020, 0x007E},  // ASCII
    {0x00A0, 0x024F},  // Latin with marks
    {0x02B0, 0x036F},  // modifiers and combining marks
    {0x0370, 0x052F},  // Greek, Cyrillic
    {0x1E00, 0x1EFF},  // Vietnamese and others
    {0x2010, 0x2027},  // punctuation
    {0x20AC, 0x20AC},  // euro
};

struct Output {
    std::string table;
    std::vector<unsigned> coverage;
    int ascent = 0;
    int descent = 0;
    unsigned count = 0;
};

void add(Output& out, unsigned code, const FT_GlyphSlot slot) {
    const FT_Bitmap& bitmap = slot->bitmap;
    out.table += "    {U'\\U000" +
                 [code] {
                     char hex[8];
                     std::snprintf(hex, sizeof hex, "%05X", code);
                     return std::string(hex);
                 }() +
                 "', " + std::to_string(out.coverage.size()) + ", " + std::to_string(bitmap.width) +
                 ", " + std::to_string(bitmap.rows) + ", " + std::to_string(slot->bitmap_left) +
                 ", " + std::to_string(slot->bitmap_top) + ", " +
                 std::to_string((slot->advance.x + 32) / 64) + "},\n";
    for (unsigned y = 0; y < bitmap.rows; ++y) {
        const unsigned char* row = bitmap.buffer + static_cast<long>(y) * bitmap.pitch;
        for (unsigned x = 0; x < bitmap.width; x += 2) {
            const unsigned high = row[x] >> 4U;
            const unsigned low = x + 1 < bitmap.width ? row[x + 1] >> 4U : 0U;
            out.coverage.push_back(high << 4U | low);
        }
    }
    out.ascent = std::max(out.ascent, slot->bitmap_top);
    out.descent = std::max(out.descent, static_cast<int>(bitmap.rows) - slot->bitmap_top);
    ++out.count;
}

bool write(const Output& out, const char* path) {
    std::string text =
        "// Drawn from DejaVu Sans Bold by make_glyphs.\n#include \"photos/glyphs.hpp\"\n\n"
        "namespace huecry::photos {\nnamespace {\n\nconstexpr Glyph table[] = {\n" +
        out.table + "};\nconstexpr std::uint8_t coverage[] = {";
    for (std::size_t i = 0; i < out.coverage.size(); ++i) {
        text += (i % 32 == 0 ? "\n" : "") + std::to_string(out.coverage[i]) + ",";
    }
    text +=
        "};\n\n}  // namespace\n\nconst GlyphSet& glyph_set() {\n"
        "    static constexpr GlyphSet set{table, coverage, " +
        std::to_string(out.ascent) + ", " + std::to_string(out.descent) +
        "};\n    return set;\n}\n\n}  // namespace huecry::photos\n";
    std::FILE* file = std::fopen(path, "wb");
    if (file == nullptr) return false;
    const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    return std::fclose(file) == 0 && written;
}

}  // namespace

int main(int argc, char** argv) {
    FT_Library library = nullptr;
    FT_Face face = nullptr;
    if (argc != 3 || FT_Init_FreeType(&library) != 0 ||
        FT_New_Face(library, argv[1], 0, &face) != 0 || FT_Set_Pixel_Sizes(face, 0, pixels) != 0) {
        std::fputs("make_glyphs FONT OUT.cpp: the font cannot be read\n", stderr);
        return 1;
    }
    Output out;
    for (const auto& [first, last] : ranges) {
        for (unsigned code = first; code <= last; ++code) {
            const FT_UInt index = FT_Get_Char_Index(face, code);
            if (index == 0 || FT_Load_Glyph(face, index, FT_LOAD_RENDER) != 0) continue;
            add(out, code, face->glyph);
        }
    }
    FT_Done_Face(face);
    FT_Done_FreeType(library);
    return out.count > 500 && write(out, argv[2]) ? 0 : 1;
}
