//! Faults that are put into the executor on purpose: each is caught, by the test that is named with it. A suite that would let
//! one of them pass proves nothing.
//!
//! A test is run again as a process of its own, with the fault in every executor that it makes.

use std::process::{Command, Stdio};

use super::{
    cases::each_case,
    support::{FAULT, end_all_below},
};

/// What is wrong, where it stands in the script, what stands there instead, and the test that says so.
type Fault = (&'static str, &'static str, &'static str, &'static str);

const FAULTS: [Fault; 23] = [
    (
        "no record is synced",
        "sync_paths \"$JOURNAL\" || return 2",
        ":",
        "disk::a_commit_that_may_not_be_on_the_disk_goes_neither_way",
    ),
    (
        "a record that could not be written counts as written",
        "write_line \"$TORN$entry\" || return 1",
        "write_line \"$TORN$entry\" || :",
        "disk::an_end_that_cannot_be_written_is_told_with_growing_pauses",
    ),
    (
        "the plan is not synced before the run begins",
        "sync_paths bundle.tar executor environment \"$@\" state/old last .",
        "sync_paths .",
        "prove::a_machine_that_loses_what_was_not_synced_ends_in_one_of_two_states",
    ),
    (
        "a commit that may not be on the disk counts",
        "		append commit\n		case $? in",
        "		append commit\n		case 0 in",
        "disk::a_commit_that_may_not_be_on_the_disk_goes_neither_way",
    ),
    (
        "a recovery does not wait for the lock",
        "take_lock || exit 75\n	sweep_incoming",
        "take_lock || :\n	sweep_incoming",
        "locks::a_recovery_leaves_a_living_executor_alone",
    ),
    (
        "nobody looks again under the lock",
        "	sweep_incoming\n	look_again\n",
        "	sweep_incoming\n",
        "locks::an_unsettled_or_stuck_run_keeps_the_next_from_beginning",
    ),
    (
        "steps are undone in the order in which they were done",
        "BEGUN=\"$id $BEGUN\"",
        "BEGUN=\"$BEGUN $id\"",
        "endings::a_failing_step_is_undone_in_reverse_with_its_own_words",
    ),
    (
        "the plan's files are not compared with their hashes",
        "check_hashes || { unpack_again && check_hashes; }",
        ":",
        "settle::a_plan_that_cannot_be_made_whole_is_stuck_and_undoes_nothing",
    ),
    (
        "the verdict on another run counts",
        "[ \"$word\" = commit ] && [ \"$run\" = \"$RUN\" ]",
        "[ \"$word\" = commit ]",
        "endings::a_verdict_that_names_another_run_is_none",
    ),
    (
        "nobody looks again after the verdict",
        "await_verdict && look_last",
        "await_verdict",
        "endings::what_is_looked_at_after_the_verdict_is_no_commit_where_it_fails_or_dies",
    ),
    (
        "the lease is not looked at",
        "[ $((UP - LAST_BEAT)) -gt \"$LEASE_CS\" ]",
        "false",
        "endings::silence_ends_a_running_step_and_the_wait_for_a_verdict",
    ),
    (
        "a beat of another boot counts",
        "[ \"$boot\" != \"$BOOT\" ] || LAST_BEAT=$beat",
        "LAST_BEAT=$beat",
        "endings::a_beat_of_another_boot_is_none",
    ),
    (
        "what was undone is undone again",
        "case \" $UNDONE \" in *\" $id \"*) continue ;; esac",
        ":",
        "crashes::a_crash_in_any_script_ends_in_one_of_two_states",
    ),
    (
        "a recovery goes back over a commit",
        "	if [ -n \"$COMMIT\" ]; then\n		finish committed\n	elif",
        "	if false; then\n		finish committed\n	elif",
        "crashes::a_crash_in_any_script_ends_in_one_of_two_states",
    ),
    (
        "a step does not hold the step lock",
        "</dev/null >>\"$log\" 2>&1 9>&- &",
        "</dev/null >>\"$log\" 2>&1 9>&- 8>&- &",
        "left_over::a_process_in_another_session_is_found_by_the_step_lock",
    ),
    (
        "the site is opened before the data are restored",
        "		go_back && finish rolled-back\n	fi",
        "		finish rolled-back && go_back\n	fi",
        "crashes::a_crash_in_any_script_ends_in_one_of_two_states",
    ),
    (
        "an undo that failed counts as done",
        "			stuck \"$id\" \"the undo of",
        "			: \"$id\" \"the undo of",
        "settle::a_stuck_run_is_left_alone_until_somebody_tries_again",
    ),
    (
        "an undo that somebody killed is given up",
        "[ \"$RC\" -gt 128 ] &&",
        "false &&",
        "endings::an_undo_that_somebody_kills_is_run_again_and_not_for_ever",
    ),
    (
        "a step begins before its intent is written",
        "		append begin \"$id\" || {",
        "		: || {",
        "endings::a_failing_step_is_undone_in_reverse_with_its_own_words",
    ),
    (
        "the guard stays when the run has ended",
        "	remove_guard || printf",
        "	: || printf",
        "endings::a_good_run_is_committed_and_leaves_nothing_behind",
    ),
    (
        "the crontab is written once",
        "		edit_crontab renew",
        "		:",
        "guard::a_cron_that_looks_in_the_second_of_the_change_sees_it_a_second_later",
    ),
    (
        "a run whose disk is not mounted counts as gone",
        "	is_gone \"$folder\"",
        "	[ ! -e \"$folder\" ]",
        "guard::what_is_left_of_runs_that_are_gone_goes_with_the_next_guard",
    ),
    (
        "a quote ends a word of a unit",
        "-e 's/[\\\\\"]/\\\\&/g' ",
        "",
        "guard::the_timers_command_alone_brings_a_run_to_its_end",
    ),
];

#[test]
fn each_fault_is_caught_by_the_test_that_is_named_with_it() {
    let script = backstay::scripts::executor();
    let cases: Vec<_> = FAULTS.iter().map(|fault| (fault.0, fault)).collect();
    each_case(2, &cases, |name, &(_, from, to, test)| {
        assert_eq!(script.matches(from).count(), 1, "{name}: this stands once in the executor: {from}");
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(std::env::current_exe().expect("this test"));
        command.args([test, "--exact"]).env_remove("CASE").env_remove("PROVE").env("TMPDIR", folder.path());
        command.env(FAULT, format!("{from}\u{1f}{to}")).env("RUST_BACKTRACE", "0").stdin(Stdio::null());
        let output = command.output().expect("it runs");
        // what a wrong executor has left
        end_all_below(folder.path());
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("running 1 test"), "{name}: there is no test {test}\n{said}");
        assert!(said.contains("test result: FAILED. 0 passed; 1 failed"), "{name} is not caught by {test}\n{said}");
        println!("{name}: caught by {test}");
    });
}
