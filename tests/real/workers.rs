//! Workers: stopped and proven stopped before anything is migrated, and started again in both directions.

use std::fs;

use super::support::{Held, Site, as_user, eventually, hold_as_user};

/// A site whose jobs go through a queue in its database.
fn with_queue() -> Site {
    let site = Site::new();
    as_user(&format!("echo QUEUE_CONNECTION=database >>{}/shared/.env", site.path.display()));
    site.deploy_of(&["queue"], "1111111", &[]).is(0);
    site
}

/// Which code works on a job now.
#[track_caller]
fn who_works(site: &Site) -> String {
    let file = site.path.join("shared/storage/worked");
    let _ = fs::remove_file(&file);
    assert_eq!(site.get("/push").1, "pushed");
    eventually("a worker takes the job", || file.exists());
    fs::read_to_string(file).expect("there").trim().to_owned()
}

/// A supervisord of the site's own, run by the deploy user, with two queue workers of it and one that is stopped.
fn supervisord(site: &Site) -> (Held, String) {
    let (marks, path) = (site.marks.display(), site.path.display());
    let config = site.marks.join("supervisord.conf");
    let text = format!(
        "[unix_http_server]\nfile={marks}/supervisor.sock\n[supervisord]\nlogfile={marks}/supervisord.log\n\
         pidfile={marks}/supervisord.pid\n[rpcinterface:supervisor]\n\
         supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
         [supervisorctl]\nserverurl=unix://{marks}/supervisor.sock\n\
         [program:shop-worker]\ncommand=php {path}/current/artisan queue:work --sleep=0.2 --tries=3\nnumprocs=2\n\
         process_name=%(program_name)s_%(process_num)02d\nstartsecs=0\n\
         [program:idle]\ncommand=sleep 1000\nautostart=false\n"
    );
    fs::write(&config, text).expect("ours");
    let config = config.display().to_string();
    let server = hold_as_user(&format!("exec supervisord -n -c {config}"), &site.marks.join("supervisord.out"));
    eventually("supervisor's workers run", || states(&config).matches("RUNNING").count() == 2);
    (server, config)
}

fn states(config: &str) -> String {
    as_user(&format!("supervisorctl -c {config} status 2>&1 || :"))
}

fn workers(config: &str) -> String {
    format!(
        "workers:\n  - {{ kind: supervisor, name: \"shop-worker:*\", config: {config}, grace: 20s }}\n  \
         - {{ kind: supervisor, name: idle, config: {config} }}\n"
    )
}

#[test]
fn supervised_workers_are_stopped_while_data_is_moved_and_get_the_live_code() {
    let site = with_queue();
    let (_server, config) = supervisord(&site);
    assert_eq!(who_works(&site), "1111111");
    site.configure(&format!("{}{}", workers(&config), site.pause("before-migrate")));
    let run = site.start_deploy(&["queue", "good"], "2222222", &[]);
    site.await_pause("before-migrate");
    let seen = states(&config);
    assert_eq!(seen.matches("STOPPED").count(), 3, "{seen}");
    site.go_on("before-migrate");
    run.wait().is(0).says("1 stopped");
    let seen = states(&config);
    // what did not run before was not started
    assert_eq!((seen.matches("RUNNING").count(), seen.matches("STOPPED").count()), (2, 1), "{seen}");
    assert_eq!(who_works(&site), "2222222");

    // given back: they run again, with the old code
    site.deploy_of(&["queue", "good", "bad"], "3333333", &[]).is(10);
    assert_eq!(states(&config).matches("RUNNING").count(), 2);
    assert_eq!(who_works(&site), "2222222");

    // without maintenance they run on, and are renewed after the commit
    site.deploy_of(&["queue", "good"], "4444444", &[]).is(0).says("1 renewed");
    assert_eq!(who_works(&site), "4444444");
}

#[test]
fn supervisor_that_cannot_be_asked_is_refused() {
    let site = Site::with_first();
    let before = site.data();
    site.configure("workers: [ { kind: supervisor, name: \"shop-worker:*\", config: /nowhere/at/all.conf } ]\n");
    let run = site.deploy_of(&["good"], "2222222", &[]).is(3);
    run.says("supervisor cannot be asked for the worker shop-worker:*").says("workers.config");
    let (_server, config) = supervisord(&site);
    site.configure(&format!("workers: [ {{ kind: supervisor, name: misspelt, config: {config} }} ]\n"));
    site.deploy_of(&["good"], "2222222", &[]).is(3).says("no such process");
    assert_eq!(site.data(), before);
    assert_eq!(site.journals().len(), 1);
}

#[test]
fn queue_workers_that_somebody_respawns_are_waited_for_and_get_the_live_code() {
    let site = with_queue();
    // as systemd would: by an absolute path, from anywhere, again and again
    let line = format!(
        "trap 'kill $!; exit 0' TERM; while :; do php {}/current/artisan queue:work --sleep=0.2 & wait $!; sleep 0.1; done",
        site.path.display()
    );
    let _worker = hold_as_user(&line, &site.marks.join("worker.out"));
    assert_eq!(who_works(&site), "1111111");
    site.configure("workers: [ { kind: queue, grace: 20s } ]\n");
    site.deploy_of(&["queue", "good"], "2222222", &[]).is(0).says("1 stopped");
    await_code(&site, "2222222");
    site.deploy_of(&["queue", "good", "bad"], "3333333", &[]).is(10);
    await_code(&site, "2222222");
    site.deploy_of(&["queue", "good"], "4444444", &[]).is(0).says("1 renewed");
    await_code(&site, "4444444");
}

/// A worker is told to end; it does after its job.
#[track_caller]
fn await_code(site: &Site, revision: &str) {
    eventually(&format!("{revision} works"), || who_works(site) == revision);
}

#[test]
fn a_queue_worker_that_is_busy_for_longer_than_its_grace_is_not_migrated_under() {
    let site = with_queue();
    let before = site.data();
    // deaf to what it is told, as one is in the middle of a job
    let line = format!(
        "cd {}/current && touch {}/up && exec php -r 'sleep(600);' artisan queue:work",
        site.path.display(),
        site.marks.display()
    );
    let worker = hold_as_user(&line, &site.marks.join("worker.out"));
    eventually("the worker runs", || site.marks.join("up").exists());
    site.configure("workers: [ { kind: queue, grace: 1s } ]\n");
    let run = site.deploy_of(&["queue", "good"], "2222222", &[]).is(10);
    assert_eq!(run.outcome()["failed_step"], "workers-stop");
    run.says("queue workers still run their jobs after 1 s");
    drop(worker);
    assert_eq!(site.data(), before);
    assert_eq!(site.get("/").0, 200);
}

/// A worker by commands: it says in `log` which code it was started with.
fn by_commands(site: &Site, stop: &str, check: &str) -> String {
    let pid = site.marks.join("pid").display().to_string();
    let log = site.marks.join("log").display().to_string();
    let start = site.marks.join("start");
    let script =
        format!("cat REVISION >>{log}\nsleep 600 </dev/null >/dev/null 2>&1 &\necho $! >{pid}\n[ -s {pid} ]\n");
    fs::write(&start, script).expect("ours");
    let stop = stop.replace("PID", &pid);
    let check = check.replace("PID", &pid);
    format!(
        "workers:\n  - {{ kind: command, grace: 1s, stop: \"{stop}\", start: \"sh -eu {}\", check: \"{check}\" }}\n",
        start.display()
    )
}

const STOP: &str = "kill $(cat PID); rm PID";
const CHECK: &str = "kill -0 $(cat PID)";

/// Ends what the start command left behind.
fn end_worker(site: &Site) {
    as_user(&format!("[ ! -e {0}/pid ] || {{ kill $(cat {0}/pid) && rm {0}/pid; }}", site.marks.display()));
}

#[test]
fn a_worker_by_commands_is_stopped_and_started_in_both_directions() {
    let site = Site::with_first();
    let log = || fs::read_to_string(site.marks.join("log")).unwrap_or_default();
    let workers = by_commands(&site, STOP, CHECK);
    site.configure(&workers);
    // one that does not run is not started
    site.deploy_of(&["bad"], "2222222", &[]).is(10).says("0 stopped");
    assert_eq!(log(), "");

    as_user(&format!("cd {}/current && sh -eu {}/start", site.path.display(), site.marks.display()));
    site.configure(&format!("{workers}{}", site.pause("before-migrate")));
    let run = site.start_deploy(&["good"], "2222222", &[]);
    site.await_pause("before-migrate");
    assert!(!site.marks.join("pid").exists());
    site.go_on("before-migrate");
    run.wait().is(0);
    site.deploy_of(&["good", "bad"], "3333333", &[]).is(10);
    site.deploy_of(&["good"], "4444444", &[]).is(0).says("1 renewed");
    assert_eq!(log(), "1111111\n2222222\n2222222\n4444444\n");
    end_worker(&site);
}

#[test]
fn a_worker_that_refuses_to_stop_is_not_migrated_under_and_not_started_twice() {
    let site = Site::with_first();
    let before = site.data();
    site.configure(&by_commands(&site, "true", CHECK));
    as_user(&format!("cd {}/current && sh -eu {}/start", site.path.display(), site.marks.display()));
    let pid = fs::read_to_string(site.marks.join("pid")).expect("it was started");
    let run = site.deploy_of(&["good"], "2222222", &[]).is(10);
    let outcome = run.outcome();
    assert_eq!((&outcome["failed_step"], &outcome["data"]), (&"workers-stop".into(), &"untouched".into()));
    run.says("still runs 1 s after its stop command");
    assert_eq!(site.data(), before);
    assert_eq!(site.get("/").0, 200);
    assert_eq!(fs::read_to_string(site.marks.join("pid")).expect("it runs"), pid);
    end_worker(&site);
}

#[test]
fn a_worker_that_somebody_starts_in_between_is_a_leak() {
    let site = Site::with_first();
    let before = site.data();
    let workers = by_commands(&site, STOP, CHECK);
    for (hook, on_leak, code) in [("before-protect", "refuse", 10), ("after-maintenance-on", "warn", 0)] {
        site.configure(&format!("{workers}maintenance: {{ drain: 0s, on_leak: {on_leak} }}\n{}", site.pause(hook)));
        let run = site.start_deploy(&["good"], "2222222", &[]);
        site.await_pause(hook);
        as_user(&format!("cd {}/current && sh -eu {}/start", site.path.display(), site.marks.display()));
        site.go_on(hook);
        let run = run.wait().is(code);
        run.says("runs again");
        if code == 10 {
            assert_eq!(run.outcome()["failed_step"], "protect");
            run.says("maintenance.on_leak");
            assert_eq!(site.data(), before);
        }
        end_worker(&site);
    }
}
