//! What a configuration may and may not say, each error as the user sees it.

use std::path::Path;

use super::{Config, ConfigError, Source, Transport, load};

const MINIMAL: &str = "version: 1
app: shop
environments:
  staging:
    host: deploy@staging.example.com
    known_hosts: ./known_hosts
    path: /var/www/shop
";

fn read(text: &str) -> Result<Config, ConfigError> {
    let variable = |name: &str| (name == "HOME").then(|| "/home/me".to_owned());
    load(Source { name: "backstay.yml", text, folder: Path::new("/repo") }, None, &variable)
}

fn error(text: &str) -> String {
    read(text).expect_err("must not load").to_string()
}

#[test]
fn the_preset_fills_what_is_absent() {
    let config = read(MINIMAL).expect("loads");
    assert_eq!(config.migrate.command.as_deref(), Some("php artisan migrate --force"));
    assert_eq!(config.release.shared, ["storage", ".env"]);
    assert!(config.environment.production);
    let Transport::Ssh(ssh) = &config.environment.transport else { panic!("ssh") };
    assert_eq!((ssh.user.as_deref(), ssh.port), (Some("deploy"), 22));
}

#[test]
fn overrides_beat_the_file_and_null_resets() {
    let text = format!("{MINIMAL}    override:\n      release: {{ keep: 9, shared: null }}\n      php: php8.2\n");
    let config = read(&text).expect("loads");
    assert_eq!(config.release.keep, 9);
    assert!(config.release.shared.is_empty());
    assert_eq!(config.migrate.command.as_deref(), Some("php8.2 artisan migrate --force"));
}

#[test]
fn secrets_do_not_show() {
    let text = format!("{MINIMAL}env:\n  TOKEN: \"${{HOME}}\"\n");
    let config = read(&text).expect("loads");
    assert_eq!(config.env[0].1.expose(), "/home/me");
    assert!(!config.shown().contains("/home/me") && !format!("{config:?}").contains("/home/me"));
}

#[test]
fn an_unknown_key_is_pointed_at() {
    insta::assert_snapshot!(error(&MINIMAL.replace("    path:", "    pth:")), @"
    backstay.yml:7:5: environments.staging: unknown key `pth`
       |
     7 |     pth: /var/www/shop
       |     ^
      did you mean `path`?
    ");
    insta::assert_snapshot!(error(&format!("{MINIMAL}offsite: x\n")), @"
    backstay.yml:8:1: unknown key `offsite`
       |
     8 | offsite: x
       | ^
      this key is reserved and not supported yet; leave it out
    ");
}

#[test]
fn a_wrong_type_is_pointed_at() {
    insta::assert_snapshot!(error(&format!("{MINIMAL}release: {{ keep: many }}\n")), @r#"
    backstay.yml:8:18: release.keep: invalid type: string "many", expected u32
       |
     8 | release: { keep: many }
       |                  ^
    "#);
    insta::assert_snapshot!(error(&format!("{MINIMAL}runner:\n  lease: soon\n")), @r#"
    backstay.yml:9:3: "soon" is not a length of time: write a whole number with ms, s, m, h or d, such as 90s
       |
     9 |   lease: soon
       |   ^
    "#);
}

#[test]
fn a_bare_number_is_pointed_at() {
    insta::assert_snapshot!(error(&format!("{MINIMAL}maintenance:\n  drain: 10\n")), @r#"
    backstay.yml:9:3: "10" is not a length of time: write a whole number with ms, s, m, h or d, such as 90s
       |
     9 |   drain: 10
       |   ^
    "#);
    insta::assert_snapshot!(error(&format!("{MINIMAL}env:\n  LIMIT: 80\n  PORT: 8080\n")), @r#"
    backstay.yml:9:10: invalid type: integer `80`, expected a string
       |
     9 |   LIMIT: 80
       |          ^
      write it in quotes: "80"
    "#);
}

#[test]
fn an_engine_by_another_name_is_told_ours() {
    let text = format!("{MINIMAL}databases:\n  main:\n    keep_copies: 2\n    engine: postgresql\n");
    insta::assert_snapshot!(error(&text), @"
    backstay.yml:11:13: databases.main: expected auto, mysql, postgres, sqlite, none, or {command: {backup: …, restore: …}}
        |
     11 |     engine: postgresql
        |             ^
      here it is called `postgres`
    ");
}

#[test]
fn missing_host_keys_are_told_how_to_be_had() {
    let text = MINIMAL.replace("    known_hosts: ./known_hosts", "    port: 2222");
    insta::assert_snapshot!(error(&text), @"
    backstay.yml:4:3: `known_hosts` is missing: host keys are checked strictly
       |
     4 |   staging:
       |   ^
      name a file, or give the lines that `ssh-keyscan -p 2222 staging.example.com` prints, once compared with what the server itself says: `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`
    ");
}

#[test]
fn an_unset_variable_is_pointed_at() {
    insta::assert_snapshot!(error(&MINIMAL.replace("/var/www/shop", "\"${ROOT}/shop\"")), @r#"
    backstay.yml:7:5: the variable ROOT is not set
       |
     7 |     path: "${ROOT}/shop"
       |     ^
      set it where Backstay runs, or write ${NAME:-default}; $${ is a literal ${
    "#);
}

#[test]
fn a_missing_environment_is_named_with_those_there_are() {
    let variable = |_: &str| None;
    let source = Source { name: "backstay.yml", text: MINIMAL, folder: Path::new(".") };
    let error = load(source, Some("stagign"), &variable).expect_err("must not load");
    insta::assert_snapshot!(error, @"
    backstay.yml:3:1: there is no environment `stagign`
       |
     3 | environments:
       | ^
      did you mean `staging`? (configured: staging)
    ");
}

#[test]
fn a_hook_beside_no_step_is_pointed_at() {
    insta::assert_snapshot!(error(&format!("{MINIMAL}hooks:\n  before-migrat: [x]\n")), @"
    backstay.yml:9:3: there is no hook `before-migrat`
       |
     9 |   before-migrat: [x]
       |   ^
      did you mean `before-migrate`?
    ");
}

#[test]
fn what_would_never_run_is_pointed_at() {
    insta::assert_snapshot!(error(&format!("{MINIMAL}release: {{ strategy: none }}\nhooks:\n  after-switch: [x]\n")), @"
    backstay.yml:10:3: release.strategy is none, so there is no step switch: this hook would never run
        |
     10 |   after-switch: [x]
        |   ^
      leave it out; or reset it for this environment alone, by null under `override`
    ");
    for (text, said) in [
        ("hooks:\n  after-commit:\n    - do: x\n      undo: y\n", "11:7: `undo` of after-commit would never run"),
        ("hooks:\n  before-tidy: [ { do: x, undo: y } ]\n", "9:27: `undo` of before-tidy would never run"),
        ("release: { strategy: none, reload: [x] }\n", "8:28: `reload` would never run"),
    ] {
        let error = error(&format!("{MINIMAL}{text}"));
        assert!(error.starts_with(&format!("backstay.yml:{said}")), "{error}");
    }
}

#[test]
fn a_key_that_would_do_nothing_is_pointed_at() {
    insta::assert_snapshot!(error(&format!("{MINIMAL}databases:\n  main:\n    engine: sqlite\n    admin: ~/x.cnf\n")), @"
    backstay.yml:11:5: `admin` has no use here: SQLite is a file that is copied whole
        |
     11 |     admin: ~/x.cnf
        |     ^
      leave it out; or reset it for this environment alone, by null under `override`
    ");
    let custom = "preset: custom\ndatabases: { main: ";
    let own = "{ command: { backup: x, restore: y } }";
    for (text, key) in [
        ("databases: { main: { database: shop } }".to_owned(), "database"),
        ("databases: { main: { engine: none, protect: shadow } }".to_owned(), "protect"),
        ("databases: { main: { engine: sqlite, protect: dump } }".to_owned(), "protect"),
        (format!("databases: {{ main: {{ engine: {own}, admin: x }} }}"), "admin"),
        (format!("databases: {{ main: {{ engine: {own}, keep_copies: 3 }} }}"), "keep_copies"),
        ("databases: { main: { engine: postgres, copy: { pause: 1 } } }".to_owned(), "copy"),
        (format!("{custom}{{ engine: sqlite, database: x, credentials: y }} }}"), "credentials"),
        (format!("{custom}{{ engine: sqlite, database: x, connection: y }} }}"), "connection"),
        ("maintenance: { on: x, off: y }".to_owned(), "on"),
        ("maintenance: { check: x }".to_owned(), "check"),
        ("workers: [ { kind: queue, name: x } ]".to_owned(), "name"),
        ("workers: [ { kind: command, stop: x, start: y, config: z } ]".to_owned(), "config"),
    ] {
        let error = error(&format!("{MINIMAL}{text}\n"));
        let column = text.lines().last().unwrap_or_default().find(&format!("{key}:")).expect("it is there") + 1;
        assert!(error.contains(&format!(":{column}: `{key}` has no use")), "{error}");
    }
    assert!(
        error(&format!("{MINIMAL}preset: custom\nmaintenance: {{ when: never, check: x }}\n"))
            .contains("`on` and `off`")
    );
    // with a server each of them counts
    let all = "databases: { main: { connection: shop, protect: shadow, admin: x, copy: { sessions: 2, pause: 0.5 }, keep_copies: 2, keep_failed: 1d } }";
    assert!(read(&format!("{MINIMAL}{all}\n")).is_ok());
}

#[test]
fn none_is_no_number_of_releases_or_tries() {
    for (text, said) in [
        ("release: { keep: 0 }", "8:12: no release cannot be kept"),
        ("smoke: { checks: [ { command: x, attempts: 0 } ] }", "8:34: a check cannot be tried 0 times"),
        ("databases: { main: { copy: { sessions: 0 } } }", "8:30: a copy cannot be made in 0 sessions"),
        ("databases: { main: { copy: { pause: -1 } } }", "8:30: \"-1\" is no such number"),
    ] {
        let error = error(&format!("{MINIMAL}{text}\n"));
        assert!(error.starts_with(&format!("backstay.yml:{said}")), "{error}");
    }
}

#[test]
fn a_port_may_come_from_a_variable() {
    let port = |port: &str| read(&format!("{MINIMAL}    port: {port}\n"));
    let Transport::Ssh(ssh) = port("\"${PORT:-2222}\"").expect("loads").environment.transport else { panic!("ssh") };
    assert_eq!(ssh.port, 2222);
    for wrong in ["0", "65536", "-1", "many"] {
        assert!(port(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_is_wrong_in_a_list_is_pointed_at_in_its_entry() {
    let cases = [
        ("workers:\n  - kind: queue\n    grace: 60s\n  # slow\n  - kind: queue\n    grace: soon\n", "13:5"),
        ("workers: [ { kind: queue, grace: 60s }, { kind: queue, grace: soon } ]\n", "8:56"),
        ("workers:\n- kind: queue\n- kind: supervisor\n  grace: 1s\n", "10:3"),
        ("smoke:\n  checks:\n    - command: x\n      within: 2s\n    - within: quick\n      command: y\n", "12:7"),
        ("smoke: { checks: [ { command: x },\n  { status: 200 } ] }\n", "9:3"),
        ("hooks:\n  after-migrate:\n    - do: x\n      timeout: 1m\n    - { do: y, timeout: ever }\n", "12:16"),
        // a key that is missing there is not taken from the next section
        ("release:\n  keep: 3\npreset: custom\nmaintenance:\n  on: x\n", "11:1"),
    ];
    for (text, place) in cases {
        let error = error(&format!("{MINIMAL}{text}"));
        assert_eq!(error.split(": ").next(), Some(format!("backstay.yml:{place}").as_str()), "{error}");
    }
}

#[test]
fn a_check_that_asks_the_site_needs_its_address() {
    let text = format!("{MINIMAL}smoke:\n  checks:\n    - command: x\n    - http: /\n");
    insta::assert_snapshot!(error(&text), @"
    backstay.yml:11:7: this check asks the site, and environment `staging` has no `url`
        |
     11 |     - http: /
        |       ^
      write the address that users have there, or give that environment checks of its own under `override`
    ");
    for check in ["revision: { http: /version }", "tls: { days: 14 }", "http: \"https://elsewhere.example.com/\""] {
        let error = error(&format!("{MINIMAL}smoke: {{ checks: [ {{ {check} }} ] }}\n"));
        assert!(error.contains("has no `url`"), "{error}");
        assert!(read(&format!("{MINIMAL}    url: http://x\nsmoke: {{ checks: [ {{ {check} }} ] }}\n")).is_ok());
    }
}

#[test]
fn a_duplicate_key_and_bad_syntax_are_errors() {
    assert!(error(&format!("{MINIMAL}app: again\n")).contains("duplicate"));
    assert!(error("version: 1\napp: [\n").contains("backstay.yml:"));
    assert!(error(&MINIMAL.replace("    known_hosts: ./known_hosts\n", "")).contains("`known_hosts` is missing"));
}

const EXAMPLE: &str = include_str!("../../examples/backstay.yml");

fn of_the_example(text: &str) -> Result<Config, ConfigError> {
    let source = Source { name: "backstay.yml", text, folder: Path::new("/repo") };
    load(source, Some("staging"), &|_| Some("x".to_owned()))
}

#[test]
fn the_example_loads() {
    assert!(of_the_example(EXAMPLE).is_ok(), "{:?}", of_the_example(EXAMPLE));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(?s).{0,200}") {
        let _ = read(&text);
        let _ = read(&format!("{MINIMAL}{text}"));
    }

    #[test]
    fn no_change_to_the_example_makes_it_panic(
        at in 0..EXAMPLE.len(), length in 0..60_usize, text in "(?s).{0,6}|[:\\[\\]{}&*!|>'\"#,\\- \n\t]{0,6}",
    ) {
        let ends = [at, at.saturating_add(length).min(EXAMPLE.len())].map(|at| EXAMPLE.floor_char_boundary(at));
        let changed = format!("{}{text}{}", &EXAMPLE[..ends[0]], &EXAMPLE[ends[1]..]);
        let _ = of_the_example(&changed);
    }
}
