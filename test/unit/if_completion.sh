#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The completion for bash: the function is called as bash would call it, with
# the installed cokctl and a made-up host.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# shellcheck source=cli/cokctl.bash
. "$O/tree/usr/local/share/bash-completion/completions/cokctl"
tool=$O/tree/usr/local/bin/cokctl
export COKCTL_DEV=$work/dev COKCTL_CPUS=$work/cpu COKCTL_NODES=$work/node
mkdir -p "$work"/dev "$work"/cpu/cpu{0,1,2,3} "$work"/node/node{0,1} "$work/configs"
touch "$work"/dev/{web,wiki,db} "$work"/configs/{one.json,two.json,other.txt}
echo 1 | tee "$work"/cpu/cpu{0,1,2}/online >/dev/null
echo 0 >"$work/cpu/cpu3/online"

tests=0 failed=0

# gives "WORDS..." "COMPLETIONS": the last of WORDS is completed to these.
gives() {
	local found
	read -ra COMP_WORDS <<<"$1"
	[ "${1: -1}" != ' ' ] || COMP_WORDS+=('')
	COMP_WORDS[0]=$tool
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_cokctl
	found=$(printf '%s\n' "${COMPREPLY[@]}" | sort | xargs)
	tests=$((tests + 1))
	if [ "$found" = "$2" ]; then
		echo "ok $tests - completion: '$1' gives '$2'"
	else
		failed=1
		echo "not ok $tests - completion: '$1' gives '$found', not '$2'"
	fi
}

echo 1..30
gives 'cokctl l' 'launch ledger list log'
gives 'cokctl to' 'top'
gives 'cokctl ' "$("$tool" help | awk '/^  [a-z]/ { print $1 }' | sort | xargs)"
gives 'cokctl nope ' ''
gives 'cokctl status w' 'web wiki'
gives 'cokctl status web ' ''
gives 'cokctl log -n 5 ' 'db web wiki'
gives 'cokctl log --fo' '--follow'
gives 'cokctl launch --cpu' '--cpu-list --cpus'
gives 'cokctl launch --cpu-list ' '1 2'
gives 'cokctl launch --cpu-list 1-' '1-1 1-2'
gives 'cokctl launch --cpu-list 1,2,' '1,2,1 1,2,2'
gives 'cokctl grow web --mem 1' '128M 1G'
gives 'cokctl grow web --mem-from ' 'auto blocks contig'
gives 'cokctl launch --numa ' '0 1 any'
gives 'cokctl launch --name ' ''
gives 'cokctl launch --mode n' 'native'
gives 'cokctl launch --owner roo' 'root'
gives "cokctl launch $work/configs/" "$work/configs/one.json $work/configs/two.json"
gives "cokctl launch --image $work/configs/ot" "$work/configs/other.txt"
gives 'cokctl grant w' 'web: wiki:'
gives 'cokctl deny ' 'db: web: wiki:'
gives 'cokctl shrink web --fo' '--force'
gives 'cokctl wait web st' 'stopped stopping'
gives 'cokctl destroy --a' '--all'
gives 'cokctl destroy d' 'db'
gives 'cokctl help le' 'ledger'
gives 'cokctl run --name w' 'web wiki'
gives 'cokctl run --populate ' 'eager lazy'
gives "cokctl run --name web -- $work/configs/ot" "$work/configs/other.txt"
[ "$failed" = 0 ]
