#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# libcoord as `make install` puts it there: what it exports, and whether a
# program can be built with what pkg-config says and then runs.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
tree=$O/tree lib=$O/tree/usr/local/lib/libcoord.so.1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tests=0 failed=0
ok() {
	local name=$1
	shift
	tests=$((tests + 1))
	if "$@" >"$work/said" 2>&1; then
		echo "ok $tests - library: $name"
	else
		failed=1
		echo "not ok $tests - library: $name"
		sed 's/^/#   /' "$work/said"
	fi
}

# Functions that the header declares: a name and a parenthesis, no comments.
declared() {
	cpp -P -fpreprocessed "$1" 2>/dev/null | grep -oE '\bcoord_[a-z_]+ *\(' | tr -d ' (' | sort -u
}

exported() {
	nm -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u
}

same_symbols() {
	[ "$(exported "$lib" | wc -l)" -gt 30 ] || { echo 'it exports next to nothing'; return 1; }
	diff <(declared "$1") <(exported "$lib")
}

symbols_of_another_header() {
	sed 's/coord_kill(/coord_slay(/' libcoord/coord.h >"$work/coord.h"
	! same_symbols "$work/coord.h"
}

# All under one version, so that a later library can tell them apart.
versioned() {
	! nm -D --defined-only "$lib" | awk '$2 != "A"' | grep -v '@@COORD_1$'
}

pc() {
	PKG_CONFIG_LIBDIR=$tree/usr/local/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$tree \
		pkg-config "$@"
}

program() {
	cat >"$work/a.c" <<-'END'
		#include <coord.h>
		#include <stdio.h>

		int main(void)
		{
			struct coord_config cfg;
			struct coord_err err;

			coord_config_init(&cfg);
			if (!coord_config_parse(&cfg, "{\"cpus\":0}", 10, &err))
				return 1;
			printf("%s: %s\n", coord_version(), err.text);
			return 0;
		}
	END
	# shellcheck disable=SC2046  # several words
	"${CC:-cc}" -Wall -Wextra -Werror -o "$work/a" "$work/a.c" $(pc --cflags --libs libcoord)
}

program_runs() {
	LD_LIBRARY_PATH=${lib%/*} "$work/a" | tee "$work/answer"
	[ "$(<"$work/answer")" = \
		"$(pc --modversion libcoord): \$.cpus: \"0\" is not a number of CPUs; use 1 to 64" ]
}

# What stands between .Bd and .Ed in the installed page.
example() {
	sed -n '/^\.Bd -literal/,/^\.Ed/{/^\./!{s/\\e/\\/g;p}}' \
		"$tree/usr/local/share/man/man3/libcoord.3" >"$work/b.c"
	grep -q coord_launch "$work/b.c" || { echo 'no example'; return 1; }
	# shellcheck disable=SC2046  # several words
	"${CC:-cc}" -Wall -Wextra -Werror -o "$work/b" "$work/b.c" $(pc --cflags --libs libcoord)
}

header_alone() {
	echo "#include <$1>" >"$work/h.c"
	"${CC:-cc}" -Wall -Wextra -Werror -fsyntax-only -I "$tree/usr/local/include" "$work/h.c"
}

echo 1..12
ok 'exports what coord.h declares, and nothing else' same_symbols libcoord/coord.h
ok 'a difference would be noticed' symbols_of_another_header
ok 'each symbol has a version' versioned
ok 'pkg-config knows it' pc --validate libcoord
ok 'a program can be built with it' program
ok 'that program runs, with the same version' program_runs
ok 'the example of libcoord(3) can be built' example
for header in boot comm genl uapi; do
	ok "cok/$header.h can be included alone" header_alone "cok/$header.h"
done
ok 'coord.h can be included alone' header_alone coord.h
[ "$failed" = 0 ]
