//! The runner's line to a run: what it shows of whatever journal there is, and that nothing of it stays.

use std::{
    fs,
    io::{Read, Write},
    process::{Child, Stdio},
};

use backstay::{plan::BLOCK, scripts::LINK};

use super::disk::{Disk, FILL, FILL_ALL};
use super::support::{Ground, await_exit, eventually, judge, under_each_shell};

/// A link whose runner is the test.
struct Link {
    child: Child,
    out: std::path::PathBuf,
}

impl Link {
    fn open(ground: &Ground, name: &str, args: &[&str]) -> Self {
        let script = ground.home.join("link.sh");
        // A shell may be reading it already: it is never written over.
        if !script.exists() {
            fs::write(&script, LINK).expect("a file");
        }
        let out = ground.home.join(name);
        let mut command = ground.command(&ground.sh());
        command.arg(&script).arg(args[0]).arg(&ground.path).args(&args[1..]).stdin(Stdio::piped());
        command.stdout(fs::File::create(&out).expect("a file"));
        Self { child: command.spawn().expect("it starts"), out }
    }

    fn say(&mut self, bytes: &[u8]) {
        let said = self.child.stdin.as_mut().expect("open").write_all(bytes);
        assert!(said.is_ok(), "it listens: {}", self.text());
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.out).expect("a file")).into_owned()
    }

    /// Its end by itself, with what it said.
    fn end(self) -> String {
        let Self { child, out } = self;
        assert!(await_exit(child).success());
        String::from_utf8_lossy(&fs::read(out).expect("a file")).into_owned()
    }
}

/// How many processes run the link's script.
fn links(ground: &Ground) -> usize {
    let script = ground.home.join("link.sh").display().to_string();
    let is_link = |entry: &fs::DirEntry| {
        let mut line = Vec::new();
        let read = fs::File::open(entry.path().join("cmdline")).and_then(|mut file| file.read_to_end(&mut line));
        read.is_ok() && String::from_utf8_lossy(&line).contains(&script)
    };
    fs::read_dir("/proc").expect("mounted").flatten().filter(is_link).count()
}

/// The plan has been sent.
fn arming(ground: &Ground) -> Link {
    let bundle = ground.plan.bundle().expect("a bundle");
    let mut link = Link::open(ground, "out", &["arm"]);
    link.say(format!("{} {} {}\n", ground.run(), bundle.tar.len() / BLOCK, bundle.sha256).as_bytes());
    link.say(&bundle.tar);
    link
}

/// A run that waits for its verdict.
fn awaiting(ground: &Ground) -> Link {
    let mut link = arming(ground);
    link.say(b"beat\n");
    eventually("it waits for a verdict", || link.text().contains(" await #"));
    link
}

#[test]
fn an_executor_that_is_killed_before_its_first_record_leaves_nothing() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        ground.tell("kill-before-start", "");
        let text = arming(&ground).end();
        assert!(text.contains("!answer refused the executor ended at once"), "{text}");
        assert!(!ground.dir().exists(), "its secrets are not left");
        assert_eq!((ground.says("crontab"), ground.says("trace")), (String::new(), String::new()));
        assert_eq!(fs::read_dir(ground.root().join("incoming")).expect("a folder").count(), 0);
        assert_eq!(ground.deploy(), Some(0), "the next one begins");
    });
}

#[test]
fn a_run_is_armed_followed_and_committed_over_the_link() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        let mut link = awaiting(&ground);
        link.say(format!("abort\ngarbage \u{e4}\n{}\n", "x".repeat(100_000)).as_bytes());
        link.say(b"commit\nabort smoke too late\n");
        let text = link.end();
        eventually("the executor is done", || ground.says("crontab").is_empty());
        assert!(text.ends_with("\n!end\n"), "{shell} {text}");
        judge(&ground, &ground.facts(), &shell.to_string());
        eventually("nothing of it stays", || links(&ground) == 0);
    });
}

#[test]
fn a_full_disk_takes_signs_of_life_and_the_verdict() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell).step("code", FILL);
        let _disk = Disk::under(&ground);
        let mut link = awaiting(&ground);
        let beat = || fs::read_to_string(ground.dir().join("heartbeat")).expect("there");
        let first = beat();
        link.say(b"beat\n");
        eventually("the sign of life is on the disk", || beat() != first);
        assert_eq!(beat().split(' ').nth(1), first.split(' ').nth(1), "{shell}");
        link.say(b"commit\n");
        assert!(link.end().ends_with("\n!end\n"), "{shell}");
        assert_eq!(ground.end(), "committed", "{shell} {:?}", ground.facts());
    });
}

#[test]
fn a_verdict_that_cannot_be_written_is_said_and_may_be_given_again() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell).step("code", FILL_ALL);
        let _disk = Disk::under(&ground);
        let mut link = awaiting(&ground);
        link.say(b"commit\n");
        eventually("it is said", || link.text().contains("\n!unwritten\n"));
        fs::remove_file(ground.path.join("fill")).expect("ours");
        link.say(b"commit\n");
        assert!(link.end().ends_with("\n!end\n"), "{shell}");
        eventually("the executor is done", || ground.says("crontab").is_empty());
        judge(&ground, &ground.facts(), &shell.to_string());
        assert_eq!(ground.end(), "committed", "{shell} {:?}", ground.facts());
    });
}

#[test]
fn a_plan_that_is_cut_on_its_way_is_refused_and_removed() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        let bundle = ground.plan.bundle().expect("a bundle");
        let mut link = Link::open(&ground, "out", &["arm"]);
        link.say(format!("{} {} {}\n", ground.run(), bundle.tar.len() / BLOCK, bundle.sha256).as_bytes());
        link.say(&bundle.tar[..5000]);
        link.child.stdin = None;
        assert!(link.end().starts_with("!answer refused the plan did not arrive whole"), "{shell}");
        assert!(!ground.root().join("incoming").join(ground.run()).exists(), "{shell}");
    });
}

#[test]
fn a_follower_that_goes_leaves_no_process() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell).step("data", "until [ -e \"$HOME/go\" ]; do sleep 0.1; done");
        let incoming = ground.arrive();
        ground.commit(&incoming);
        let run = ground.executor(&incoming, &["run"]).spawn().expect("it starts");
        eventually("it runs", || ground.says("trace").contains("do data"));
        let mut gone = Link::open(&ground, "gone", &["follow", &ground.run(), "0"]);
        let mut killed = Link::open(&ground, "killed", &["follow", &ground.run(), "0"]);
        eventually("both follow", || [&gone, &killed].iter().all(|link| link.text().contains(" begin 02-data #")));
        gone.child.stdin = None;
        killed.child.kill().expect("ours");
        killed.child.wait().expect("ours");
        killed.child.stdin = None;
        await_exit(gone.child);
        eventually("no link is left", || links(&ground) == 0);
        ground.tell("go", "");
        await_exit(run);
        judge(&ground, &ground.facts(), &shell.to_string());
    });
}

#[test]
fn who_comes_late_sees_what_was_and_its_end() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell).step("code", "echo no such column; exit 3");
        ground.deploy();
        let whole = Link::open(&ground, "whole", &["follow", &ground.run(), "0"]).end();
        assert!(whole.starts_with("!plan {") && whole.ends_with("\n!end\n"), "{shell} {whole}");
        assert!(whole.contains("\n| no such column\n"), "{shell} {whole}");
        let last = ground.facts().len();
        let rest = Link::open(&ground, "rest", &["follow", &ground.run(), &(last - 1).to_string()]).end();
        assert_eq!(rest.lines().count(), 3, "{shell}: the plan, one line, the end\n{rest}");
        let none = Link::open(&ground, "none", &["follow", &ground.run(), &last.to_string()]).end();
        assert!(none.ends_with("}\n!end\n"), "{shell} {none}");
        let gone = Link::open(&ground, "no", &["follow", "20200101T000000Z-no", "0"]).end();
        assert_eq!(gone, "!answer gone there is no run 20200101T000000Z-no\n", "{shell}");
        let gone = Link::open(&ground, "no", &["retry", "20200101T000000Z-no", "0", "ann"]).end();
        assert_eq!(gone, "!answer gone there is no run 20200101T000000Z-no\n", "{shell}");
    });
}

#[test]
fn a_torn_end_is_no_end_for_a_follower() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell);
        ground.deploy();
        let journal = ground.journal_bytes();
        for torn in [&journal[..journal.len() - 1], &journal[..journal.len() - 5]] {
            for closed in ["", "~\n"] {
                fs::write(ground.dir().join("journal"), [torn, closed.as_bytes()].concat()).expect("ours");
                let text = Link::open(&ground, "out", &["follow", &ground.run(), "0"]).end();
                assert!(text.ends_with("\n!dead\n"), "{shell} {text}");
            }
        }
        let text = Link::open(&ground, "out", &["recover", &ground.run(), "0"]).end();
        assert!(text.ends_with("\n!end\n"), "{shell} {text}");
        judge(&ground, &ground.facts(), &shell.to_string());
    });
}

#[test]
fn a_stuck_run_is_followed_past_its_old_end() {
    under_each_shell(|shell| {
        let ground = Ground::new(shell).step("code", "exit 1");
        ground.tell("undo-fails", "");
        ground.deploy();
        let from = ground.facts().len().to_string();
        let still = Link::open(&ground, "still", &["retry", &ground.run(), &from, "ann"]).end();
        assert!(still.contains(" retry ann #") && still.contains(" ended stuck "), "{shell} {still}");
        ground.untell("undo-fails");
        let text = Link::open(&ground, "out", &["accept", &ground.run(), "0", "rolled-back", "ann"]).end();
        assert!(text.contains(" ended rolled-back ") && text.ends_with("\n!end\n"), "{shell} {text}");
    });
}
