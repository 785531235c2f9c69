#!/bin/sh
# Between the verdict and the commit: whether somebody works on the sealed data who would go on with what was migrated.
set -eu
. "$BACKSTAY_DIR/lib/step.sh"
. "$BACKSTAY_DIR/lib/databases.sh"
. "$BACKSTAY_DIR/lib/leaks.sh"
look_for_leaks checked
