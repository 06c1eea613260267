#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""docs/netlink/cok.yaml against include/cok/genl.h and the module's policies.

The compiler evaluates the headers and the policies; names, values and types
are then compared in both directions. The last tests change one of the files
and want each change to be noticed.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

import yaml

TOP = os.path.dirname(os.path.abspath(__file__)) + "/../.."
CC = os.environ.get("CC", "cc")
TYPES = ("string", "u32", "u64", "flag", "binary", "nest")


def read(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as f:
        return f.read()


def c_name(*parts):
    return "".join(parts).upper().replace("-", "_")


def run_c(text, include):
    """Compiles a program and returns the JSON that it prints."""
    with tempfile.TemporaryDirectory() as tmp:
        with open(tmp + "/a.c", "w", encoding="utf-8") as f:
            f.write(text)
        subprocess.run(
            [CC, "-std=gnu11", "-w", "-I", include, "-I", TOP + "/include",
             "-I", TOP + "/module", "-o", tmp + "/a", tmp + "/a.c"],
            check=True)
        return json.loads(subprocess.run([tmp + "/a"], check=True,
                                         capture_output=True).stdout)


# ---- the header ---------------------------------------------------------------

def enumerators(header):
    """{enum: [name, ...]}, as written."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    return {name: re.findall(r"^\s*(\w+)\s*(?:=[^,\n]*)?,?[ \t]*$", body, re.M)
            for name, body in re.findall(r"enum (\w+) \{(.*?)\}", text, re.S)}


def header_values(enums, include):
    """{enum: {name: value}}, as the compiler has them."""
    lines = "".join(f'printf("%s[\\"{enum}\\",\\"{name}\\",%d]", at++ ? "," : "", {name});'
                    for enum, names in enums.items() for name in names)
    out = {enum: {} for enum in enums}
    for enum, name, value in run_c(
            "#include <cok/boot.h>\n#include <cok/comm.h>\n"
            "#include <cok/genl.h>\n#include <stdio.h>\n"
            'int main(void) { int at = 0; putchar(\'[\');' + lines +
            "putchar(']'); }", include):
        out[enum][name] = value
    return out


def told_types(header, enum):
    """{name: (type, enum of its values or None)}, from the comments."""
    match = re.search(r"(/\*[^/]*\*/\s*)?enum " + enum + r" \{(.*?)\n\}", header, re.S)
    before, body = match.groups()
    default = re.search(r"all (\w+)\.", before or "")
    out = {}
    for name, comment in re.findall(r"^\s*(\w+),[ \t]*(?:/\*(.*?)\*/)?", body, re.M):
        word = re.match(r"\s*(\w+)", comment or "")
        told = word.group(1) if word and word.group(1) in TYPES else None
        of = re.search(r"enum (\w+)", comment or "")
        out[name] = (told or (default and default.group(1)), of and of.group(1))
    return out


# ---- the policies ---------------------------------------------------------------

SHIM = """
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cok/boot.h>
#include <cok/comm.h>
#include <cok/genl.h>
#include "core/ledger.h"
typedef uint32_t u32;
enum { NLA_UNSPEC, NLA_U32, NLA_U64, NLA_NUL_STRING, NLA_BINARY, NLA_FLAG };
struct netlink_range_validation { uint64_t min, max; };
struct nla_policy {
	int type; unsigned int len; int64_t min, max;
	const struct netlink_range_validation *range;
};
#define NLA_POLICY_RANGE(t, lo, hi) { .type = t, .min = lo, .max = hi }
#define NLA_POLICY_FULL_RANGE(t, r) { .type = t, .range = r }
struct genl_ops {
	int cmd; int (*doit)(void), (*start)(void), (*dumpit)(void);
	const struct nla_policy *policy; unsigned int maxattr;
	int validate, flags;
};
"""

PRINT = """
int main(void)
{
	static const char *const types[] =
		{ "", "u32", "u64", "string", "binary", "flag" };
	size_t i, a;

	printf("[");
	for (i = 0; i < sizeof(cok_genl_ops) / sizeof(*cok_genl_ops); i++) {
		const struct genl_ops *o = &cok_genl_ops[i];
		int n = 0;

		printf("%s{\\"cmd\\":%d,\\"do\\":%d,\\"dump\\":%d,\\"loose\\":%d,\\"attrs\\":[",
		       i ? "," : "", o->cmd, !!o->doit, !!o->dumpit,
		       o->validate || o->flags || o->maxattr != COK_A_MAX);
		for (a = 0; a <= COK_A_MAX; a++) {
			const struct nla_policy *p = &o->policy[a];

			if (p->type)
				printf("%s[%zu,\\"%s\\",%u,%lld,%lld]", n++ ? "," : "", a,
				       types[p->type], p->len,
				       p->range ? (long long)p->range->min : (long long)p->min,
				       p->range ? (long long)p->range->max : (long long)p->max);
		}
		printf("]}");
	}
	printf("]");
}
"""


def policies(genl_c, include):
    """The table of operations, with what each policy lets in."""
    text = re.search(r"^static struct netlink_range_validation.*?(?=^/\* ---- the family)",
                     genl_c, re.S | re.M).group(0)
    table = re.search(r"^#define DO\(.*?^static const struct genl_ops.*?^\};", genl_c,
                      re.S | re.M).group(0)
    called = set(re.findall(r"DO\(\w+, (\w+),", table))
    called |= set(re.findall(r"\.(?:doit|start|dumpit) = (?!_)(\w+)", table))
    length = re.search(r"^#define TEXT_LEN.*$", genl_c, re.M).group(0)
    stubs = "".join(f"static int {name}(void) {{ return 0; }}\n" for name in sorted(called))
    return run_c(SHIM + length + "\n" + stubs + text + "\n" + table + PRINT, include)


# ---- the comparison ---------------------------------------------------------------

class Check:
    """Compares one spec, header and genl.c; `found` says what differs."""

    def __init__(self, spec, header, genl_c):
        self.found = []
        self.spec = yaml.safe_load(spec)
        self.header = header
        self.sets = {s["name"]: s for s in self.spec["attribute-sets"]}
        self.enum_names = {d["name"]: d["enum-name"] for d in self.spec["definitions"]}
        with tempfile.TemporaryDirectory() as include:
            os.mkdir(include + "/cok")
            with open(include + "/cok/genl.h", "w", encoding="utf-8") as f:
                f.write(header)
            own = enumerators(header)
            others = {**enumerators(read("include/cok/boot.h")),
                      **enumerators(read("include/cok/comm.h"))}
            self.values = header_values({**own, **others}, include)
            self.enums(own)
            self.attributes()
            self.defines()
            self.operations(policies(genl_c, include))

    def differ(self, what, spec, header):
        if spec != header:
            self.found.append(f"{what}: spec has {spec}, header or module has {header}")

    def values_of(self, what, enum, want, count):
        """The enum is exactly `want`, and maybe a count behind it."""
        have = dict(self.values.get(enum, {}))
        if count in have:
            self.differ(f"{what}: {count}", max(want.values()) + 1, have.pop(count))
        for name in sorted(want.keys() | have.keys()):
            self.differ(f"{what}: {name}", want.get(name), have.get(name))

    def enums(self, own):
        described = {}
        for d in self.spec["definitions"]:
            value, want = d.get("value-start", 0), {}
            for e in d["entries"]:
                e = {"name": e} if isinstance(e, str) else e
                value = e.get("value", value)
                want[c_name(d["name-prefix"], e["name"])] = value
                value += 1
            described[d["enum-name"]] = d
            self.values_of("enum " + d["name"], d["enum-name"], want,
                           c_name(d["name-prefix"], "count"))
            self.differ("enum " + d["name"] + ": its header", "header" not in d,
                        d["enum-name"] in own)
        for s in self.spec["attribute-sets"]:
            described[s["enum-name"]] = s
        described[self.spec["operations"]["enum-name"]] = self.spec
        for enum in own.keys() - described.keys():
            self.found.append(f"enum {enum} is not in the spec")

    def numbered(self, items, prefix):
        value, want = 1, {c_name(prefix, "unspec"): 0}
        for item in items:
            value = item.get("value", value)
            want[c_name(prefix, item["name"])] = value
            value += 1
        return want

    def attributes(self):
        for s in self.spec["attribute-sets"]:
            prefix = s["name-prefix"]
            self.values_of("set " + s["name"], s["enum-name"],
                           self.numbered(s["attributes"], prefix),
                           c_name(s["attr-cnt-name"]))
            told = told_types(self.header, s["enum-name"])
            for a in s["attributes"]:
                what = f"set {s['name']}: {a['name']}"
                if a["type"] == "pad":
                    continue
                kind, of = told.get(c_name(prefix, a["name"]), (None, None))
                self.differ(what + ": type", a["type"], kind)
                enum = self.enum_names.get(a.get("enum"), a.get("enum"))
                self.differ(what + ": enum", enum, of)
                if a["type"] == "nest" and a.get("nested-attributes") not in self.sets:
                    self.found.append(what + ": no such set inside it")

    def defines(self):
        """#define COK_GENL_*: the name, the version, the groups."""
        have = dict(re.findall(r"^#define (COK_GENL_\w+)\s+(\S+)$", self.header, re.M))
        want = {c_name(self.spec["c-family-name"]): f'"{self.spec["name"]}"',
                c_name(self.spec["c-version-name"]): "1"}
        for group in self.spec["mcast-groups"]["list"]:
            want[c_name(group["c-define-name"])] = f'"{group["name"]}"'
        self.differ("defines", want, have)

    def known(self, what, op, names):
        attributes = {a["name"]: a for a in self.sets[op["attribute-set"]]["attributes"]}
        for name in names:
            if name not in attributes:
                self.found.append(f"{what}: no attribute '{name}'")
        return attributes

    def operations(self, table):
        ops = self.spec["operations"]
        values = self.numbered(ops["list"], ops["name-prefix"])
        self.values_of("operations", ops["enum-name"], values, c_name(self.spec["cmd-cnt-name"]))
        groups = [g["name"] for g in self.spec["mcast-groups"]["list"]]
        handled = {row["cmd"]: row for row in table}
        for op in ops["list"]:
            what = "operation " + op["name"]
            row = handled.pop(values[c_name(ops["name-prefix"], op["name"])], None)
            if "event" in op:
                self.differ(what + ": a handler", None, row)
                self.known(what, op, op["event"]["attributes"])
                self.differ(what + ": group", op.get("mcgrp") in groups, True)
            else:
                self.operation(what, op, row)
        for row in handled.values():
            self.found.append(f"command {row['cmd']} is in the module, not in the spec")

    def operation(self, what, op, row):
        if row is None:
            self.found.append(what + ": the module has no handler")
            return
        self.differ(what + ": do", "do" in op, bool(row["do"]))
        self.differ(what + ": dump", "dump" in op, bool(row["dump"]))
        self.differ(what + ": flags", 0, row["loose"])
        asked, told = set(), set()
        for way in ("do", "dump"):
            asked |= set((op.get(way) or {}).get("request", {}).get("attributes", []))
            told |= set((op.get(way) or {}).get("reply", {}).get("attributes", []))
        attributes = self.known(what, op, asked | told)
        numbers = {n: a for n, a in enumerate(attributes, 1)}
        let_in = {numbers.get(n, f"number {n}"): rest for n, *rest in row["attrs"]}
        self.differ(what + ": request", sorted(asked), sorted(let_in))
        for name in asked & let_in.keys() & attributes.keys():
            self.policy(f"{what}: {name}", attributes[name], *let_in[name])

    def policy(self, what, attribute, kind, length, low, high):
        checks = attribute.get("checks", {})
        self.differ(what + ": type", attribute["type"], kind)
        self.differ(what + ": max-len", checks.get("max-len", 0), length)
        self.differ(what + ": min", checks.get("min", 0), low)
        self.differ(what + ": max", checks.get("max", 0), high)


# ---- the tests ---------------------------------------------------------------------

FILES = ("docs/netlink/cok.yaml", "include/cok/genl.h", "module/genl.c")

# What is changed: file, the text (once in it), what takes its place.
CHANGES = [
    ("a value missing in the spec", 0, "      - quarantined\n", ""),
    ("a value too many in the spec", 0, "      - recalled\n", "      - recalled\n      - lost\n"),
    ("two values exchanged", 0, "      - stopping\n      - stopped\n      - failed",
     "      - stopped\n      - stopping\n      - failed"),
    ("a value of another header", 0, "      - x2apic\n", ""),
    ("an enum left out", 0, "enum-name: cok_event\n", "enum-name: cok_ev\n"),
    ("an attribute missing in the spec", 0, "      -\n        name: job-done\n        type: u32\n",
     ""),
    ("an attribute of another type", 0, "name: tsc-khz\n        type: u32",
     "name: tsc-khz\n        type: u64"),
    ("an attribute in a nest", 0, "name: ring-errors", "name: ring-faults"),
    ("an attribute without its enum", 0, "type: u32\n        enum: why\n      -\n        name: job-done", "type: u32\n      -\n        name: job-done"),
    ("another limit in the spec", 0, "max: 600000", "max: 60000"),
    ("a command missing in the spec", 0, "      name: op-end\n", "      name: op-fin\n"),
    ("a request with less in the spec", 0, "attributes: [name, uid, run]", "attributes: [name]"),
    ("a request with more in the spec", 0, "attributes: [cpu]", "attributes: [cpu, size]"),
    ("a reply with what does not exist", 0, "attributes: [lease]\n    -\n      name: mem-taken",
     "attributes: [leese]\n    -\n      name: mem-taken"),
    ("a group of another name", 0, "c-define-name: cok-genl-mcgrp-events",
     "c-define-name: cok-genl-mcgrp-news"),
    ("a value more in the header", 1, "\tCOK_EV_OP,\n", "\tCOK_EV_OP,\n\tCOK_EV_MORE,\n"),
    ("an attribute more in the header", 1, "\tCOK_A_COUNT\n",
     "\tCOK_A_MORE, /* u32 */\n\tCOK_A_COUNT\n"),
    ("a command more in the header", 1, "\tCOK_CMD_COUNT\n", "\tCOK_CMD_MORE,\n\tCOK_CMD_COUNT\n"),
    ("another type in the header", 1, "COK_A_CPU,\t   /* u32", "COK_A_CPU,\t   /* u64"),
    ("a group more in the header", 1, '"events"\n', '"events"\n#define COK_GENL_MCGRP_LOG "log"\n'),
    ("another version", 1, "COK_GENL_VERSION      1", "COK_GENL_VERSION      2"),
    ("another type in a policy", 2, "[COK_A_CPU] = { .type = NLA_U32 }",
     "[COK_A_CPU] = { .type = NLA_U64 }"),
    ("another length in a policy", 2, ".len = COK_ZONE_MAX - 1", ".len = COK_ZONE_MAX"),
    ("another range in a policy", 2, "NLA_U32, COK_OP_GROW,", "NLA_U32, COK_OP_LAUNCH,"),
    ("a handler less", 2, "\tDO(RECALL, recall, recall_policy),\n", ""),
    ("a dump that became a do", 2, ".dumpit = cok_genl_dump_leases",
     ".doit = cok_genl_dump_leases"),
]


def report(number, name, complaints):
    print(f"{'not ok' if complaints else 'ok'} {number} - {name}")
    for line in complaints:
        print("#   " + line)
    return 1 if complaints else 0


def notices(texts, which, old, new):
    if texts[which].count(old) != 1:
        return [f"'{old}' is {texts[which].count(old)} times in {FILES[which]}: mend this test"]
    changed = list(texts)
    changed[which] = texts[which].replace(old, new)
    return [] if Check(*changed).found else ["nobody noticed"]


def main():
    texts = [read(name) for name in FILES]
    print(f"1..{1 + len(CHANGES)}")
    failed = report(1, "netlink: spec, header and module agree", Check(*texts).found)
    for number, (name, which, old, new) in enumerate(CHANGES, 2):
        failed += report(number, "netlink: noticed: " + name, notices(texts, which, old, new))
    return 1 if failed else 0


sys.exit(main())
