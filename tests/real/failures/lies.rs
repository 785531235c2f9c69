//! A target that lies, floods, falls silent or speaks nonsense: the runner ends in bounded time and memory, and never with 0.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};

use super::Target;
use crate::support::{Held, Running, Site, eventually, servers};

/// The `sh` that sessions find: an honest look at the target, and then no executor but this.
const LIAR: &str = r#"#!/bin/sh
case "${4-}" in arm | follow | recover) ;; *) exec /bin/sh "$@" ;; esac
seq=0
say() {
	seq=$((seq + 1))
	line="$seq 1 1795483778000 $*"
	sum=$(printf %s "$line" | cksum)
	printf '%s #%s\n' "$line" "${sum%% *}"
}
if [ "$4" = arm ]; then
	read -r run blocks digest || exit 0
	hash=$(dd bs=4096 count="$blocks" iflag=fullblock 2>/dev/null | tar -xOf - hashes | sha256sum)
	printf %s "${hash%% *}" >'MARKS/hash'
fi
hash=$(cat 'MARKS/hash')
"#;

/// More than an honest run takes; a debug build with all that it has read at once.
const PEAK_MAX_KB: u64 = 150_000;

/// A target whose sessions find another `sh` first.
fn liar() -> (Target, Held) {
    let target = Target::new(Site::with_first());
    let (port, sshd) = servers().sshd_with_path(&format!("{}:/usr/bin:/bin", target.marks.join("bin").display()));
    target.reach_by(port);
    target.configure("");
    (target, sshd)
}

/// A deploy to a target that answers with these commands once the plan is there.
fn told(target: &Target, lie: &str) -> Running {
    let folder = target.marks.join("bin");
    fs::create_dir_all(&folder).expect("ours");
    let liar = folder.join("sh");
    let marks = target.marks.display().to_string();
    fs::write(&liar, LIAR.replace("MARKS", &marks) + &lie.replace("MARKS", &marks) + "\n").expect("ours");
    fs::set_permissions(&liar, fs::Permissions::from_mode(0o755)).expect("ours");
    target.start(&["good"])
}

#[test]
fn a_target_that_lies_or_speaks_nonsense_is_never_believed_to_have_committed() {
    let cases = [
        (
            "a commit that nobody asked for",
            ("say start b $hash; say commit; say ended committed; echo !end", "was not asked to"),
        ),
        (
            "the journal of another run",
            ("say start b 00; say commit; say ended committed; echo !end", "the journal of another plan"),
        ),
        ("a journal without a beginning", ("say ended committed; echo !end", "without a beginning")),
        (
            "an end without its decision",
            ("say start b $hash; say ended committed; echo !end", "without the record of the decision"),
        ),
        (
            "both decisions",
            (
                "say start b $hash; say abort step 01-x y; say restored; say commit; say ended committed; echo !end",
                "was not asked to",
            ),
        ),
        (
            "half a record, and what is no text",
            (
                r"say start b $hash; printf '2 1 1 ended commit\n\377\376\200 #1\n!plan {\n2 1 1 ended committed #'; [ $4 = arm ] || printf '\n!end\n'",
                "the end was not seen from here",
            ),
        ),
    ];
    let (target, _sshd) = liar();
    for (case, (lie, said)) in cases {
        println!("{case}");
        let begun = Instant::now();
        let run = told(&target, lie).wait().is(30);
        run.says(said);
        assert_eq!(run.outcome()["outcome"], "in-doubt");
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    }
    assert_eq!(target.data(), target.before);
}

#[test]
fn a_target_that_floods_the_runner_fills_neither_its_memory_nor_its_time() {
    let cases = [
        ("megabytes without a line end", "head -c 100000000 /dev/zero"),
        ("nonsense without an end", "yes nonsense | { : >'MARKS/flooded'; exec cat; }"),
        ("signs of life without an end", "yes . | { : >'MARKS/flooded'; exec cat; }"),
    ];
    let (target, _sshd) = liar();
    for (case, flood) in cases {
        println!("{case}");
        let flooded = target.marks.join("flooded");
        let _ = fs::remove_file(&flooded);
        let run = told(&target, &format!("say start b $hash; {flood}; : >'MARKS/flooded'; exec sleep 20"));
        eventually("it is flooded", || flooded.exists());
        std::thread::sleep(Duration::from_secs(1));
        let peak_kb = run.peak_kb();
        assert!(peak_kb < PEAK_MAX_KB, "{peak_kb} kB");
        let begun = Instant::now();
        run.signal("-INT");
        run.signal("-INT");
        std::thread::sleep(Duration::from_millis(300));
        run.signal("-INT");
        run.wait().is(30).says("the end was not seen from here");
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }
}

#[test]
fn an_answer_that_is_cut_short_is_asked_for_again_and_then_not_believed() {
    let (target, _sshd) = liar();
    let folder = target.marks.join("bin");
    fs::create_dir_all(&folder).expect("ours");
    let tell = |cuts: u32| {
        // as many answers lose their second half
        let cut = format!(
            r#"#!/bin/sh
case "${{4-}}" in runs) ;; *) exec /bin/sh "$@" ;; esac
echo >>'{0}/asked'
said=$(/bin/sh "$@"; echo .)
said=${{said%.}}
[ "$(wc -l <'{0}/asked')" -gt {cuts} ] || said=$(printf %s "$said" | head -c $((${{#said}} / 2)))
printf %s "$said"
"#,
            target.marks.display()
        );
        let _ = fs::remove_file(target.marks.join("asked"));
        fs::write(folder.join("sh"), cut).expect("ours");
        fs::set_permissions(folder.join("sh"), fs::Permissions::from_mode(0o755)).expect("ours");
        target.backstay(&["status", "--json"])
    };
    let whole = tell(0).is(0);
    assert!(whole.stdout.contains("\"state\":\"committed\"") && whole.stdout.contains("\"finished_at\":\"2"));
    assert_eq!(tell(1).is(0).stdout, whole.stdout);
    let code = tell(9).code;
    assert_ne!(code, 0);
    assert_eq!(fs::read_to_string(target.marks.join("asked")).expect("asked").lines().count(), 2);
}
