# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Completion for cokctl. Verbs, options and what they take are asked of cokctl's
# own help, which needs neither root nor the module.

COKCTL_DEV=/dev/cok
COKCTL_CPUS=/sys/devices/system/cpu
COKCTL_NODES=/sys/devices/system/node

_cokctl_verbs() {
	"$1" help 2>/dev/null | sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p'
}

# What the verb's usage line names behind the options.
_cokctl_arguments() {
	"$1" "$2" --help 2>/dev/null | sed -n '1s/.*\[OPTION\]\.\.\. *//p'
}

# Its options, one a line: the spellings, then what it takes, or nothing.
_cokctl_options() {
	"$1" "$2" --help 2>/dev/null |
		sed -n 's/^ \{2,\}\(-[a-z], \)\{0,1\} *\(--[a-z-]*\) \{0,1\}\([A-Z]*\) .*/\1\2 \3/p' |
		tr -d ,
}

# The word that the option takes.
_cokctl_value() {
	_cokctl_options "$1" "$2" | awk -v o="$3" '{
		takes = $NF ~ /^[A-Z]+$/ ? $NF : ""
		for (i = 1; i <= NF; i++)
			if ($i == o)
				print takes
	}'
}

# CPUs that are online, but 0; behind commas and dashes what went before.
_cokctl_cpu_list() {
	local cpu before=
	case $1 in *[,-]*) before=${1%"${1##*[,-]}"} ;; esac
	for cpu in "$COKCTL_CPUS"/cpu[0-9]*; do
		[ "$cpu" != "$COKCTL_CPUS/cpu0" ] || continue
		[ "$(cat "$cpu/online" 2>/dev/null)" != 1 ] || echo "$before${cpu##*/cpu}"
	done
}

_cokctl_nodes() {
	local node
	echo any
	for node in "$COKCTL_NODES"/node[0-9]*; do
		[ ! -e "$node" ] || echo "${node##*/node}"
	done
}

_cokctl_names() {
	local node
	for node in "$COKCTL_DEV"/*; do
		[ ! -e "$node" ] || echo "${node##*/}"
	done
}

# What may stand for the word KIND; files are completed by compgen itself.
_cokctl_words() {
	case $3 in
	NAME) [ "$2" = launch ] || _cokctl_names ;;
	REQUEST) _cokctl_names | sed 's/$/:/' ;;
	LIST) _cokctl_cpu_list "$4" ;;
	USER) compgen -u ;;
	MODE) echo native ;;
	HOW) printf '%s\n' auto blocks contig ;;
	WHOM) printf '%s\n' auto pool linux ;;
	NODE) _cokctl_nodes ;;
	WHEN) printf '%s\n' lazy eager ;;
	SIZE) printf '%s\n' 128M 256M 512M 1G 2G ;;
	STATE) printf '%s\n' created loaded booting running stopping stopped failed destroyed ;;
	VERB) _cokctl_verbs "$1" ;;
	esac
}

# _cokctl_argument TOOL VERB: what the next argument is, by those there are.
_cokctl_argument() {
	local i n=0 kinds
	for ((i = 2; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-*) [ -z "$(_cokctl_value "$1" "$2" "${COMP_WORDS[i]}")" ] || i=$((i + 1)) ;;
		*) n=$((n + 1)) ;;
		esac
	done
	read -ra kinds <<<"$(_cokctl_arguments "$1" "$2" | tr -d '[]' | sed 's/|--all//')"
	printf '%s\n' "${kinds[n]-}"
}

# Behind "--" is another program and its words.
_cokctl_in_program() {
	local i
	for ((i = 2; i < COMP_CWORD; i++)); do
		[ "${COMP_WORDS[i]}" != -- ] || return 0
	done
	return 1
}

_cokctl() {
	local tool=${COMP_WORDS[0]} verb=${COMP_WORDS[1]} word=${COMP_WORDS[COMP_CWORD]} kind=
	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_cokctl_verbs "$tool")" -- "$word")
		return
	fi
	if _cokctl_in_program; then
		mapfile -t COMPREPLY < <(compgen -c -- "$word"; compgen -f -- "$word")
		return
	fi
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	-*) kind=$(_cokctl_value "$tool" "$verb" "${COMP_WORDS[COMP_CWORD - 1]}") ;;
	esac
	if [ -z "$kind" ] && [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W \
			"$(_cokctl_options "$tool" "$verb" | grep -oE -- '-[a-z-]+')" -- "$word")
		return
	fi
	[ -n "$kind" ] || kind=$(_cokctl_argument "$tool" "$verb")
	case $kind in
	FILE) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
	*.json) mapfile -t COMPREPLY < <(compgen -d -S / -- "$word"; compgen -f -X '!*.json' -- "$word") ;;
	*) mapfile -t COMPREPLY < <(compgen -W \
		"$(_cokctl_words "$tool" "$verb" "$kind" "$word")" -- "$word") ;;
	esac
}

complete -o filenames -F _cokctl cokctl
