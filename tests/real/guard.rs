//! The guard: with executor and runner dead, the line that the run left in the crontab brings it to its end.

use super::support::{Site, as_user_at_home, run_as_cron};

/// Runs the site's crontab lines, word for word, as cron would at that moment: by `/bin/sh -c`, in the user's home, with
/// nothing of our environment. A cron of the test's own would read the system's tables, so its clock alone is left out:
/// `* * * * *` is every minute.
fn a_minute_passes(site: &Site, when: &str) {
    for line in site.crontab_lines() {
        let line = line.strip_prefix(&format!("{when} ")).map(str::to_owned);
        if let Some(command) = line {
            // cron takes everything up to the first bare `%`, and `\%` for one
            assert!(!command.replace("\\%", "").contains('%'), "{command}");
            run_as_cron(&command.replace("\\%", "%"));
        }
    }
}

#[test]
fn with_both_killed_the_guard_ends_the_run() {
    let cases = [("after-migrate", "* * * * *"), ("after-commit", "@reboot"), ("before-switch", "@reboot")];
    std::thread::scope(|scope| {
        for (hook, when) in cases {
            scope.spawn(move || ends_by_the_guard(hook, when));
        }
    });
}

fn ends_by_the_guard(hook: &str, when: &str) {
    let site = Site::with_first();
    let before = site.data();
    site.configure(&site.pause(hook));
    let run = site.start_deploy(&["good"], "2222222", &[]);
    site.await_pause(hook);
    assert_eq!(site.crontab_lines().len(), 2, "{:?}", site.crontab_lines());
    // while the executor lives it does nothing
    a_minute_passes(&site, when);
    assert!(site.journals().last().is_some_and(|journal| !journal.contains(" recover ")));
    run.signal("-KILL");
    site.kill_executor();
    run.wait();
    a_minute_passes(&site, when);
    site.await_end();
    site.await_no_executor();
    let is_committed = hook == "after-commit";
    let live = if is_committed { "2222222" } else { "1111111" };
    assert!(site.get("/").1.contains(live), "{hook}: {:?}", site.get("/"));
    assert_eq!(site.data() == before, !is_committed, "{hook}");
    assert_eq!(site.crontab(), "", "the guard takes itself away");
    let state = if is_committed { "committed" } else { "rolled-back" };
    site.backstay(&["status"]).is(0).says(state);
}

#[test]
fn other_lines_of_the_users_crontab_stay() {
    let site = Site::with_first();
    let mine = format!("0 4 * * * true # {}/mine", site.path.display());
    let edit = |script: &str| {
        // the lock that Backstay takes for it, too
        let line = format!("flock \"$HOME\" sh -c '{script}'");
        as_user_at_home(&line);
    };
    edit(&format!("(crontab -l 2>/dev/null; echo \"{mine}\") | crontab -"));
    site.configure(&site.pause("before-switch"));
    let run = site.start_deploy(&[], "2222222", &[]);
    site.await_pause("before-switch");
    assert_eq!(site.crontab_lines().len(), 3);
    site.go_on("before-switch");
    run.wait().is(0);
    site.await_no_executor();
    assert_eq!(site.crontab_lines(), [mine]);
    edit(&format!("crontab -l | grep -v {}/mine | crontab -", site.path.display()));
}

#[test]
fn without_a_guard_nothing_is_in_the_crontab_and_a_warning_says_so() {
    let site = Site::with_first();
    site.configure(&format!("runner: {{ lease: 15s, guard: none }}\n{}", site.pause("before-switch")));
    let run = site.start_deploy(&[], "2222222", &[]);
    site.await_pause("before-switch");
    assert_eq!(site.crontab(), "");
    site.go_on("before-switch");
    run.wait().is(0).says("nobody starts recovery");
}
