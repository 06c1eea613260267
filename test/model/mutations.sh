#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Each of mutations/*.patch breaks one of the C files that are checked. The checker
# has to find it, in the scenario and by the property that the patch names, and so
# do walks at random, by any property or a sanitizer. To be called by the Makefile,
# which says where the two were built, and how. Prints TAP.
set -euo pipefail
cd "$(dirname "$0")"
top=$(realpath ../..)
: "${O:?}" "${CC:?}" "${model_flags:?}" "${random_flags:?}"

# field NAME PATCH: what the patch says of itself above the first file.
field() {
	sed -n "s/^$1: //p; /^---/q" "$2"
}

# build DIR FILE PROGRAM: links its objects, with that of DIR's FILE for its own.
build() {
	local name flags=${3}_flags sanitize=${3}_sanitize objects
	name=$(basename "$2" .c)
	mapfile -t objects < <(find "$O/$3" -name '*.o' ! -name "$name.o")
	# shellcheck disable=SC2086  # options
	$CC ${!flags} ${!sanitize-} -w -c -o "$1/$3.o" "$1/$2" || return
	# shellcheck disable=SC2086
	$CC ${!flags} ${!sanitize-} -o "$1/$3" "$1/$3.o" "${objects[@]}"
}

# mutate PATCH DIR: both programs, there.
mutate() {
	local file
	file=$(sed -n 's|^+++ b/||p' "$1")
	rm -rf "$2"
	mkdir -p "$2/module"
	cp -r "$top/module/core" "$2/module/"
	patch -s -p1 --fuzz=0 -d "$2" <"$1" >&2 || return
	build "$2" "$file" model && build "$2" "$file" random
}

# judge WHO PROPERTY OUTPUT COMMAND...: prints what is wrong, if anything.
judge() {
	local who=$1 want=$2 output=$3 found
	shift 3
	if "$@" >"$output" 2>&1; then
		printf '# %s did not find it\n' "$who"
		return
	fi
	found=$(sed -n 's/^# VIOLATED //p; s/.* runtime error: /UBSan: /p;
		s/.*ERROR: AddressSanitizer: /ASan: /p' "$output")
	case $found in
	'') printf '# %s ended: %s\n' "$who" "$(tail -n 1 "$output")" ;;
	"$want"*) ;;
	*) printf '# %s found it, but by: %s\n' "$who" "$found" ;;
	esac
}

attempt() {
	local dir
	dir=$O/mutant-$(basename "$1" .patch)
	mutate "$1" "$dir" || { printf '# it does not apply, or does not build\n'; return; }
	judge 'the checker' "$(field property "$1")" "$dir/model.out" \
		"$dir/model" "$(field scenario "$1")"
	judge 'a walk' '' "$dir/random.out" env SEED=1 RUNS=4000 "$dir/random"
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
		printf 'not ok %d - mutation: %s\n%s\n' "$n" \
			"$(field mutation "$mutation")" "$wrong"
		failed=1
	fi
done
exit "$failed"
