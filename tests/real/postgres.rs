//! Deploys on PostgreSQL: the database copied as a template, and swapped by rename.

use std::{
    collections::BTreeSet,
    fs,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use serde_json::json;

use super::support::{
    Disk, Site, as_user, eventually,
    postgres::{PASSWORD, PostgreSql, postgres},
    servers,
};

/// What a shop grows over the years. `{app}` is the app's role and its database.
pub const GROWN: &str = r#"
    CREATE ROLE reader_{app};
    ALTER DATABASE {app} SET work_mem = '5MB'; ALTER DATABASE {app} SET search_path = "$user", public, "we ""ird"; GRANT SET ON PARAMETER {app}.greeting TO {app}; ALTER DATABASE {app} SET {app}.greeting = 'it''s = "me"';
    ALTER ROLE {app} IN DATABASE {app} SET statement_timeout = '7min'; ALTER DATABASE {app} CONNECTION LIMIT 70;
    GRANT CONNECT ON DATABASE {app} TO reader_{app} WITH GRANT OPTION; REVOKE TEMPORARY ON DATABASE {app} FROM PUBLIC; COMMENT ON DATABASE {app} IS 'It''s a \ shop 🐚';
    SET SESSION AUTHORIZATION {app};
    CREATE EXTENSION hstore; CREATE EXTENSION citext VERSION '1.5';
    CREATE SCHEMA ledger; CREATE SCHEMA "we ""ird"; GRANT USAGE ON SCHEMA ledger TO reader_{app};
    ALTER DEFAULT PRIVILEGES IN SCHEMA ledger GRANT SELECT ON TABLES TO reader_{app};
    CREATE TYPE mood AS ENUM ('sad', 'ok'); ALTER TYPE mood ADD VALUE 'so-so' BEFORE 'ok'; CREATE TYPE pair AS (a int, b text);
    CREATE DOMAIN positive AS int CONSTRAINT positive_check CHECK (VALUE > 0);
    CREATE TABLE ledger.entries (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent int REFERENCES ledger.entries DEFERRABLE INITIALLY DEFERRED, m mood DEFAULT 'ok', p pair,
        d positive, twice int GENERATED ALWAYS AS (d * 2) STORED, h hstore, c citext, tags text[], at timestamptz DEFAULT '2026-01-01 00:00:00.000001+02');
    INSERT INTO ledger.entries (parent, p, d, h, c, tags) VALUES (NULL, (1, 'a,"b'), 5, 'k=>NULL', 'ABC', '{x,NULL,"y z"}'), (1, NULL, 7, '', '', '{}');
    ALTER TABLE ledger.entries ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON ledger.entries FOR SELECT TO reader_{app} USING (d > 6);
    CREATE TABLE parts (order_id bigint REFERENCES orders ON DELETE CASCADE, n int NOT NULL CHECK (n > 0), w real, g double precision, b bytea, j jsonb, total numeric(20,6), kind text COLLATE "C", PRIMARY KEY (order_id, n));
    INSERT INTO parts SELECT id, 1, 16777216 + id, 0.1 + id, decode('00ff0d0a', 'hex'), '{"k": [1, null]}', 1.000001, 'x' || id % 3 FROM orders;
    CREATE INDEX by_kind ON parts (lower(kind) DESC NULLS LAST) INCLUDE (n) WHERE n > 0; CREATE STATISTICS together ON n, kind FROM parts; ANALYZE parts;
    CREATE TABLE notes (t text); INSERT INTO notes VALUES ('one'), ('one'), (NULL); COMMENT ON COLUMN notes.t IS 'as it came';
    CREATE UNLOGGED TABLE fleeting (n int); INSERT INTO fleeting VALUES (1), (2);
    CREATE TABLE measured (day date, v int) PARTITION BY RANGE (day); CREATE TABLE measured_2026 PARTITION OF measured FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); INSERT INTO measured VALUES ('2026-02-03', 1);
    CREATE SEQUENCE numbers START 5 INCREMENT 3; CREATE SEQUENCE fresh START 7; SELECT nextval('numbers');
    CREATE VIEW heavy AS SELECT id, name FROM customers WHERE weight > 16777220; CREATE VIEW heavier AS SELECT * FROM heavy WHERE id > 10;
    CREATE MATERIALIZED VIEW stale AS SELECT count(*) AS n FROM notes; INSERT INTO notes VALUES ('not seen by it');
    CREATE FUNCTION plus_one(n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT n + 1 $$; CREATE PROCEDURE nothing() LANGUAGE sql AS $$ SELECT 1 $$; REVOKE ALL ON FUNCTION plus_one(int) FROM PUBLIC;
    CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.at = now(); RETURN NEW; END $$;
    CREATE TRIGGER stamp BEFORE UPDATE ON ledger.entries FOR EACH ROW EXECUTE FUNCTION stamp(); CREATE RULE keep AS ON DELETE TO notes DO INSTEAD NOTHING;
    SELECT lo_from_bytea(0, decode('00ff', 'hex'));
    RESET SESSION AUTHORIZATION;
    CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$; CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION watch();
    CREATE PUBLICATION told FOR TABLE orders, parts WITH (publish = 'insert, delete');
"#;

/// A kind of object for each line of the fidelity list, as the comparer names it.
const KINDS: [&str; 25] = [
    "database setting|all|work_mem=5MB",
    "statement_timeout=7min",
    "schema|ledger",
    "extension|citext|1.5",
    "relation|public.fleeting|r|u",
    "relation|public.measured_2026",
    "column|public.parts",
    "index|CREATE INDEX by_kind",
    "constraint|public.parts",
    "sequence|public.numbers",
    "view|public.heavier",
    "view|public.stale",
    "function|public.plus_one",
    "trigger|CREATE TRIGGER stamp",
    "event trigger|watch",
    "rule|public.notes|CREATE RULE keep",
    "type|public.positive|d",
    "enum|public.mood|1.5|so-so",
    "policy|ledger|entries|own",
    "default privileges",
    "large object",
    "publication|told",
    "statistics|public|parts",
    "public.stale (3)",
    "counter public.fresh|7|0|f",
];

pub(super) fn grown(site: &Site) {
    let database = site.database();
    database.query(&GROWN.replace("{app}", &database.name));
}

/// Told by lines, since the whole of it fills the screen.
#[track_caller]
pub fn assert_same(now: &str, before: &str, when: &str) {
    if now != before {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<String>>();
        let (now, before) = (lines(now), lines(before));
        let some = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).take(8).cloned().collect::<Vec<_>>();
        panic!("{when}: gone: {:#?}\nnew: {:#?}", some(&before, &now), some(&now, &before));
    }
}

/// A server that one test at a time has for itself.
fn alone() -> (&'static PostgreSql, MutexGuard<'static, ()>) {
    static SERVER: OnceLock<PostgreSql> = OnceLock::new();
    static TAKEN: Mutex<()> = Mutex::new(());
    let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    (SERVER.get_or_init(|| PostgreSql::start("postgres-alone")), taken)
}

#[test]
fn a_good_migration_commits_on_postgres() {
    let site = Site::with_postgres();
    grown(&site);
    let watch = site.watch();
    let run = site.deploy_of(&["good"], "2222222", &[]).is(0);
    let seen = watch.end();
    assert!(seen.contains(&503) && !seen.iter().any(|status| !matches!(status, 200 | 503)), "{seen:?}");
    let outcome = run.outcome();
    let said = ["outcome", "data", "proof", "fence", "maintenance"].map(|key| outcome[key].clone());
    assert_eq!(json!(said), json!(["committed", "migrated", "exclusion", "exclusive", false]));
    assert!(site.data().contains("phone"));
    assert_eq!(site.get("/orders").0, 200, "the app is let in again");
    let held = as_user(&format!("grep -rlF {PASSWORD} '{}/.backstay' || :", site.path.display()));
    assert_eq!(held, "", "the password stays nowhere");
    let first = site.database().beside();
    assert_eq!(first.len(), 1, "the copy of this run is kept, and nothing else: {first:?}");
    fs::write(site.path.join("shared/storage/go-on"), "").expect("ours");
    site.deploy_of(&["good", "slow"], "3333333", &[]).is(0);
    let second = site.database().beside();
    assert!(second.len() == 1 && second != first, "{second:?}");
}

#[test]
fn a_migration_that_dies_half_way_gives_back_every_object_on_postgres() {
    let site = Site::with_postgres();
    grown(&site);
    let before = site.data();
    for kind in KINDS {
        assert!(before.contains(kind), "{kind} is not compared");
    }
    for variants in [&["bad"][..], &["wild-postgres"]] {
        let run = site.deploy_of(variants, "2222222", &[]).is(10);
        let outcome = run.outcome();
        run.says("the migration dies half-way");
        let said = ["outcome", "data", "proof", "failed_step", "maintenance"].map(|key| outcome[key].clone());
        assert_eq!(json!(said), json!(["rolled-back", "restored", "exclusion", "migrate", false]));
        assert_same(&site.data(), &before, variants[0]);
        assert!(site.get("/").1.contains("1111111"));
    }
    // what failed is kept for the post-mortem, and the copy of the run that committed
    let beside = site.database().beside();
    let count = |what: &str| beside.iter().filter(|name| name.contains(what)).count();
    assert_eq!((count("__failed_"), count("__backstay_"), beside.len()), (2, 1, 3), "{beside:?}");
    // until its time is over
    site.configure("databases: { main: { keep_failed: 0s } }\n");
    site.deploy_of(&["good"], "3333333", &[]).is(0);
    let beside = site.database().beside();
    assert!(beside.len() == 1 && beside[0].ends_with("3333333"), "{beside:?}");
}

#[test]
fn a_rollback_after_the_commit_brings_back_the_data_on_postgres() {
    let site = Site::with_postgres();
    grown(&site);
    let before = site.data();
    site.deploy_of(&["good"], "2222222", &[]).is(0);
    site.backstay(&["rollback", "--json"]).is(2).says("--discard-writes");
    site.database().query("INSERT INTO notes VALUES ('written after the commit')");
    let outcome = site.backstay(&["rollback", "--json", "--discard-writes"]).is(0).outcome();
    assert_eq!(outcome["outcome"], "committed");
    assert_same(&site.data(), &before, "rollback");
    assert_eq!(site.get("/").0, 200);
    let beside = site.database().beside();
    assert_eq!(beside.len(), 1, "what it replaced is kept as its own copy, and nothing else: {beside:?}");
}

#[test]
fn a_first_deploy_on_an_empty_database_leaves_it_empty_when_it_fails() {
    let site = Site::new_on_postgres(postgres());
    site.configure("databases: { main: { protect: shadow } }\n");
    // with no version that could be asked beforehand, what is missing is found before anything is changed
    let database = site.database();
    database.query(&format!("ALTER ROLE {} NOCREATEDB", database.name));
    site.deploy_of(&["bad"], "1111111", &[]).is(10).says(&format!("ALTER ROLE {} CREATEDB;", database.name));
    database.query(&format!("ALTER ROLE {} CREATEDB", database.name));
    let before = site.data();
    let outcome = site.deploy_of(&["bad"], "1111111", &[]).is(10).outcome();
    assert_eq!((&outcome["release"], &outcome["data"]), (&json!(null), &json!("restored")));
    assert_same(&site.data(), &before, "first");
    assert_eq!(site.list("releases").len(), 0);
    let outcome = site.deploy_of(&["good"], "2222222", &[]).is(0).outcome();
    assert_eq!(outcome["data"], "migrated");
    assert!(site.get("/").1.contains("2222222"));
}

#[test]
fn a_session_of_the_app_that_hangs_is_ended_before_the_swap() {
    let site = Site::with_postgres();
    let before = site.data();
    site.configure(&site.pause("after-migrate"));
    let run = site.start_deploy(&["good"], "2222222", &[]);
    site.await_pause("after-migrate");
    let app = &site.database().name;
    // one whose client is long gone, and a transaction that waits for its second phase
    let stuck = site.database().start_as(app, "BEGIN; LOCK customers; SELECT pg_sleep(1000)");
    eventually("it runs", || site.database().sessions_of(app) > 0);
    site.database().query_as_app("BEGIN; INSERT INTO phones VALUES (1, '1'); PREPARE TRANSACTION 'left'");
    run.signal("-INT");
    run.wait().is(11);
    drop(stuck);
    assert_same(&site.data(), &before, "hanging");
    assert_eq!(site.get("/").0, 200);
}

#[test]
fn what_was_committed_in_memory_is_on_the_disk_before_the_run_commits() {
    let (server, _taken) = alone();
    let site = Site::new_on_postgres(server);
    site.deploy("1111111", &[]).is(0);
    site.configure(&site.pause("after-migrate"));
    let run = site.start_deploy(&["slow"], "2222222", &[]);
    // it has committed, without waiting for the disk, and is still at work
    eventually("the migration waits", || site.path.join("shared/storage/waiting").exists());
    let written = server.query("postgres", "SELECT pg_current_wal_insert_lsn()");
    fs::write(site.path.join("shared/storage/go-on"), "").expect("ours");
    site.await_pause("after-migrate");
    let flushed = format!("SELECT pg_current_wal_flush_lsn() >= '{}'", written.trim());
    assert_eq!(server.query("postgres", &flushed), "t\n");
    site.go_on("after-migrate");
    run.wait().is(0);
}

#[test]
fn what_cannot_be_protected_is_refused_with_what_to_do() {
    let (server, _taken) = alone();
    let site = Site::new_on_postgres(server);
    site.deploy("1111111", &[]).is(0);
    site.configure("databases: { main: { protect: shadow } }\n");
    let database = site.database();
    let app = &database.name;
    server.query("postgres", &format!("CREATE ROLE other_{app} LOGIN"));
    // what is done to the database, what is said then, and how it is undone
    let cases = [
        (
            "BEGIN; LOCK orders; PREPARE TRANSACTION 'kept'",
            "waits for its second phase: kept",
            "ROLLBACK PREPARED 'kept'",
        ),
        (
            "SELECT pg_create_logical_replication_slot('cdc', 'pgoutput')",
            "logical replication reads this database (slot cdc)",
            "SELECT pg_drop_replication_slot('cdc')",
        ),
        (
            "CREATE SUBSCRIPTION far CONNECTION 'dbname=far' PUBLICATION far WITH (connect = false)",
            "this database subscribes to another one (far)",
            "ALTER SUBSCRIPTION far SET (slot_name = NONE); DROP SUBSCRIPTION far",
        ),
        (
            "UPDATE pg_database SET datcollversion = '1.0' WHERE datname = '{app}'",
            "REINDEX DATABASE {app}; ALTER DATABASE {app} REFRESH COLLATION VERSION;",
            "UPDATE pg_database SET datcollversion = NULL WHERE datname = '{app}'",
        ),
        (
            "ALTER DATABASE {app} OWNER TO postgres",
            "ALTER DATABASE {app} OWNER TO {app};",
            "ALTER DATABASE {app} OWNER TO {app}",
        ),
        (
            "ALTER DATABASE {app} IS_TEMPLATE true",
            "ALTER DATABASE {app} IS_TEMPLATE false;",
            "ALTER DATABASE {app} IS_TEMPLATE false",
        ),
        (
            "ALTER DATABASE {app} SET log_statement = 'all'",
            "the setting log_statement of all roles",
            "ALTER DATABASE {app} RESET ALL",
        ),
        (
            "ALTER ROLE other_{app} IN DATABASE {app} SET work_mem = '5MB'",
            "the setting work_mem of other_{app}",
            "ALTER ROLE other_{app} IN DATABASE {app} RESET ALL",
        ),
        (
            "GRANT CONNECT ON DATABASE {app} TO other_{app} WITH GRANT OPTION; SET ROLE other_{app}; GRANT CONNECT ON DATABASE {app} TO pg_monitor",
            "was granted by other_{app}",
            "REVOKE CONNECT ON DATABASE {app} FROM other_{app} CASCADE",
        ),
        (
            "REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC",
            "neither the database postgres nor template1",
            "GRANT CONNECT ON DATABASE postgres, template1 TO PUBLIC",
        ),
        (
            "ALTER ROLE {app} NOCREATEDB",
            "as a superuser, once: ALTER ROLE {app} CREATEDB;",
            "ALTER ROLE {app} CREATEDB;",
        ),
    ];
    for (fault, said, remedy) in
        cases.map(|(a, b, c)| (a.replace("{app}", app), b.replace("{app}", app), c.replace("{app}", app)))
    {
        database.query(&fault);
        site.backstay(&["plan", "--probe"]).is(3).says(&said);
        database.query(&remedy);
    }
    // a session of another role that this one may not end; that it may end; and that only reads
    let other = database.start_as(&format!("other_{app}"), "SELECT pg_sleep(1000)");
    eventually("it runs", || database.sessions_of(&format!("other_{app}")) > 0);
    site.deploy_of(&["good"], "2222222", &[]).is(3).says(&format!("a session of other_{app} works on {app}"));
    database.query(&format!("GRANT pg_signal_backend TO {app}"));
    site.backstay(&["plan", "--probe"]).is(3).says(&format!("another role works on {app}: other_{app}"));
    assert_eq!((site.live_revision().as_deref(), database.beside().len()), (Some("1111111"), 1));
    site.configure("maintenance: { drain: 0s, on_leak: warn }\n");
    let probe = site.backstay(&["plan", "--probe"]).is(0);
    probe.says("proof exclusion").says("copied by the server").says("no ANALYZE").says("cannot be seen from here");
    site.deploy_of(&["good"], "2222222", &[]).is(0).says(&format!("other_{app}"));
    drop(other);
}

#[test]
fn a_session_that_cannot_be_ended_in_maintenance_is_named_and_nothing_is_migrated() {
    let site = Site::with_postgres();
    let database = site.database();
    let (before, app) = (site.data(), &database.name);
    site.configure(&site.pause("before-protect"));
    let run = site.start_deploy(&["good"], "2222222", &[]);
    site.await_pause("before-protect");
    database.query(&format!("CREATE ROLE other_{app} LOGIN"));
    let other = database.start_as(&format!("other_{app}"), "SELECT pg_sleep(1000)");
    eventually("it runs", || database.sessions_of(&format!("other_{app}")) > 0);
    site.go_on("before-protect");
    let run = run.wait().is(10);
    run.says(&format!("of other_{app}: "));
    assert_eq!(run.outcome()["data"], "untouched");
    drop(other);
    assert_same(&site.data(), &before, "a session of another role");
    assert_eq!(site.get("/").0, 200, "the app is let in again");
    assert_eq!(database.beside().len(), 1, "{:?}", database.beside());
}

#[test]
fn an_administrators_account_may_what_the_apps_may_not() {
    let site = Site::with_postgres();
    let database = site.database();
    database.query(&format!("ALTER ROLE {0} NOCREATEDB; ALTER DATABASE {0} SET log_statement = 'ddl'", database.name));
    let before = site.data();
    let file = database.admin_file(&site.marks);
    site.configure(&format!("databases: {{ main: {{ admin: {file} }} }}\n"));
    let account = fs::read_to_string(&file).expect("ours");
    fs::write(&file, "user=somebody\n").expect("ours");
    site.backstay(&["plan", "--probe"]).is(3).says("has no line [backstay]. It is a service file of libpq");
    fs::write(&file, account).expect("ours");
    let outcome = site.deploy_of(&["bad"], "2222222", &[]).is(10).outcome();
    assert_eq!((&outcome["data"], &outcome["proof"]), (&json!("restored"), &json!("exclusion")));
    assert_same(&site.data(), &before, "by an administrator");
    assert_eq!(site.get("/").0, 200);
}

#[test]
fn an_address_with_a_socket_is_as_good_as_single_settings() {
    let site = Site::new_on_postgres(postgres());
    site.write_env();
    site.add_env(&site.database().env_by_url());
    site.deploy("1111111", &[]).is(0);
    let before = site.data();
    site.deploy_of(&["bad"], "2222222", &[]).is(10);
    assert_same(&site.data(), &before, "by a socket");
}

#[test]
fn a_disk_without_room_is_refused_where_it_is_seen_and_gives_all_back_where_not() {
    let folder = servers().folder.join("small-disk");
    fs::create_dir(&folder).expect("ours");
    let disk = Disk::over(&folder, 250);
    let server: &PostgreSql = Box::leak(Box::new(PostgreSql::start_below(&folder, "postgres")));
    let site = Site::new_on_postgres(server);
    site.deploy("1111111", &[]).is(0);
    let database = site.database();
    database.query_as_app("CREATE UNLOGGED TABLE large AS SELECT generate_series(1, 1500000) AS n");
    let before = site.data();
    disk.fill(40_000);
    site.deploy_of(&["good"], "2222222", &[]).is(10).says("No space left on device");
    assert_eq!(site.get("/").0, 200, "the app is let in again");
    assert!(disk.free_kb() > 20_000, "{} kB of 40,000 are free again", disk.free_kb());
    disk.empty();
    assert_same(&site.data(), &before, "a full disk");
    disk.fill(40_000);
    let admin = database.admin_file(&site.marks);
    site.configure(&format!("databases: {{ main: {{ admin: {admin} }} }}\n"));
    site.deploy_of(&["good"], "3333333", &[]).is(3).says("MB free, the copy needs about");
    // a dump has room on another disk, and is a person's choice, since the way back may have none
    site.configure(&format!("databases: {{ main: {{ admin: {admin}, protect: dump }} }}\n"));
    site.backstay(&["plan", "--probe"]).is(0).says("fence cooperative (protect: dump)").says("would be stuck without");
}
