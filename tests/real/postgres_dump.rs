//! PostgreSQL without the right to make databases: a dump in maintenance, and one transaction that brings it back.

use serde_json::json;

use super::{
    postgres::{GROWN, assert_same},
    support::{Site, as_user, eventually},
};

/// A site whose account may make no databases, with what a shop grows over the years; what only a superuser can make, and what a
/// restore makes again from a query, is left out.
fn poor_site() -> Site {
    let site = Site::with_postgres();
    let database = site.database();
    let ours = |line: &&str| !line.contains("EVENT TRIGGER") && !line.contains("RESET SESSION AUTHORIZATION");
    let grown: Vec<&str> = GROWN.lines().filter(ours).collect();
    database.query(&grown.join("\n").replace("{app}", &database.name));
    database.query(&format!("ALTER ROLE {} NOCREATEDB; REFRESH MATERIALIZED VIEW stale; ANALYZE", database.name));
    site
}

/// What there is, as another program than Backstay's scripts tells it: numbers of the server are left out, since a restore makes new
/// ones; what `pg_dump` does not tell comes from the server.
fn data(site: &Site) -> String {
    let told = site.data();
    let beside = ["database|", "database setting|", "extension|", "default privileges|", "schema|"];
    let beside = told.lines().filter(|line| beside.iter().any(|kind| line.starts_with(kind)));
    let dump = site.database().dump();
    let dumped = dump.lines().filter(|line| !line.starts_with("--") && !line.contains("restrict "));
    dumped.chain(beside).collect::<Vec<_>>().join("\n")
}

#[test]
fn without_the_right_to_make_databases_a_dump_gives_back_every_object() {
    let site = poor_site();
    let before = data(&site);
    let plan = site.backstay(&["plan", "--probe"]).is(0);
    plan.says("pg_dump writes everything of one moment").says("ALTER ROLE").says("rehearsed without rows");
    for variants in [&["bad"][..], &["wild-postgres"]] {
        let run = site.deploy_of(variants, "2222222", &[]).is(10);
        run.says("the migration dies half-way");
        let outcome = run.outcome();
        let said = ["outcome", "data", "proof", "fence", "failed_step", "maintenance"].map(|key| outcome[key].clone());
        assert_eq!(json!(said), json!(["rolled-back", "restored", "exclusion", "cooperative", "migrate", false]));
        assert_same(&data(&site), &before, variants[0]);
        assert!(site.get("/").1.contains("1111111"));
    }
    assert_eq!(as_user(&format!("ls {}/.backstay/copies || :", site.path.display())), "", "no dump is left");
    let outcome = site.deploy_of(&["good"], "3333333", &[]).is(0).outcome();
    assert_eq!(outcome["data"], "migrated");
    // after the commit the dump is what a rollback goes back to
    site.database().query("INSERT INTO notes VALUES ('written after the commit')");
    let outcome = site.backstay(&["rollback", "--json", "--discard-writes"]).is(0).outcome();
    assert_eq!(outcome["outcome"], "committed");
    assert_same(&data(&site), &before, "rollback");
}

#[test]
fn a_dump_that_is_harmed_or_a_restore_that_is_killed_overwrites_nothing() {
    let site = poor_site();
    site.database().query_as_app(
        "CREATE TABLE many AS SELECT n, md5(n::text) AS m FROM generate_series(1, 700000) n; CREATE INDEX ON many (m)",
    );
    let before = data(&site);
    site.configure(&site.pause("after-migrate"));
    let run = site.start_deploy(&["good"], "2222222", &[]);
    site.await_pause("after-migrate");
    let rows = as_user(&format!("ls {}/.backstay/copies/*/main.dump/files/*.dat.gz | head -n 1", site.path.display()));
    let harmed = rows.trim();
    as_user(&format!("cp -p {harmed} {harmed}.whole; truncate -s -1 {harmed}"));
    run.signal("-INT");
    run.wait().is(20).says("is not whole any more").says("was not touched");
    assert!(site.data().contains("phone"), "something was overwritten");
    as_user(&format!("mv {harmed}.whole {harmed}"));

    // runner and executor are killed while the rows come back; what they leave goes on until it is ended
    let retry = site.start(&["settle", "--retry", "--json"]);
    let loads = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COPY public.many %' AND datname = current_database()";
    eventually("the rows come back", || site.database().query(loads).contains('1'));
    site.kill_both(retry);
    site.backstay(&["settle", "--json"]).is(11);
    assert_same(&data(&site), &before, "settled");
    assert_eq!(site.get("/").0, 200);
}

#[test]
fn what_a_dump_would_not_bring_back_is_refused() {
    let site = poor_site();
    let database = site.database();
    let app = &database.name;
    let cases = [
        (
            "CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$; ALTER FUNCTION watch() OWNER TO {app}; CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION watch()",
            "the event trigger watch would not come back",
            "DROP EVENT TRIGGER watch; DROP FUNCTION watch",
        ),
        ("ALTER TABLE parts OWNER TO postgres", "public.parts belongs to postgres", "ALTER TABLE parts OWNER TO {app}"),
        (
            "CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw",
            "the foreign server far would not come back",
            "DROP EXTENSION postgres_fdw CASCADE",
        ),
    ];
    for (fault, said, remedy) in cases {
        database.query(&fault.replace("{app}", app));
        site.deploy_of(&["good"], "2222222", &[]).is(3).says(said);
        database.query(&remedy.replace("{app}", app));
    }
    // who chose the copy by name is not given a dump instead
    site.configure("databases: { main: { protect: shadow } }\n");
    site.backstay(&["plan", "--probe"]).is(3).says("may not make databases");
    // and who chose the dump gets one, whatever the account may
    database.query(&format!("ALTER ROLE {app} CREATEDB"));
    site.configure("databases: { main: { protect: dump } }\n");
    site.backstay(&["plan", "--probe"]).is(0).says("(protect: dump)");
    let before = data(&site);
    site.deploy_of(&["bad"], "3333333", &[]).is(10);
    assert_same(&data(&site), &before, "protect: dump");
    assert_eq!(database.beside().len(), 1, "the first deploy's copy alone: {:?}", database.beside());
}
