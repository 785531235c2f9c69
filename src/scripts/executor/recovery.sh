# --- recovery: the table of protocol.md, one branch a row

recover() {
	read_journal || {
		stuck journal "the journal of this run cannot be read, or its disk does not sync"
		return 1
	}
	# An end: nothing, but a crash just after it may have left the guard and the secrets.
	[ -z "$ENDED" ] || {
		clean_up "$ENDED"
		return 0
	}
	# A person's word counts whatever else is wrong.
	[ -z "$ACCEPTED" ] || {
		take_word
		return
	}
	[ -z "$DAMAGED" ] || {
		# whatever is wrong, nothing goes on
		end_left_over || :
		stuck journal "the journal of this run is damaged: $DAMAGED"
		return 1
	}
	# Nothing, or a torn start: nothing began.
	[ -n "$STARTED" ] || {
		remove_guard
		rm -rf "$RUN_DIR"
		return 0
	}
	[ -n "$RETRYING" ] || append recover "$BOOT" || :
	[ "$START_BOOT" = "$BOOT" ] || {
		# The clock of maintenance began in another boot; its limit is of no use any more.
		MAINTENANCE_ON=
		append rebooted "$BOOT" || :
	}
	end_left_over || {
		stuck fence "a process of an earlier step cannot be ended: $HELD_BY"
		return 1
	}
	verify_plan || {
		stuck plan "the plan's files on the target do not match their hashes"
		return 1
	}
	WATCHING=back
	if [ -n "$COMMIT" ]; then
		finish committed
	elif [ -n "$RESTORED" ]; then
		finish rolled-back
	else
		order_to_stop || :
		step=${BEGUN%% *}
		give_up "${step:-start}" "${ORDER:-crash the executor was killed or the machine restarted; the run was taken up again}"
		go_back && finish rolled-back
	fi
}

# A person said which state this is; that ends it. Maintenance is lifted and workers started as far as that goes.
take_word() {
	ACCEPTING=yes ABORT="accepted settle a person accepted this state: $ACCEPTED_BY"
	finish "$ACCEPTED"
}
