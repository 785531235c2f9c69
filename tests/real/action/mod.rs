//! The action as a workflow uses it: action.yml is carried out step by step, over real sshd to a real app. What the step's exit
//! status, the outputs, the summary, the annotations and the site say has to be one and the same.

mod commands;
mod github;
mod install;
mod output;
mod runner;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use github::{Fault, GitHub, On};
use runner::{Runner, Used, Using};

use crate::{
    cases::each_case,
    failures::{End, PLACES, Target},
    support::{Site, eventually, servers},
};

/// A target, and a runner whose workspace has its configuration.
struct Shop {
    target: Target,
    runner: Runner,
    github: GitHub,
    key: String,
}

impl Shop {
    fn new(site: Site) -> Self {
        let target = Target::new(site);
        let (github, mut runner) = (github::start(), Runner::at(&target.runner));
        runner.token = github::TOKEN.to_owned();
        runner.more.push(("GITHUB_API_URL".to_owned(), github.api_url()));
        // as it comes out of a secret that was pasted on Windows
        let key = std::fs::read_to_string(servers().identity()).expect("ours").trim_end().replace('\n', "\r\n");
        Self { target, runner, github, key }
    }

    fn start(&self, variants: &[&str], more: &[(&str, &str)]) -> Using {
        let artifact = self.target.artifact(variants, "2222222").display().to_string();
        let inputs =
            [("artifact", artifact.as_str()), ("revision", "2222222"), ("ssh-key", &self.key), ("environment", "test")];
        self.runner.start(&[&inputs[..], more].concat())
    }

    fn deploy(&self, variants: &[&str]) -> Used {
        self.start(variants, &[]).wait()
    }

    /// Everything that was said agrees with the site; nothing of the job is left on the runner.
    #[track_caller]
    fn judge(&self, used: &Used, end: End) {
        self.target.judge(end);
        let outcome = used.output("outcome");
        let (words, live): (&[&str], _) = match end {
            End::Committed => (&["committed"], "2222222"),
            End::RolledBack => (&["rolled-back", "cancelled"], "1111111"),
            End::Stuck => (&["stuck"], ""),
        };
        assert!(words.contains(&outcome), "{used:#?}");
        assert_eq!(used.output("run"), self.target.run_id());
        assert!(used.output("release").ends_with(live), "{used:#?}");
        let said = used.output("summary");
        assert!(said.starts_with(&outcome.replace('-', " ")), "{said}");
        assert!(used.summary.contains("shop → test: ") && used.summary.contains("```mermaid"), "{used:#?}");
        assert_eq!(used.status("finish"), 0, "{used:#?}");
        assert_eq!(used.errors().len(), usize::from(used.status("deploy") != 0), "{used:#?}");
        let state = match end {
            End::Committed => "success",
            End::RolledBack => "failure",
            End::Stuck => "error",
        };
        let shown = self.github.one();
        assert_eq!(shown.last(), state, "{shown:#?}");
        let about = &shown.statuses.last().expect("one").1;
        assert!(about.starts_with(&outcome.replace('-', " ")), "{about}");
        self.left_nothing(used);
    }

    /// No key, socket, agent or ssh.
    #[track_caller]
    fn left_nothing(&self, used: &Used) {
        let body: Vec<&str> = self.key.lines().filter(|line| !line.starts_with("-----")).collect();
        for line in &body {
            assert!(
                !used.log.contains(github::TOKEN) && !used.log.contains(line) && !used.summary.contains(line),
                "the key is shown"
            );
        }
        let temp = self.runner.temp();
        for file in files(temp) {
            let text = std::fs::read(&file).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            assert!(!body.iter().any(|line| text.contains(line)), "the key is in {}", file.display());
        }
        let connections: Vec<PathBuf> = files(temp).into_iter().filter(|file| file.ends_with("master")).collect();
        assert!(connections.is_empty(), "{connections:?}");
        eventually("no process of the job is left", || processes().iter().all(|process| !process.is_of(temp)));
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

struct Process {
    /// Environment and words.
    text: String,
    folder: PathBuf,
}

impl Process {
    /// Whether it was made by the job, or stands in one of its folders, as a master does.
    fn is_of(&self, temp: &Path) -> bool {
        self.folder.starts_with(temp) || self.text.contains(&temp.display().to_string())
    }
}

/// Every process.
fn processes() -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let read = |path: &Path, file: &str| std::fs::read(path.join(file)).unwrap_or_default();
    let of = |path: &Path| Process {
        text: String::from_utf8_lossy(&[read(path, "environ"), read(path, "cmdline")].concat()).into_owned(),
        folder: std::fs::read_link(path.join("cwd")).unwrap_or_default(),
    };
    entries.map(|entry| of(&entry.path())).collect()
}

#[test]
fn a_good_deploy_says_so_everywhere() {
    let shop = Shop::new(Site::with_mariadb());
    let used = shop.deploy(&["good"]);
    assert_eq!(used.status("deploy"), 0, "{}", used.log);
    shop.judge(&used, End::Committed);
    assert_eq!((used.output("data"), used.output("failed-step")), ("migrated", ""));
    assert!(used.output("downtime-ms").parse::<u64>().is_ok_and(|ms| ms > 0), "{used:#?}");
    assert!(used.log.contains("2026_"), "the steps' logs are there: {}", used.log);
    println!("{}\n{}", used.log, used.summary);

    // a re-run of the job, which a person may always press
    let again = shop.deploy(&["good"]);
    assert_eq!((again.status("deploy"), again.output("outcome")), (0, "committed"));
    assert!(again.output("summary").contains("has committed already; nothing was done"), "{again:#?}");
    assert_eq!(again.output("run"), used.output("run"));
}

#[test]
fn a_failing_migration_is_shown_with_its_last_lines_and_what_to_do() {
    let shop = Shop::new(Site::with_mariadb());
    let used = shop.deploy(&["bad"]);
    assert_eq!(used.status("deploy"), 10, "{}", used.log);
    shop.judge(&used, End::RolledBack);
    assert_eq!((used.output("data"), used.output("failed-step")), ("restored", "migrate"));
    assert!(used.output("rollback-ms").parse::<u64>().is_ok_and(|ms| ms > 0), "{used:#?}");
    assert!(used.summary.contains("### Last lines of migrate"), "{}", used.summary);
    let error = used.errors()[0];
    assert!(error.contains("migrate failed") && error.contains("backstay logs"), "{error}");
    println!("{}", used.summary);

    // once it is mended, the same job tries again
    let mended = shop.deploy(&["good"]);
    assert_eq!(mended.status("deploy"), 2, "another artifact under the same key: {}", mended.log);
    assert_eq!((mended.output("outcome"), mended.errors().len()), ("refused", 1));
    let again = shop.deploy(&["bad"]);
    assert_eq!((again.status("deploy"), again.output("outcome")), (10, "rolled-back"));
    assert_ne!(again.output("run"), used.output("run"));
}

#[test]
fn a_cancel_in_any_phase_ends_in_one_of_the_two_states_and_says_which() {
    each_case(PLACES.len(), &PLACES, |place, &end| {
        let shop = Shop::new(Site::with_mariadb());
        shop.target.pause_at(place);
        let using = shop.start(&["good"], &[]);
        shop.target.await_pause(place);
        shop.target.cut(|| using.cancel());
        let cancelled = Instant::now();
        if end == End::Committed {
            shop.target.go_on(place);
        }
        let used = using.wait();
        // what the runner does not wait for is found out afterwards
        let is_late = cancelled.elapsed() > Duration::from_secs(7) && [30, 137].contains(&used.status("deploy"));
        shop.judge(&used, end);
        let (status, outcome) = if end == End::Committed { (0, "committed") } else { (11, "cancelled") };
        assert_eq!(used.output("outcome"), outcome, "{}", used.log);
        assert!(is_late || used.status("deploy") == status, "{used:#?}");
    });
}

#[test]
fn a_cancel_before_the_target_has_begun_changes_nothing_and_says_so() {
    let delays = [0, 100, 200, 300, 500, 800].map(|ms| (format!("after {ms} ms"), ms));
    each_case(delays.len(), &delays, |_, &ms| {
        let shop = Shop::new(Site::with_first());
        // nothing of a deploy that this would not meet
        shop.target.pause_at("before-smoke");
        let using = shop.start(&[], &[]);
        eventually("the step has begun", || {
            let temp = shop.runner.temp();
            files(temp).iter().any(|file| file.ends_with("key")) || using.has_ended()
        });
        std::thread::sleep(Duration::from_millis(ms));
        using.cancel();
        let used = using.wait();
        assert!(["cancelled", "refused"].contains(&used.output("outcome")), "{used:#?}");
        assert_ne!(used.status("deploy"), 0);
        assert_eq!((used.status("finish"), used.errors().len()), (0, 1), "{used:#?}");
        assert_eq!(shop.target.get("/").0, 200);
        shop.target.await_no_executor();
        assert_eq!(shop.target.live_revision().as_deref(), Some("1111111"));
        assert_eq!(shop.target.data(), shop.target.before);
        assert!(
            shop.github.deployments().iter().all(|one| one.last() == "failure"),
            "{:#?}",
            shop.github.deployments()
        );
        shop.left_nothing(&used);
        shop.target.configure("");
        shop.target.deploy_of(&[], "3333333", &[]).is(0);
    });
}

#[test]
fn a_cancel_that_finds_no_end_in_ten_seconds_is_followed_to_it_afterwards() {
    let shop = Shop::new(Site::with_mariadb());
    let go = shop.target.marks.join("go");
    let slow = format!("until [ -e {} ]; do sleep 0.05; done", go.display());
    shop.target.configure(&format!("hooks:\n  before-migrate: [ {{ do: \"true\", undo: \"{slow}\" }} ]\n"));
    let using = shop.start(&["slow"], &[]);
    eventually("the migration has changed something", || shop.target.data() != shop.target.before);
    shop.target.cut(|| using.cancel());
    std::thread::sleep(Duration::from_secs(11));
    std::fs::write(go, "").expect("ours");
    let used = using.wait();
    assert_eq!(used.status("deploy"), 30, "{}", used.log);
    shop.judge(&used, End::RolledBack);
    assert!(used.output("summary").contains("found out after"), "{used:#?}");
}

#[test]
fn a_killed_step_is_settled_by_the_next_one() {
    let places: Vec<_> = PLACES
        .into_iter()
        .filter(|(place, _)| ["before-protect", "after-migrate", "after-commit"].contains(place))
        .collect();
    each_case(places.len(), &places, |place, &end| {
        let shop = Shop::new(Site::with_mariadb());
        shop.target.pause_at(place);
        let using = shop.start(&["good"], &[]);
        shop.target.await_pause(place);
        shop.target.cut(|| using.kill());
        if end == End::Committed {
            shop.target.go_on(place);
        }
        let used = using.wait();
        assert_eq!(used.status("deploy"), 137);
        shop.judge(&used, end);
        assert!(used.output("summary").contains("found out after"), "{used:#?}");
    });
}

#[test]
fn a_rerun_after_a_lost_runner_settles_first_and_says_so() {
    let shop = Shop::new(Site::with_mariadb());
    shop.target.pause_at("after-migrate");
    let run = shop.target.start(&["good"]);
    shop.target.await_pause("after-migrate");
    shop.target.kill_both(run);
    shop.target.configure("");
    let used = shop.deploy(&["good"]);
    assert_eq!(used.status("deploy"), 0, "{}", used.log);
    assert!(used.summary.contains("it is settled first"), "{}", used.summary);
    shop.judge(&used, End::Committed);
}

#[test]
fn finishing_twice_says_the_same_twice() {
    let mut shop = Shop::new(Site::with_mariadb());
    shop.runner.finishes = 2;
    let used = shop.deploy(&["bad"]);
    let finishes: Vec<_> = used.steps.iter().filter(|(id, _)| id == "finish").collect();
    assert_eq!(finishes.len(), 2);
    assert!(finishes.iter().all(|(_, status)| *status == Some(0)), "{used:#?}");
    let (first, second) = used.summary.split_at(used.summary.len() / 2);
    assert_eq!(first, second);
    assert_eq!(used.output("outcome"), "rolled-back");
    shop.left_nothing(&used);
}

#[test]
fn whatever_github_does_the_deploy_ends_as_it_would_and_says_so() {
    let down = Fault::Answer(503, serde_json::json!({"message": "down"}));
    let cases = [
        ("is down", down),
        ("answers with garbage", Fault::Garbage),
        ("is silent", Fault::Silent(Duration::from_mins(1))),
    ];
    each_case(cases.len(), &cases, |_, fault| {
        let shop = Shop::new(Site::with_first());
        for on in [On::List, On::Get, On::Create, On::Statuses, On::Status] {
            shop.github.fail_always(on, fault.clone());
        }
        let began = Instant::now();
        let used = shop.deploy(&[]);
        assert!(began.elapsed().as_secs() < 90, "{:?}", began.elapsed());
        assert_eq!((used.status("deploy"), used.status("finish"), used.output("outcome")), (0, 0, "committed"));
        assert!(used.errors().is_empty(), "{used:#?}");
        assert!(used.summary.contains("### Notes") && used.summary.contains("GitHub"), "{}", used.summary);
        println!("{}", used.summary);
    });
}

#[test]
fn a_deployment_on_github_is_of_the_commit_that_will_be_live() {
    let shop = Shop::new(Site::with_first());
    let (first, second) = ("a".repeat(40), "b".repeat(40));
    for (revision, job) in [(&first, "1"), (&second, "2")] {
        let artifact = shop.target.artifact(&[], revision).display().to_string();
        let inputs = [("artifact", artifact.as_str()), ("revision", revision), ("ssh-key", &shop.key)];
        let key = format!("--key={job}");
        let used = shop.runner.start(&[&inputs[..], &[("args", key.as_str())]].concat()).wait();
        assert_eq!(used.status("deploy"), 0, "{}", used.log);
    }
    let back = [("command", "rollback"), ("ssh-key", shop.key.as_str())];
    // a job of its own, later
    let mut runner = Runner::at(&shop.target.runner);
    runner.token = github::TOKEN.to_owned();
    runner.more =
        vec![("GITHUB_API_URL".to_owned(), shop.github.api_url()), ("GITHUB_RUN_ID".to_owned(), "18".to_owned())];
    let used = runner.start(&back).wait();
    assert_eq!(used.status("deploy"), 0, "{}", used.log);
    let newest = shop.github.deployments().pop().expect("one");
    assert_eq!((newest.request["ref"].as_str(), newest.last()), (Some(first.as_str()), "success"), "{newest:#?}");
}

#[test]
fn what_the_first_step_could_not_tell_github_the_last_one_does() {
    let shop = Shop::new(Site::with_first());
    shop.target.pause_at("before-smoke");
    let using = shop.start(&[], &[]);
    shop.target.await_pause("before-smoke");
    eventually("it is announced", || shop.github.deployments().iter().any(|one| one.last() == "in_progress"));
    shop.github.fail(On::Status, Fault::Silent(Duration::from_secs(5)));
    shop.target.go_on("before-smoke");
    let used = using.wait();
    assert_eq!(used.status("deploy"), 0, "{}", used.log);
    assert_eq!(shop.github.one().last(), "success");
    assert!(!used.summary.contains("GitHub"), "{}", used.summary);
}
