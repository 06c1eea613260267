#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# host-end-down.sh reboot|poweroff: the host ends while an enclave runs. It must
# end as it would without one; the run's exit status says whether it did.
set -uo pipefail
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"

# Two cores, one of them busy with interrupts off: neither may be in the way.
alive() {
	cokctl launch --name a --cpus 1 --mem 128M && cokctl ping a -c 1 &&
		cokctl launch --name b --cpus 1 --mem 128M &&
		say_to b hang hang && cokctl ping a -c 1
}

case ${1-} in
reboot) want=reset ;;
poweroff) want=poweroff ;;
*) die 'usage: host-end-down.sh reboot|poweroff' ;;
esac
modprobe cok || die 'no module'
ok 'an enclave runs, another hangs' alive
ok "the runner is told to expect a $want" hmp "@expect-$want"
finish || exit
# What was printed is out when this returns.
stty -F /dev/ttyS1 raw -echo
"$1" -f
sleep 60
echo "Bail out! no $1 within 60 s"
false
