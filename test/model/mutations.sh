#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Each of mutations/*.patch breaks the C that is checked; the checker has to find
# it, in the scenario and by the property that the patch names. O is where the
# checker was built; CC and CFLAGS are the Makefile's. Prints TAP.
set -euo pipefail
cd "$(dirname "$0")"
top=$(realpath ../..)
: "${O:?}" "${CC:=cc}" "${CFLAGS:?}"

# field NAME PATCH: what the patch says of itself above the first file.
field() {
	sed -n "s/^$1: //p; /^---/q" "$2"
}

# build PATCH DIR: the checker, with the file that the patch is for in its patched form.
build() {
	local file name
	file=$(sed -n 's|^+++ b/||p' "$1")
	name=$(basename "$file" .c)
	rm -rf "$2"
	mkdir -p "$2/module"
	cp -r "$top/module/core" "$2/module/"
	patch -s -p1 --fuzz=0 -d "$2" <"$1" >&2 || return
	# shellcheck disable=SC2086  # the words of CFLAGS are options
	$CC $CFLAGS -w -c -o "$2/$name.o" "$2/$file" || return
	find "$O" -maxdepth 1 -name '*.o' >"$2/objects"
	find "$O/core" -name '*.o' ! -name "$name.o" >>"$2/objects"
	# shellcheck disable=SC2086
	$CC $CFLAGS -o "$2/model" "$2/$name.o" "@$2/objects"
}

# attempt PATCH: prints what is wrong, if anything.
attempt() {
	local dir want found
	dir=$O/mutant-$(basename "$1" .patch)
	want=$(field property "$1")
	build "$1" "$dir" || { printf 'it does not apply, or does not build\n'; return; }
	if "$dir/model" "$(field scenario "$1")" >"$dir/output" 2>&1; then
		printf 'it was not found\n'
		return
	fi
	found=$(sed -n 's/^# VIOLATED //p' "$dir/output")
	case $found in
	"$want"*) ;;
	*) printf 'found, but not by "%s": %s\n' "$want" \
		"${found:-$(tail -n 1 "$dir/output")}" ;;
	esac
}

patches=(mutations/*.patch)
n=0 failed=0
printf '1..%d\n' ${#patches[@]}
for mutation in "${patches[@]}"; do
	n=$((n + 1))
	wrong=$(attempt "$mutation")
	if [ -z "$wrong" ]; then
		printf 'ok %d - mutation: %s\n' "$n" "$(field mutation "$mutation")"
	else
		printf 'not ok %d - mutation: %s\n# %s\n' "$n" \
			"$(field mutation "$mutation")" "$wrong"
		failed=1
	fi
done
exit "$failed"
