#!/bin/sh
# Copies of older runs go, beyond the newest that are kept; failed states when their time is over.
. "$BACKSTAY_DB_DIR/engine.sh"
copies_root=$BACKSTAY_PATH/.backstay/copies
kept=0
for old in $(ls -r "$copies_root" 2>/dev/null); do
	if [ -f "$copies_root/$old/$BACKSTAY_DB.sqlite" ]; then
		kept=$((kept + 1))
		[ "$kept" -le "$KEEP_COPIES" ] || rm -f "$copies_root/$old/$BACKSTAY_DB.sqlite"
	fi
	find "$copies_root/$old" -name "$BACKSTAY_DB.failed.sqlite" -mmin "+$KEEP_FAILED_MIN" -exec rm -f {} +
	rmdir "$copies_root/$old" 2>/dev/null || :
done
