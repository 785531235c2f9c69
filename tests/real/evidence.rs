//! Proof by evidence: where MariaDB counts what is written, only written tables are compared in maintenance. Each test writes in a
//! way that the counters do not show.

use serde_json::json;

use super::support::{Finished, OwnMariaDb, Site, eventually, servers};

/// A site on MariaDB whose administrator may read the server's counters, with tables that a shop has.
fn counted(site: Site) -> Site {
    site.schema().query_as_app(
        "CREATE TABLE baskets (id INT PRIMARY KEY); INSERT INTO baskets SELECT seq FROM seq_1_to_50;
         CREATE TABLE contents (id INT PRIMARY KEY, basket INT, FOREIGN KEY (basket) REFERENCES baskets (id) ON DELETE CASCADE);
         INSERT INTO contents SELECT seq, seq FROM seq_1_to_50;
         CREATE TABLE labels (id INT PRIMARY KEY, content INT, FOREIGN KEY (content) REFERENCES contents (id) ON DELETE SET NULL);
         INSERT INTO labels SELECT seq, seq FROM seq_1_to_50;
         CREATE TABLE visits (id INT PRIMARY KEY, day INT) PARTITION BY HASH (id) PARTITIONS 3; INSERT INTO visits SELECT seq, seq FROM seq_1_to_50;
         CREATE TABLE tokens (id INT PRIMARY KEY, token CHAR(32)); INSERT INTO tokens SELECT seq, MD5(seq) FROM seq_1_to_50;
         CREATE TABLE quiet (id INT PRIMARY KEY, token CHAR(32)); INSERT INTO quiet SELECT seq, MD5(seq) FROM seq_1_to_50",
    );
    let option_file = site.schema().admin_file(&site.marks);
    site.configure(&format!(
        "databases: {{ main: {{ admin: {option_file} }} }}\n{}",
        site.pause("before-workers-stop")
    ));
    site
}

/// A deploy that fails; statements run as root between its copy and its maintenance. What they did is part of the data before.
#[track_caller]
fn fail_after(site: &Site, statements: &str) -> Finished {
    site.forget_pause("before-workers-stop");
    let run = site.start_deploy(&["bad"], "2222222", &[]);
    site.await_pause("before-workers-stop");
    site.schema().query(statements);
    let before = site.data();
    site.go_on("before-workers-stop");
    let run = run.wait().is(10);
    assert_eq!(site.data(), before, "{statements}");
    run
}

#[test]
fn only_tables_that_were_written_to_are_compared() {
    // where nobody else's transaction is open for long: that one would have to be waited for
    let own = OwnMariaDb::start(servers().folder.join("mariadb-counted"));
    let site = counted(Site::on(own.0));
    site.backstay(&["plan", "--probe"]).is(0).says("proof evidence");
    let run = fail_after(&site, "UPDATE tokens SET token = 'changed' WHERE id = 7");
    assert_eq!(run.outcome()["proof"], json!("evidence"));
    run.says("1 of them copied again (evidence: ");
    let run = fail_after(&site, "DO 0");
    assert_eq!(run.outcome()["proof"], json!("evidence"));
}

#[test]
fn what_the_counters_do_not_show_is_found_all_the_same() {
    let own = OwnMariaDb::start(servers().folder.join("mariadb-not-counted"));
    let site = counted(Site::on(own.0));
    // a cascade over two keys is not counted; its tables are compared since their parent's parent was written to
    fail_after(&site, "DELETE FROM baskets WHERE id = 3").says("3 of them copied again (evidence: ");
    // neither are these; the tables' identities have changed
    for statements in ["TRUNCATE TABLE tokens", "ALTER TABLE visits TRUNCATE PARTITION p1"] {
        let run = fail_after(&site, statements);
        assert_eq!(run.outcome()["proof"], json!("exact"), "{statements}");
    }
}

#[test]
fn what_an_open_transaction_had_written_before_the_copy_is_not_lost() {
    let site = counted(Site::with_mariadb());
    let open = site.schema().start_as_app(
        "START TRANSACTION; UPDATE quiet SET token = 'late' WHERE id = 9; DO SLEEP(6); COMMIT; DO SLEEP(0.1)",
    );
    eventually("it has written", || site.schema().works_on(""));
    let run = fail_after(&site, "DO 0");
    assert!(site.schema().query("SELECT token FROM quiet WHERE id = 9").contains("late"));
    assert_eq!(run.outcome()["data"], json!("restored"));
    drop(open);
}
