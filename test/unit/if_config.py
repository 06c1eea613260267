#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""configs/cokernel.schema.json against libcoord, which is what decides.

Every example and every configuration below is judged by both. They must agree,
but for what a schema can't say, which is marked.
"""
import ctypes
import glob
import json
import os
import re
import sys

import jsonschema

TOP = os.path.dirname(os.path.abspath(__file__)) + "/../.."
TREE = os.environ["O"] + "/tree/usr/local"

# What only libcoord can know: configurations the schema lets through.
ONLY_LIBCOORD = [
    '{"cpu_list": "3-1"}',
    '{"cpu_list": "1-65"}',
    '{"cpu_list": "99999"}',
    '{"memory": "16777216T"}',
    '{"memory": "99999999999999999999"}',
    '{"owner": "no-such-user"}',
    '{"name": "a", "name": "a"}',
    '{"cmdline": "a\\u0000b"}',
    '{"cmdline": "' + 1023 * "\u00e9" + '"}',
]

GOOD = [
    "{}",
    '{"name": "web-1.a_B", "mode": "native", "cpus": 3, "memory": "1G",'
    ' "image": "/x/y", "cmdline": "a b=c", "owner": 1000, "timeout": 5}',
    '{"cpu_list": "2-3,7", "memory": "128M", "owner": "root"}',
    '{"numa": 1}', '{"numa": "any"}', '{"from": "pool"}',
]

BAD = [
    "[]", "null", "1", '"name"',
    '{"cpus": 1, "cpu_list": "1"}',
    '{"cpu": 1}', '{"Name": "a"}', '{"": 1}', '{"name ": "a"}',
    '{"name": "a", "cpus": 99}',
]

# Each of these with each key.
VALUES = [
    "", "a", "A1_.-", ".a", "-a", "_a", "a/b", "a b", "a\n", "\u00e9", 31 * "a", 32 * "a",
    "auto", "pool", "linux", "Pool", "pool\n", "blocks", "contig", "Contig", "contig\n", "any", "8191", "00008191", 8191, 8192,
    "native", "vm", "guarded", "Native", "native\n", "root",
    0, 1, 2, 64, 65, 600, 601, 1000, -1, 1.5, 2.0, 1e300, 4294967294, 4294967295, 4294967296,
    "0", "1", "64", "65", "2-3", "2-3,7", "2-", "-2", "2,,3", "2,", ",2", "2 3", "0-0", "1\n",
    "128M", "128m", "1g", "1T", "0M", "12Q", "12MB", "12 M", "1.5G", "0x10M", "007K", "+1M", " 1M",
    4095 * "x", 4096 * "x", 1023 * "x", 1024 * "x", 255 * "1", "1," * 127 + "1", "1," * 128 + "1",
    True, False, None, [], ["a"], {}, {"a": {}},
]


class Err(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("err", ctypes.c_int), ("why", ctypes.c_uint32),
                ("text", ctypes.c_char * 960)]


class Libcoord:
    def __init__(self):
        self.lib = ctypes.CDLL(TREE + "/lib/libcoord.so.1")

    def refusal(self, text):
        """None, or the sentence with which it is refused."""
        config = ctypes.create_string_buffer(65536)  # roomier than coord_config
        err, data = Err(), text.encode()
        self.lib.coord_config_init(config)
        ret = self.lib.coord_config_parse(config, data, ctypes.c_size_t(len(data)),
                                          ctypes.byref(err))
        return err.text.decode(errors="replace") if ret else None

    def keys(self):
        told = self.refusal('{"no such key": 1}')
        return set(re.search(r"; use (.*)", told).group(1).split(", "))


def sentence(schema, text):
    """None, or what the schema says against it."""
    error = jsonschema.exceptions.best_match(schema.iter_errors(json.loads(text)))
    return error and error.message


class Tests:
    def __init__(self):
        self.run = self.failed = 0
        self.lines = []

    def ok(self, name, problems):
        self.run += 1
        self.failed += bool(problems)
        self.lines.append(f"{'not ok' if problems else 'ok'} {self.run} - config: {name}")
        self.lines += ["#   " + line[:300] for line in problems]

    def finish(self):
        """The plan comes first, as with the other tests of this tier."""
        print("\n".join([f"1..{self.run}"] + self.lines))
        return 1 if self.failed else 0


def differences(schema, lib, texts, schema_takes, lib_takes):
    out = []
    for text in texts:
        told, refused = sentence(schema, text), lib.refusal(text)
        if (told is None) != schema_takes:
            out.append(f"schema, {text[:80]}: {told or 'takes it'}")
        if (refused is None) != lib_takes:
            out.append(f"libcoord, {text[:80]}: {refused or 'takes it'}")
    return out


def disagreements(schema, lib, texts):
    """[(text, who refuses it and why)], and how many both refuse."""
    out, refused_by_both = [], 0
    for text in texts:
        told, refused = sentence(schema, text), lib.refusal(text)
        refused_by_both += bool(told and refused)
        if bool(told) != bool(refused):
            out.append(f"{text[:80]}: " + (f"schema: {told}" if told else f"libcoord: {refused}"))
    return out, refused_by_both


def whole_products(keys):
    return [json.dumps({key: value}) for key in sorted(keys) for value in VALUES]


def host_only(text):
    """Good in form; whether it is good here depends on the host."""
    (key, value), = json.loads(text).items()
    return (key == "owner" and isinstance(value, str) and value not in ("", "root")
            and not value.isdigit()
            or key == "owner" and isinstance(value, str) and len(value) > 9
            or key == "memory" and isinstance(value, str) and len(value) > 20
            or key == "cpu_list" and isinstance(value, str) and len(value) > 200 and "," not in value)


def main():
    tests, lib = Tests(), Libcoord()
    with open(TOP + "/configs/cokernel.schema.json", encoding="utf-8") as f:
        text = json.load(f)
    jsonschema.Draft202012Validator.check_schema(text)
    schema = jsonschema.Draft202012Validator(text)

    tests.ok("the schema and libcoord have the same keys",
             sorted(f"'{k}' is in one only" for k in lib.keys() ^ text["properties"].keys()))
    examples = [n for n in glob.glob(TOP + "/configs/*.json") if not n.endswith(".schema.json")]
    tests.ok("there are examples", [] if len(examples) > 2 else ["too few"])
    for name in examples:
        with open(name, encoding="utf-8") as f:
            tests.ok(f"{os.path.basename(name)} is good",
                     differences(schema, lib, [f.read()], True, True))
    tests.ok("both take the good ones", differences(schema, lib, GOOD, True, True))
    tests.ok("both refuse the bad ones", differences(schema, lib, BAD, False, False))
    tests.ok("what only libcoord can know",
             differences(schema, lib, ONLY_LIBCOORD, True, False))
    products = [t for t in whole_products(text["properties"]) if not host_only(t)]
    differing, refused = disagreements(schema, lib, products)
    tests.ok(f"both say the same of {len(products)} settings, {refused} of them bad", differing)
    # The comparison can fail: without one rule of the schema it does.
    for key in sorted(text["properties"]):
        weaker = json.loads(json.dumps(text))
        weaker["properties"][key] = {}
        weaker = jsonschema.Draft202012Validator(weaker)
        tests.ok(f"it would be noticed if '{key}' took anything",
                 [] if disagreements(weaker, lib, products)[0] else ["nobody noticed"])
    return tests.finish()


sys.exit(main())
