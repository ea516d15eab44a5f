#!/usr/bin/env python3
"""Switches off each check of an area of the code, one at a time: a test must then fail.

    tests/mutation.py [AREA] [--build FOLDER] [--jobs N] [--only TEXT]

    AREA             mls (as without one), relay, net, directory: AREAS below
    --build FOLDER   where to build (build/mutation-AREA)
    --jobs N         processes at a time (2)
    --only TEXT      only mutants in whose file, words or code this text is found (may be repeated:
                     in this order)

Builds the tests of the area once, from a copy of its sources in which every place where a check
answers can be switched off by a number in the environment (CMake: HUECRY_MUTATION; the sources
themselves have no such switch; tests/support/mutant.cpp has). Runs each test case once to see which
of these places it comes past, then for each place the test cases that do, the quickest first, with
that one switched off. Ends non-zero when a mutant survives that tests/unit/README.md does not list.

In the MLS engine every check, call of checks and refused form is a mutant; one that mls/RULES.md names
must be missed by the test that its row names. Elsewhere ("wide" areas) a mutant is
  - each part of a condition of an `if` or of a returned `a && b`, without effect;
  - each condition of an `if` that does something other than leave, taken as true;
  - each comparison with a limit, off by one;
  - each call that fails on, erases, forgets, writes or counts: left out.

    tests/mutation.py --instrument SOURCES OUT FIRST MODE   the copy alone (called by CMake)
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
RULES = ROOT / "client-lib/src/mls/RULES.md"
LEFT = ROOT / "tests/unit/README.md"
AREAS = {  # which libraries are mutated, and which programs must notice
    "mls": (["huecry_mls"], ["mls_rules_test", "mls_engine_test"]),
    "relay": (
        ["relay_delivery", "relay_store", "relay_blobs", "relay_auth"],
        [f"relay_{noun}_test" for noun in ("core", "refusals", "reads", "alarm", "sessions", "store", "backup")],
    ),
    "net": (["relay_net"], ["relay_net_test", "relay_hostile_test"]),
    "directory": (["huecry_directory", "huecry_wire"], ["directory_test", "wire_test"]),
}
SECONDS = 40  # a mutant that takes this much longer than the test hangs, and is noticed by that
MEMORY = pathlib.Path("/dev/shm")  # where a sync costs nothing
ENVIRONMENT = dict({"TMPDIR": str(MEMORY)} if MEMORY.is_dir() else {}, **os.environ)
PLACES = 1 << 16  # as in tests/support/mutant.cpp

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
DECLARATION = re.compile(r"\s*(?:const )?(?:auto|std::string|bool)[*&]? (\w+) =\s")
WORDS = re.compile(r'"((?:[^"\\]|\\.)*)"')
LEAVES = re.compile(r"\s*\{?\s*(?:return|co_return|continue|break|throw)\b")
RETURN = re.compile(r"\breturn (?=[^;]*(?:&&|\|\|))")
LIMIT = re.compile(r"(.+?) (>=|<=|>|<) (.+)")
LOOSER = {">=": ">", ">": ">=", "<=": "<", "<": "<="}
EFFECT = re.compile(r"(?:(?<=[;{})])|(?<=\belse))(?:\s|//[^\n]*\n)+(?!if\b|for\b|while\b|switch\b|static_assert|HUECRY_)(?=[a-z][\w.:*\[\]>()-]*\()")
UNJUDGED = re.compile(r"(?:.*[.>])?(?:log|set_\w+|reserve|add|static_assert)\(|out\.|\(void\)")  # what is only told


def is_quote(text, at):
    return text[at] == '"' or (text[at] == "'" and not text[at - 1].isalnum())  # not 86'400


def closing(text, at, pair="()"):
    """The place after the bracket that closes the one at `at`; strings and comments are passed by."""
    depth = 0
    while at < len(text):
        c = text[at]
        if is_quote(text, at):
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
        if is_quote(text, at):
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
    """What a check of the MLS engine is."""

    def __init__(self, first=1):
        self.first = first
        self.mutants = []

    def add(self, file, text, at, kind, code, words, whole=None):
        number = self.first + len(self.mutants)
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


class Wide(Instrumenter):
    """What may be switched off elsewhere."""

    def condition(self, file, text, at, code, leaves, of_if):
        """The condition with a switch at each of its parts."""
        clauses = split(code, "||")
        out = []
        for clause in clauses:
            parts = split(clause, "&&")
            done = []
            for part in map(one_line, parts):
                mutated = f"({part})"
                compared = LIMIT.fullmatch(part)
                if compared and "limit" in part and len(split(part, "?")) == 1:
                    left, sign, right = compared.groups()
                    guard = self.add(file, text, at, "limit", part, None)
                    mutated = f"({guard} ? ({part}) : ({left} {LOOSER[sign]} {right}))"
                if len(parts) > 1 or (of_if and not leaves and len(clauses) == 1):
                    guard = self.add(file, text, at, "true", part, None)
                    mutated = f"({mutated} || {guard[1:]})"
                done.append(mutated)
            guarded = " && ".join(done)
            if of_if or len(clauses) > 1:
                guarded = f"({guarded} && {self.add(file, text, at, 'off', clause, None)})"
            out.append(guarded)
        return " || ".join(out)

    def instrument(self, file, text):
        edits = []  # (from, to, new)

        def is_free(begin, end):
            return all(end <= b or begin >= e for b, e, _ in edits)

        for found in re.finditer(r"\bif \(", text):
            begin = found.end()
            end = closing(text, begin - 1) - 1
            *before, condition = split(text[begin:end], ";")
            declared = DECLARATION.match(condition)
            if declared:  # its value is the condition
                before, condition = before + [condition], " " + declared.group(1)
            if is_free(begin, end):
                leaves = LEAVES.match(text, end + 1)
                new = self.condition(file, text, begin, condition, leaves, True)
                edits.append((begin, end, "".join(part + "; " for part in before) + new))
        for found in RETURN.finditer(text):
            begin, end = found.end(), closing("(" + text[found.end() :].replace(";", ")", 1), 0) + found.end() - 2
            code = text[begin:end]
            if ";" in code or not is_free(begin, end) or len(split(code, "?")) > 1:
                continue
            if len(split(code, "||")) + len(split(code, "&&")) > 2:
                edits.append((begin, end, self.condition(file, text, begin, code, False, False)))
        for found in CALL.finditer(text):
            code = text[found.end() : closing(text, found.end() - 1) - 1]
            guard = self.add(file, text, found.start(), "call", code, None)
            edits.append((found.start(), found.start(), f"if ({guard}) "))
        for found in EFFECT.finditer(text):
            begin = found.end()
            end = begin + len(split(text[begin:], ";")[0])
            code = text[begin:end]
            if "\n\n" in code or UNJUDGED.match(code) or not code.endswith(")") or not is_free(begin, end):
                continue
            if code[: code.index("(")].count(" ") or re.search(r"\) [\w={:]", code[: closing(code, code.index("(")) + 3]):
                continue
            guard = self.add(file, text, begin, "effect", code, None)
            edits.append((begin, end + 1, f"{{ if ({guard}) {code}; }}"))
        for begin, end, new in sorted(edits, reverse=True):
            text = text[:begin] + new + text[end:]
        return f'bool huecry_mutant(int number);\n#line 1 "{file}"\n' + text


def write(path, text):
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def instrument(sources, out, first, mode):
    out.mkdir(parents=True, exist_ok=True)
    work = {"checks": Instrumenter, "wide": Wide}[mode](int(first))
    for source in sorted(sources.glob("*.cpp")):
        name = source.name if mode == "checks" else f"{sources.name}/{source.name}"
        write(out / source.name, work.instrument(name, source.read_text()))
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


def left_alone():
    """What no test needs to notice, with the reason: (file, kind, code) -> reason."""
    out = {}
    for line in LEFT.read_text().splitlines():
        row = re.fullmatch(r"- `([a-z_]+/[a-z_]+\.cpp)` (\w+) (`.+`): ([^`]+)", line)
        for code in row[3][1:-1].split("`, `") if row else []:
            out[row[1], row[2], code] = row[4]
    return out


class Case:
    """One test case, and which places it comes past."""

    def __init__(self, build, program, source, name):
        self.command = [build / "bin" / program, "--test-case=" + re.sub(r'[,"\\]', "?", name)]
        self.command += ["--abort-after=1", "--no-version"]
        self.source, self.name = pathlib.PurePath(source).name, name
        with tempfile.NamedTemporaryFile() as seen:
            seen.truncate(PLACES)
            begun = time.monotonic()
            self.good = not self.fails(0, seen.name)
            self.seconds = time.monotonic() - begun
            self.seen = {i for i, byte in enumerate(pathlib.Path(seen.name).read_bytes()) if byte}

    def fails(self, number, seen=""):
        try:
            done = subprocess.run(
                self.command,
                env=dict(ENVIRONMENT, HUECRY_MUTANT=str(number), HUECRY_MUTANT_SEEN=seen),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=SECONDS + (3 * self.seconds if number else 600),
            )
        except subprocess.TimeoutExpired:
            return True
        return done.returncode != 0


def cases_of(build, programs, pool):
    cases = []
    for program in programs:
        listed = subprocess.run(
            [build / "bin" / program, "--list-test-cases", "--reporters=xml"], check=True, capture_output=True
        )
        for case in xml.etree.ElementTree.fromstring(listed.stdout).iter("TestCase"):
            if case.get("skipped") != "true":
                cases.append(pool.submit(Case, build, program, case.get("filename"), case.get("name")))
    return sorted((case.result() for case in cases), key=lambda case: case.seconds)


def judge(mutant, cases, names, killed):
    """The test case that fails, or None; and how many come past the place."""
    named = names.get((mutant["name"], mutant["file"]))
    chosen = [c for c in cases if mutant["number"] in c.seen and (not named or c.source in named)]
    before = killed.setdefault(mutant["file"], collections.Counter())  # by whom, in this file
    chosen.sort(key=lambda case: case.seconds / (1 + before[case]))
    killer = next((case for case in chosen if case.fails(mutant["number"])), None)
    before[killer] += 1
    return killer, len(chosen)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("area", nargs="?", default="mls", choices=AREAS)
    parser.add_argument("--build", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", action="append")
    parser.add_argument("--instrument", nargs=4)
    options = parser.parse_args()
    if options.instrument:
        sources, out, first, mode = options.instrument
        instrument(pathlib.Path(sources), pathlib.Path(out), first, mode)
        return 0

    libraries, programs = AREAS[options.area]
    build = (options.build or ROOT / "build" / f"mutation-{options.area}").absolute()
    cmake = ["cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DHUECRY_MUTATION=" + ";".join(libraries)]
    cmake += ["-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_C_COMPILER=clang-19", "-DCMAKE_CXX_COMPILER=clang++-19"]
    subprocess.run(cmake, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(
        ["cmake", "--build", build, "--parallel", str(options.jobs), "--target", *programs],
        check=True,
    )
    names = tests_by_name() if options.area == "mls" else {}
    mutants = []
    for library in libraries:
        mutants += json.loads((build / "mutation" / library / "mutants.json").read_text())
    chosen = []
    for text in options.only or [""]:
        chosen += [m for m in mutants if m not in chosen and text in f'{m["file"]} {m["words"]} {m["code"]}']
    left = left_alone()
    mutants = [m for m in chosen if (m["file"], m["kind"], m["code"]) not in left]
    survived = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        cases = cases_of(build, programs, pool)
        bad = [case for case in cases if not case.good]
        for case in bad:
            print(f'mutation: "{case.name}" ({case.source}) fails with every check in its place')
        if bad:
            return 2
        killed = {}
        mutants.sort(key=lambda m: any(m["number"] in case.seen for case in cases))  # known at once
        for mutant, (killer, tried) in zip(mutants, pool.map(lambda m: judge(m, cases, names, killed), mutants)):
            survived += killer is None
            place = f'{mutant["file"]}:{mutant["line"]}'
            said = f'"{mutant["words"]}"' if mutant["words"] else mutant["kind"]
            verdict = f"SURVIVED ({tried} tests)"
            if killer:
                verdict = f"killed by {killer.source}, {killer.name}"
            print(f'{mutant["number"]:4} {place:26} {said}: {mutant["code"]}: {verdict}', flush=True)
    print(f"mutation: {len(mutants)} mutants, {len(mutants) - survived} killed, {survived} survived, "
          f"{len(chosen) - len(mutants)} left alone")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
