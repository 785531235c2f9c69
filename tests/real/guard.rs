//! The guard's lines in the crontab; what they bring about is in `failures/cron.rs`.

use super::support::{Site, as_user_at_home};

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
