#!/usr/bin/env python3
"""Switches off each check of the MLS engine, one at a time: its test must then fail.

    tests/mutation.py [--build FOLDER] [--jobs N] [--only TEXT]

    --build FOLDER   where to build (build/mutation)
    --jobs N         processes at a time (2)
    --only TEXT      only mutants in whose file, words or code this text is found

Builds the unit tests of the engine once, from a copy of client-lib/src/mls in which every place where
a check answers can be switched off by a number in the environment (CMake option HUECRY_MUTATION; the
sources themselves have no such switch). Then runs the tests once for each number. A check that is
named in mls/RULES.md must be missed by the test that its row names; any other place (a call of a
group of checks) by any of the tests. Ends non-zero when a mutant survives.

    tests/mutation.py --instrument SOURCES OUT   the copy alone (called by CMake)
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RULES = ROOT / "client-lib/src/mls/RULES.md"
PROGRAMS = {  # what runs which sources; the slowest last
    "mls_rules_test": [
        f"mls_{noun}rules_test.cpp" for noun in ("", "join_", "form_", "message_", "commit_", "tree_", "storage_")
    ],
    "mls_engine_test": ["mls_storage_test.cpp", "mls_verdict_test.cpp"],
}
SECONDS = 40  # a mutant that runs longer hangs, and is noticed by that

# What makes an `if` a check: the first thing that it does.
ANSWER = re.compile(
    r"""\s*\{?\s*(?:
        return\s+(?:Error\{|Errc::|invalid\(|unauthentic\(|damaged|Stop\{|failed\(
                    |void\(good\s*=\s*false\)|nullptr;|std::nullopt;)
      | \w+\.fail\(\)
      | good\s*=\s*false;
      | set_verdict\(
      | out\s*=\s*Error\{
    )""",
    re.X,
)
FAIL = re.compile(r"\b\w+\.fail\(\);")
CALL = re.compile(r"\bHUECRY_TRY\((?!_)")
DECLARATION = re.compile(r"\s*(?:const )?auto\*? (\w+) = ")
WORDS = re.compile(r'"((?:[^"\\]|\\.)*)"')


def closing(text, at, pair="()"):
    """The place after the bracket that closes the one at `at`; strings and comments are passed by."""
    depth = 0
    while at < len(text):
        c = text[at]
        if c in "\"'":
            at += 1
            while text[at] != c:
                at += 2 if text[at] == "\\" else 1
        elif text.startswith("//", at):
            at = text.index("\n", at)
        elif c == pair[0]:
            depth += 1
        elif c == pair[1]:
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    raise ValueError("no closing bracket")


def split(text, separator):
    """Parts of `text` between separators that stand in no bracket and no string."""
    parts, depth, start, at = [], 0, 0, 0
    while at < len(text):
        c = text[at]
        if c in "\"'":
            end = at + 1
            while text[end] != c:
                end += 2 if text[end] == "\\" else 1
            at = end
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif depth == 0 and text.startswith(separator, at):
            parts.append(text[start:at])
            at += len(separator)
            start = at
            continue
        at += 1
    return parts + [text[start:]]


def one_line(text):
    return re.sub(r"\s+", " ", re.sub(r"//[^\n]*", "", text)).strip()


class Instrumenter:
    def __init__(self):
        self.mutants = []

    def add(self, file, text, at, kind, code, words, whole=None):
        number = len(self.mutants) + 1
        self.mutants.append(
            {
                "number": number,
                "file": file,
                "line": text.count("\n", 0, at) + 1,
                "kind": kind,
                "code": one_line(code),
                "words": words,
                "name": words or one_line(whole or code),
            }
        )
        return f"!huecry_mutant({number})"

    def instrument(self, file, text):
        edits = []  # (from, to, new)
        seen = set()  # where the statement of a check stands
        for found in re.finditer(r"\bif \(", text):
            begin = found.end() - 1
            end = closing(text, begin)
            if not ANSWER.match(text, end):
                continue
            statement = text[end : text.index(";", end)]
            seen.add(text.index(";", end))
            named = WORDS.search(statement)
            words = named.group(1) if named else None
            if words is None and re.search(r"\breturn damaged", statement):
                words = WORDS.search(text, text.rindex("const Error damaged", 0, end)).group(1)
            kind = "form" if ".fail()" in statement else "check"
            *before, condition = split(text[begin + 1 : end - 1], ";")
            declared = DECLARATION.match(condition)
            if declared:  # its value is the condition
                before, condition = before + [condition], " " + declared.group(1)
            clauses = split(condition, "||")
            guarded = [
                f"(({one_line(c)}) && {self.add(file, text, begin, kind, c, words, condition)})"
                for c in clauses
            ]
            start = "".join(part + ";" for part in before)
            edits.append((begin + 1, end - 1, start + (" " if before else "") + " || ".join(guarded)))
        for found in FAIL.finditer(text):
            if found.end() - 1 in seen:
                continue
            guard = self.add(file, text, found.start(), "form", "otherwise", None)
            edits.append((found.start(), found.start(), f"if ({guard}) "))
        for found in CALL.finditer(text):
            code = text[found.end() : closing(text, found.end() - 1) - 1]
            guard = self.add(file, text, found.start(), "call", code, None)
            edits.append((found.start(), found.start(), f"if ({guard}) "))
        for begin, end, new in sorted(edits, reverse=True):
            text = text[:begin] + new + text[end:]
        return f'bool huecry_mutant(int number);\n#line 1 "{file}"\n' + text


def write(path, text):
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def instrument(sources, out):
    out.mkdir(parents=True, exist_ok=True)
    work = Instrumenter()
    for source in sorted(sources.glob("*.cpp")):
        write(out / source.name, work.instrument(source.name, source.read_text()))
    write(
        out / "mutant.cpp",
        "#include <cstdlib>\n\n"
        "bool huecry_mutant(int number);\n"
        "bool huecry_mutant(int number) {\n"
        '    static const char* const text = std::getenv("HUECRY_MUTANT");\n'
        "    static const int chosen = text == nullptr ? 0 : std::atoi(text);\n"
        "    return number == chosen;\n"
        "}\n",
    )
    write(out / "mutants.json", json.dumps(work.mutants, indent=1))


def tests_by_name():
    """For each check that RULES.md names: (words or condition, file) -> the sources of its tests."""
    names = {}
    for line in RULES.read_text().splitlines():
        row = re.fullmatch(r"\| [^|]+ \| `(.+)` \| ([^|`]+) \| ([^|]+) \|", line)
        row = row or re.fullmatch(r"- `(.+)`, ([a-z_]+\.cpp) \([^)]*\): (\S+)", line)
        if not row:
            continue
        for file in row[2].split(","):
            tests = [pathlib.PurePath(test.strip()).name for test in row[3].split(",")]
            names[row[1], file.strip()] = tests
    return names


def fails(build, number, program, source):
    environment = dict(os.environ, HUECRY_MUTANT=str(number))
    command = [build / "bin" / program, f"--source-file=*{source}", "--abort-after=1", "--no-version"]
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def judge(build, mutant, names):
    every = [(program, source) for program, sources in PROGRAMS.items() for source in sources]
    named = names.get((mutant["name"], mutant["file"]))
    chosen = [(p, s) for p, s in every if s in named] if named else every
    for program, source in chosen:
        if fails(build, mutant["number"], program, source):
            return source
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/mutation")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="")
    parser.add_argument("--instrument", nargs=2, type=pathlib.Path)
    options = parser.parse_args()
    if options.instrument:
        instrument(*options.instrument)
        return 0

    cmake = ["cmake", "-S", ROOT, "-B", options.build, "-G", "Ninja", "-DHUECRY_MUTATION=ON"]
    cmake += ["-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_C_COMPILER=clang-19", "-DCMAKE_CXX_COMPILER=clang++-19"]
    subprocess.run(cmake, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(
        ["cmake", "--build", options.build, "--parallel", str(options.jobs), "--target", *PROGRAMS],
        check=True,
    )
    names = tests_by_name()
    for program, sources in PROGRAMS.items():
        for source in sources:
            if fails(options.build, 0, program, source):
                print(f"mutation: {source} fails with every check in its place")
                return 2
    mutants = json.loads((options.build / "mutation/mutants.json").read_text())
    mutants = [m for m in mutants if options.only in f'{m["file"]} {m["words"]} {m["code"]}']
    survived = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for mutant, killer in zip(mutants, pool.map(lambda m: judge(options.build, m, names), mutants)):
            survived += killer is None
            place = f'{mutant["file"]}:{mutant["line"]}'
            said = f'"{mutant["words"]}"' if mutant["words"] else mutant["kind"]
            verdict = f"killed by {killer}" if killer else "SURVIVED"
            print(f'{mutant["number"]:4} {place:26} {said}: {mutant["code"]}: {verdict}', flush=True)
    print(f"mutation: {len(mutants)} mutants, {len(mutants) - survived} killed, {survived} survived")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
