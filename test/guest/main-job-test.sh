#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The main job as a test: it holds, whole.
# shellcheck source=test/guest/lib.sh
. "$(dirname "$0")/lib.sh"

ok 'the main job' "$(dirname "$0")/main-job.sh"
finish
