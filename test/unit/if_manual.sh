#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The installed man pages: well-formed, and they name what there is. The options
# of cokctl's help and of cokctl(1) are compared, the keys of the schema and of
# cokernel.json(5), and the functions of libcoord and of libcoord(3).
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
share=$O/tree/usr/local/share cokctl=$O/tree/usr/local/bin/cokctl
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tests=0 failed=0
ok() {
	local name=$1
	shift
	tests=$((tests + 1))
	if "$@" >"$work/said" 2>&1; then
		echo "ok $tests - manual: $name"
	else
		failed=1
		echo "not ok $tests - manual: $name"
		sed 's/^/#   /' "$work/said"
	fi
}

verbs() {
	"$cokctl" help | awk '/^  [a-z]/ { print $1 }' | sort
}

# One option a line, all its spellings: "-f --follow".
help_options() {
	local verb
	for verb in $(verbs); do
		"$cokctl" "$verb" --help | sed -n 's/^ \{2,\}\(-.*\)/\1/p' |
			sed 's/\(--[a-z-]*\).*/\1/; s/,//'
	done | sort -u
}

page_options() {
	grep -oE 'Fl -?[a-z][a-z-]*' "$1" | sed 's/^Fl /-/' | sort -u
}

# Each option of the help is in the page by one of its spellings.
options_described() {
	local short long bad=0
	page_options "$1" >"$work/page"
	while read -r short long; do
		grep -qxFe "$short" -e "${long:-$short}" "$work/page" ||
			[ "$short" = -h ] || { echo "not in the page: $short $long"; bad=1; }
	done < <(help_options)
	return "$bad"
}

options_exist() {
	! page_options "$1" | grep -vxF -f <(help_options | tr ' ' '\n')
}

verbs_described() {
	diff <(verbs) <(sed -n 's/^\.It Sy \(.*\)/\1/p' "$1" | tr ',' '\n' |
		awk '$1 ~ /^[a-z]+$/ { print $1 }' | sort)
}

keys_described() {
	diff <(python3 -c 'import json, sys
print("\n".join(sorted(json.load(sys.stdin)["properties"])))' <"$share/cok/cokernel.schema.json") \
		<(sed -n 's/^\.It Cm \([a-z_]*\) No.*/\1/p' "$1" | sort)
}

functions_described() {
	diff <(nm -D --defined-only "$O/tree/usr/local/lib/libcoord.so.1" |
		awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u) \
		<(sed -n 's/^\.It Fn \(coord_[a-z_]*\).*/\1/p' "$1" | sort)
}

# A page without that line of the installed one is found out by the check.
noticed() {
	local page=$1 line=$2
	shift 2
	grep -ve "$line" "$page" >"$work/spoiled"
	! cmp -s "$page" "$work/spoiled" && ! "$@" "$work/spoiled"
}

invented_option() {
	sed 's/Fl -dry-run/Fl -wet-run/' "$1" >"$work/more"
	! options_exist "$work/more"
}

one=$share/man/man1/cokctl.1 three=$share/man/man3/libcoord.3
five=$share/man/man5/cokernel.json.5
echo 1..14
ok 'cokctl(1) is well-formed' mandoc -T lint -W warning "$one"
ok 'cokernel.json(5) is well-formed' mandoc -T lint -W warning "$five"
ok 'libcoord(3) is well-formed' mandoc -T lint -W warning "$three"
ok 'cokctl(1) has every verb' verbs_described "$one"
ok 'cokctl(1) has every option' options_described "$one"
ok 'cokctl(1) has no option that does not exist' options_exist "$one"
ok 'cokernel.json(5) has every key' keys_described "$five"
ok 'libcoord(3) has every function' functions_described "$three"
ok 'a missing function would be noticed' noticed "$three" 'It Fn coord_kill' functions_described
ok 'a missing verb would be noticed' noticed "$one" 'It Sy kill' verbs_described
ok 'a missing option would be noticed' noticed "$one" 'Fl -dry-run' options_described
ok 'a missing key would be noticed' noticed "$five" 'It Cm owner' keys_described
ok 'an option too many would be noticed' invented_option "$one"
ok 'there are options to compare' test "$(help_options | wc -l)" -gt 15
[ "$failed" = 0 ]
