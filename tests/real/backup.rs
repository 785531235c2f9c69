//! Archives: made while the site works, verified, restored on trial and in earnest, removed; and what harms them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
};

use serde_json::{Value, json};

use super::{
    postgres::{assert_same, grown},
    support::{Site, as_user, eventually, postgres::program},
};

/// The lines of `backup list`, of archives alone.
fn archives(site: &Site) -> Vec<Value> {
    let said = site.backstay(&["backup", "list", "--json"]).is(0).stdout;
    let lines = said.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter(|line| line["kind"] == "archive").collect()
}

/// Makes one; its name and its folder.
#[track_caller]
fn create(site: &Site) -> (String, PathBuf) {
    let watch = site.watch();
    let outcome = site.backstay(&["backup", "create", "--json"]).is(0).outcome();
    assert_eq!(
        (&outcome["outcome"], &outcome["data"], &outcome["maintenance"]),
        (&json!("committed"), &json!("untouched"), &json!(false))
    );
    assert_eq!(watch.end().into_iter().collect::<Vec<_>>(), [200], "users saw nothing of it");
    let run = outcome["run"].as_str().expect("a run").to_owned();
    let folder = site.path.join(format!(".backstay/copies/{run}/main"));
    (run, folder)
}

/// Definitions and rows without what a server numbers and measures by itself: it is another database that comes back.
fn logical(site: &Site) -> String {
    let all = site.data();
    if site.database.is_none() {
        return all;
    }
    let own = [
        "owned or granted|",
        "catalog ",
        "statistics|",
        "end\"}||",
        "trigger|CREATE CONSTRAINT TRIGGER \"RI_",
        "public.stale ",
    ];
    let kept =
        all.lines().filter(|line| !own.iter().any(|start| line.starts_with(start)) && !line.contains("pg_toast_"));
    // columns that count what lies ready in the server's memory, the place of a label, who made an extension
    let without = |line: &str, column: usize| {
        line.split('|').enumerate().filter(|(n, _)| *n != column).map(|(_, text)| text).collect::<Vec<_>>().join("|")
    };
    let mut lines: Vec<String> = kept
        .map(|line| match line.split(['|', ' ']).next() {
            Some("counter" | "enum" | "function") => without(line, 2),
            Some("type") => without(line, 3),
            Some(_) | None => line.to_owned(),
        })
        .collect();
    lines.sort();
    lines.join("\n")
}

/// What holds on every engine: an archive is what the live data was, and brings it back.
fn an_archive_brings_the_data_back(site: &Site) {
    let (before, exactly) = (logical(site), site.data());
    let (run, folder) = create(site);
    let name = format!("{run}/main");
    assert!(folder.join("manifest").exists());
    assert_eq!(archives(site)[0]["verified_at"], Value::Null);
    site.backstay(&["backup", "verify"]).is(0).says(&name).says("read ");
    let beside = site.beside();
    site.backstay(&["backup", "verify", &run, "--restore"]).is(0).says("1 of 1 came back as they were archived");
    assert_eq!((archives(site)[0]["verified_by"].as_str(), site.beside()), (Some("restore"), beside));
    assert_same(&site.data(), &exactly, "nothing of it touches the live data");

    // a migration, and what users write
    site.deploy_of(&["good"], "2222222", &[]).is(0);
    assert_eq!(site.get("/slow-order").0, 200);
    let after = logical(site);
    assert_ne!(after, before);
    let restored = site.backstay(&["backup", "restore", &run, "--archive", "--yes", "--json"]).is(0);
    let outcome = restored.outcome();
    assert_eq!((&outcome["outcome"], &outcome["data"]), (&json!("committed"), &json!("restored")));
    restored.says("The restored data is live.");
    assert_same(&logical(site), &before, "the restored data");
    assert_eq!((site.get("/").0, site.live_revision().as_deref()), (200, Some("2222222")));

    // what it replaced is kept as its copy, and comes back as well
    let own = outcome["run"].as_str().expect("a run");
    site.backstay(&["backup", "restore", own, "--yes"]).is(0);
    assert_same(&logical(site), &after, "what the restore had replaced");
    site.await_no_executor();
    assert_eq!(site.crontab(), "");
}

/// Users write all the time: what is in an archive is of one moment, and no write fails.
fn while_users_write(site: &Site, write: impl Fn() + Sync) {
    let done = AtomicBool::new(false);
    let run = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                write();
            }
        });
        let outcome = site.backstay(&["backup", "create", "--json"]).is(0).outcome();
        done.store(true, Ordering::Relaxed);
        outcome["run"].as_str().expect("a run").to_owned()
    });
    site.backstay(&["backup", "verify", &run, "--restore"]).is(0).says("1 of 1 came back as they were archived");
}

#[test]
fn an_archive_of_sqlite_is_made_verified_tried_and_brought_back() {
    let site = Site::with_first();
    let file = site.path.join("shared/storage/app/shop.sqlite");
    let sql = |text: &str| as_user(&format!("sqlite3 -cmd '.timeout 5000' {} \"{text}\"", file.display()));
    an_archive_brings_the_data_back(&site);
    assert_eq!(sql("PRAGMA journal_mode = wal"), "wal\n");
    while_users_write(&site, || {
        sql("BEGIN IMMEDIATE; UPDATE customers SET weight = weight + 1; UPDATE orders SET total = total + 1; COMMIT;");
    });
}

#[test]
fn an_archive_of_postgresql_holds_all_that_grew_there_and_is_brought_back() {
    let site = Site::with_postgres();
    grown(&site);
    // the app's own account may make no event trigger and no publication
    let admin = site.database().admin_file(&site.marks);
    site.configure(&format!("databases: {{ main: {{ admin: {admin}, archive: true }} }}\n"));
    an_archive_brings_the_data_back(&site);
    // the one that was asked for, and those of the copies that a deploy and two restores have sealed
    assert_eq!(archives(&site).len(), 4);
    site.backstay(&["backup", "verify"]).is(0);

    while_users_write(&site, || {
        site.database().query_as_app("INSERT INTO notes VALUES ('meanwhile')");
    });

    // a file of statements, as people have them
    let (live, database) = (site.data(), site.database());
    let dump = Command::new(program("pg_dump"))
        .envs(database.server().environment())
        .arg(&database.name)
        .output()
        .expect("pg_dump");
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    let file = site.runner.join("shop.sql");
    let write = |more: &str| fs::write(&file, [dump.stdout.as_slice(), more.as_bytes()].concat()).expect("ours");
    write(&format!("\n\\connect {}\nDROP TABLE orders CASCADE;\n", database.name));
    let refused = site.backstay(&["backup", "restore", "shop.sql", "--yes"]).is(3);
    refused.says("a command of the client: \\connect").says("Nothing was changed.");
    write("CREATE TABLE public.half (n int);\nSELECT nothing FROM public.nowhere;\n");
    site.backstay(&["backup", "restore", "shop.sql", "--yes"]).is(10).says("load failed").says("nowhere");
    let beside = site.beside();
    assert_same(&site.data(), &live, "a file that fails touches nothing");
    write("");
    // pg_dump leaves the versions of extensions to the server
    let of_file = || {
        let mut lines: Vec<_> =
            logical(&site).lines().filter(|line| !line.contains("citext")).map(str::to_owned).collect();
        lines.dedup();
        lines.join("\n")
    };
    let before = of_file();
    assert_eq!(site.get("/slow-order").0, 200);
    let packed = run_gzip(&file);
    site.backstay(&["backup", "restore", &packed, "--yes"]).is(0).says("made by the statements");
    assert_same(&of_file(), &before, "what the file had");
    assert_eq!(site.beside().len(), beside.len(), "{beside:?} {:?}", site.beside());
}

#[test]
fn on_mariadb_files_of_statements_and_archives_are_brought_back_and_what_leads_elsewhere_is_not_sent() {
    let site = Site::with_mariadb();
    site.schema().query_as_app(
        "CREATE VIEW heavy AS SELECT id FROM customers; CREATE TRIGGER t BEFORE INSERT ON customers FOR EACH ROW SET NEW.name = TRIM(NEW.name);",
    );
    let (before, name) = (site.data(), site.schema().name.clone());
    let dump = site.schema().dump();
    let file = site.runner.join("shop.sql");
    let more =
        format!("USE `{name}`; DROP TABLE orders; DELETE FROM `{name}`.orders;\n\\! touch /tmp/backstay-was-here\n");
    fs::write(&file, format!("{dump}\n{more}")).expect("ours");
    let refused = site.backstay(&["backup", "restore", "shop.sql", "--yes"]).is(3);
    refused
        .says(": USE: ")
        .says("before a dot, which is the live data")
        .says("a command of the client: \\! touch")
        .says("Nothing was changed.");
    fs::write(&file, format!("{dump}\nINSERT INTO nowhere VALUES (1);\n")).expect("ours");
    let beside = site.beside();
    site.backstay(&["backup", "restore", "shop.sql", "--yes"]).is(10).says("load failed").says("nowhere");
    assert_eq!((site.data() == before, site.beside()), (true, beside.clone()));

    fs::write(&file, &dump).expect("ours");
    site.deploy_of(&["good"], "2222222", &[]).is(0);
    assert_eq!(site.get("/slow-order").0, 200);
    let packed = run_gzip(&file);
    site.backstay(&["backup", "restore", &packed, "--yes"]).is(0).says("tables made by the statements");
    assert_same(&site.data(), &before, "what the file had");
    assert_eq!(site.get("/orders").0, 200);
    an_archive_brings_the_data_back(&site);
}

#[test]
fn what_harms_an_archive_is_named_and_never_brought_back() {
    let site = Site::with_first();
    let data = site.data();
    let (first, _) = create(&site);
    let (second, folder) = create(&site);
    let object = folder.join("0001.database.zst");
    let whole = fs::read(&object).expect("it is there");
    let restores = |said: &str| {
        let watch = site.watch();
        let run = site.backstay(&["backup", "restore", &second, "--yes", "--json"]).is(10);
        run.says(said).says("The live data was not touched.");
        assert_eq!(watch.end().into_iter().collect::<Vec<_>>(), [200]);
        assert_eq!((run.outcome()["failed_step"].as_str(), site.data()), (Some("verify"), data.clone()));
    };
    // cut, flipped, foreign
    fs::write(&object, &whole[..whole.len() - 7]).expect("ours");
    let said = format!("0001.database.zst is truncated: it has {} of {} bytes", whole.len() - 7, whole.len());
    site.backstay(&["backup", "verify"]).is(4).says(&said).says(&first);
    let listed = site.backstay(&["backup", "list"]).is(0);
    listed.says("DAMAGED").says(&said).says("read ");
    restores(&said);
    let mut flipped = whole.clone();
    flipped[20] ^= 1;
    fs::write(&object, &flipped).expect("ours");
    site.backstay(&["backup", "verify", &format!("{second}/main"), "--restore"]).is(4).says("is damaged: its SHA-256");
    fs::write(&object, &whole).expect("ours");
    fs::write(folder.join("extra.php"), "x").expect("ours");
    site.backstay(&["backup", "verify", &second]).is(4).says("extra.php is not part of the archive");
    restores("extra.php is not part of the archive");
    fs::remove_file(folder.join("extra.php")).expect("ours");

    // one whose files are as they were written, and which is not what it says
    let manifest = fs::read_to_string(folder.join("manifest")).expect("it is there");
    let body = manifest
        .split_once("end\t")
        .expect("its end")
        .0
        .replace("object\ttable\torders\t-\t-\t-\t", "object\ttable\torders\t-\t-\t-\t9");
    assert_ne!(manifest.split_once("end\t").expect("its end").0, body);
    let end = as_user(&format!("printf '%s' '{body}' | sha256sum | cut -d ' ' -f 1"));
    fs::write(folder.join("manifest"), format!("{body}end\t{end}")).expect("ours");
    site.backstay(&["backup", "verify", &second]).is(0);
    site.backstay(&["backup", "verify", &second, "--restore"]).is(4).says("has not as many rows as were archived");
    site.backstay(&["backup", "verify", &first, "--restore"]).is(0).says("1 of 1 came back");

    // it takes no place of a good one, and the newest good one stays
    site.backstay(&["backup", "prune"]).is(0).says("it is not configured what stays").says("retention:");
    site.configure("retention: { last: 1 }\n");
    site.backstay(&["backup", "prune", "--dry-run"]).is(0).says(&format!("would go: {second}/main"));
    assert_eq!(archives(&site).len(), 2);
    site.backstay(&["backup", "prune"]).is(0).says("1 archive removed");
    let left = archives(&site);
    assert_eq!((left.len(), left[0]["run"].as_str()), (1, Some(first.as_str())));
    assert!(!site.path.join(format!(".backstay/copies/{second}")).exists());
    site.backstay(&["backup", "prune"]).is(0).says("nothing is to be removed");

    // what there is not is told with what there is; and nobody is asked twice where there is nobody
    for command in [&["backup", "verify", "nothing"][..], &["backup", "restore", "nothing", "--yes"]] {
        site.backstay(command).is(2).says("nothing").says(&format!("{first}/main"));
    }
    site.backstay(&["backup", "restore", &first]).is(2).says("--yes");
    assert_eq!(site.data(), data);

    // one that was brought here from elsewhere is one like any other
    let copies = site.path.join(".backstay/copies");
    as_user(&format!(
        "cd {} && mkdir -m 700 20200101T000000Z-abcdefa && cp -a {first}/main 20200101T000000Z-abcdefa/",
        copies.display()
    ));
    assert_eq!(site.get("/slow-order").0, 200);
    site.backstay(&["backup", "restore", "20200101T000000Z-abcdefa/main", "--yes"]).is(0);
    assert_eq!(site.data(), data);
}

#[test]
fn a_backup_that_is_killed_or_has_no_room_leaves_nothing_and_the_next_one_clears_up() {
    let (site, disk) = Site::on_disk_with_file(96);
    let file = site.path.join("shared/storage/app/shop.sqlite");
    as_user(&format!(
        "sqlite3 {} 'CREATE TABLE blobs (b BLOB); INSERT INTO blobs SELECT randomblob(1000000) FROM (VALUES (1), (2), (3), (4), (5), (6), (7), (8))'",
        file.display()
    ));
    let data = site.data();
    let copies = || site.list(".backstay/copies");
    let parts = || copies().iter().flat_map(|run| site.list(&format!(".backstay/copies/{run}"))).collect::<Vec<_>>();
    let before = parts();
    disk.fill(6_000);
    let run = site.backstay(&["backup", "create", "--json"]).is(10);
    run.says("nothing of the run is left");
    assert_eq!((run.outcome()["failed_step"].as_str(), parts()), (Some("archive"), before.clone()));
    disk.empty();

    // everything of it dies with half an archive on the disk, which nobody takes for one
    let running = site.start(&["backup", "create"]);
    eventually("the archive has begun", || parts().iter().any(|name| name.starts_with("main.part")));
    running.signal("-KILL");
    site.kill_executor();
    let left = site.processes();
    let pids = left.iter().filter(|line| line.contains("/.backstay/runs/")).filter_map(|line| line.split(':').next());
    let _ = Command::new("kill").arg("-KILL").args(pids).status();
    running.wait();
    site.await_no_executor();
    assert!(parts().iter().any(|name| name.starts_with("main.part")), "{:?}", parts());
    assert_eq!(archives(&site).len(), 0);
    let (whole, _) = create(&site);
    assert_eq!((archives(&site).len(), parts().len()), (1, before.len() + 1), "{:?}", parts());
    site.backstay(&["backup", "verify", &whole]).is(0);
    assert_eq!(site.data(), data);
    site.await_no_executor();
    assert_eq!(site.crontab(), "");
}

#[test]
fn a_restore_that_fails_in_the_middle_leaves_the_live_data_as_it_was() {
    let site = Site::with_first();
    let (run, _) = create(&site);
    site.deploy_of(&["good"], "2222222", &[]).is(0);
    let migrated = site.data();
    // the checks want what the restored data does not have
    site.configure(
        "smoke: { checks: [ { command: \"sqlite3 storage/app/shop.sqlite 'SELECT phone FROM customers'\" } ] }\n",
    );
    let failed = site.backstay(&["backup", "restore", &run, "--yes", "--json"]).is(10);
    failed.says("The data from before is live again, compared.");
    assert_eq!((failed.outcome()["data"].clone(), site.data()), (json!("restored"), migrated.clone()));
    // the runner dies while the data is swapped in
    site.configure(&site.pause("before-smoke"));
    let running = site.start(&["backup", "restore", &run, "--yes"]);
    site.await_pause("before-smoke");
    assert_ne!(site.data(), migrated);
    running.signal("-KILL");
    running.wait();
    site.await_end();
    site.await_no_executor();
    assert_eq!((site.data(), site.get("/").0), (migrated.clone(), 200));
    assert_eq!(site.list(&format!(".backstay/copies/{run}")), ["main", "main.verified"]);

    // statements of a file: what leads elsewhere touches nothing, what does not is brought back
    site.configure("");
    let dump = site.runner.join("shop.sql");
    let live = site.path.join("shared/storage/app/shop.sqlite");
    fs::write(&dump, format!("ATTACH '{}' AS live; DELETE FROM live.orders;", live.display())).expect("ours");
    site.backstay(&["backup", "restore", "shop.sql", "--yes"]).is(10).says("load failed");
    fs::write(&dump, ".shell touch /tmp/backstay-was-here\nCREATE TABLE a (n);\n").expect("ours");
    site.backstay(&["backup", "restore", "shop.sql", "--yes"]).is(10).says("load failed");
    assert_eq!((site.data(), PathBuf::from("/tmp/backstay-was-here").exists()), (migrated.clone(), false));
    fs::write(
        &dump,
        migrated.lines().take_while(|line| *line != "COMMIT;").chain(["COMMIT;"]).collect::<Vec<_>>().join("\n"),
    )
    .expect("ours");
    let packed = run_gzip(&dump);
    assert_eq!(site.get("/slow-order").0, 200);
    site.backstay(&["backup", "restore", "missing.sql.gz", "--yes"]).is(2).says("no file missing.sql.gz");
    site.backstay(&["backup", "restore", &packed, "--yes"]).is(0).says("The restored data is live.");
    assert_eq!((site.data(), site.get("/").0), (migrated, 200));
}

#[test]
fn a_deploy_leaves_an_archive_of_what_was_before_where_that_is_configured() {
    let site = Site::with_first();
    let before = site.data();
    site.configure("databases: { main: { archive: true, keep_copies: 0 } }\n");
    let outcome = site.deploy_of(&["good"], "2222222", &[]).is(0).outcome();
    let found = archives(&site);
    assert_eq!((found.len(), &found[0]["run"]), (1, &outcome["run"]));
    site.deploy("3333333", &[]).is(0);
    assert_eq!(archives(&site).len(), 1, "nothing was migrated");
    let run = outcome["run"].as_str().expect("a run").to_owned();
    site.backstay(&["backup", "restore", &run, "--yes"]).is(0);
    assert_eq!(site.data(), before);
    // a backup is a run, and no deploy: going back finds the release from before
    site.backstay(&["backup", "create"]).is(0);
    // while another run is in progress only looking is possible
    site.configure(&(site.pause("before-switch") + "retention: { last: 1 }\n"));
    let running = site.start_deploy(&[], "4444444", &["--progress", "none"]);
    site.await_pause("before-switch");
    site.backstay(&["backup", "create", "--json"]).is(75);
    site.backstay(&["backup", "restore", &run, "--yes"]).is(75);
    site.backstay(&["backup", "prune"]).is(75);
    site.backstay(&["backup", "verify"]).is(0).says(&run);
    // that of the deploy, of what the restore replaced, and the one that was asked for
    assert_eq!(archives(&site).len(), 3);
    running.signal("-INT");
    running.wait().is(11);
    site.configure("");
    assert_eq!(site.backstay(&["history"]).is(0).stdout.lines().filter(|line| line.contains("backup ")).count(), 2);
    site.backstay(&["rollback", "--json"]).is(0);
    assert_eq!(site.live_revision().as_deref(), Some("2222222"));
}

fn run_gzip(file: &Path) -> String {
    assert!(Command::new("gzip").arg("-kf").arg(file).status().expect("gzip").success());
    format!("{}.gz", file.display())
}
