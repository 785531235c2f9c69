#!/bin/sh
# The executor of one Backstay run. It carries out the plan that lies beside it, or gives everything back:
#
#   executor run      the plan from its first step to its end
#   executor recover  what a dead executor left: forward after `commit`, back before it, nothing after `ended`
#   executor retry    the same for a run that ended stuck
#   executor accept committed|rolled-back WHO    a person's word for a stuck run
#
# It takes `.backstay/lock` before it looks at anything and holds it to its end. Every fact goes to `journal`,
# checked and synced, before anything relies on it. Every script runs through one function, `spawn`, in a session
# of its own. This file is made of the parts under src/scripts/executor/, in order: head, clock, child, journal, process,
# guard, orders, steps, recovery, main; before main come lib/run-states.sh,
# lib/cron.sh and lib/user-manager.sh.
#
# shellcheck shell=sh disable=SC1007,SC2034,SC2015,SC1010,SC3013
# (SC1007: several empty variables on a line; SC2015: deliberate `a && b || c`; SC1010: the script is called `do`;
# SC3013: -ef is in dash, bash and busybox)
set -u
LC_ALL=C
export LC_ALL
umask 077
NEWLINE='
'

RUN_DIR=${0%/*}
# a child is started by a full path
[ "${1-}" = child ] || RUN_DIR=$(cd "$RUN_DIR" && pwd -P) || exit 1
RUN=${RUN_DIR##*/}
ROOT=${RUN_DIR%/*/*}
