//! One app on the target: its path, its configuration, its data, its processes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU16, AtomicU32, Ordering},
    },
    time::Duration,
};

use super::{
    command::{Finished, Running, backstay},
    disk::Disk,
    eventually, files,
    mariadb::{MariaDb, Schema, mariadb},
    postgres::{Database, PostgreSql, postgres},
    proxy::Proxy,
    servers::{USER, run, servers, text},
    watch::{Watch, get, head},
};

/// One app on the target.
pub struct Site {
    pub port: u16,
    /// On the runner: configuration and artifacts.
    pub runner: PathBuf,
    /// On the target.
    pub path: PathBuf,
    /// Where hooks leave marks and wait.
    pub marks: PathBuf,
    /// Where it keeps its data on the MariaDB.
    pub schema: Option<Schema>,
    /// Where it keeps its data on a PostgreSQL; where there is neither, SQLite.
    pub database: Option<Database>,
    /// The way to sshd.
    ssh_port: AtomicU16,
    number: AtomicU32,
}

/// A first release that was deployed once in a run of tests. Most tests begin with a copy of what it left.
struct First {
    site: Site,
    /// Its schema as statements.
    dump: String,
}

impl First {
    fn of(site: Site) -> Self {
        site.deploy("1111111", &[]).is(0);
        // it clears up behind its last record
        site.await_no_executor();
        let dump = site.schema.as_ref().map(Schema::dump).unwrap_or_default();
        Self { site, dump }
    }
}

impl Site {
    /// A path where nothing was deployed yet, but with what a person puts there: `.env` and the database's file.
    pub fn new() -> Self {
        Self::empty().keep_data_in_file()
    }

    fn keep_data_in_file(self) -> Self {
        let app = self.path.join("shared/storage/app");
        as_user(&format!(
            "mkdir -p '{0}' && touch '{0}/shop.sqlite' && chmod -R g+w '{1}/shared'",
            text(&app),
            text(&self.path)
        ));
        self.write_env();
        self
    }

    /// With the first release of the app live.
    pub fn with_first() -> Self {
        static FIRST: OnceLock<First> = OnceLock::new();
        Self::new().copy_of(FIRST.get_or_init(|| First::of(Self::new())))
    }

    /// With the first release of the app live, on MariaDB.
    pub fn with_mariadb() -> Self {
        static FIRST: OnceLock<First> = OnceLock::new();
        Self::new_on_mariadb().copy_of(FIRST.get_or_init(|| First::of(Self::new_on_mariadb())))
    }

    /// What that deploy left, in this site's place.
    fn copy_of(self, first: &First) -> Self {
        let (from, to) = (&first.site.path, &self.path);
        let script = "cp -a \"$1/.backstay\" \"$1/releases\" \"$1/current\" \"$2/\"; cp -a \"$1/shared/storage/.\" \"$2/shared/storage/\"
            sed -i \"s/$3/$4/\" \"$2\"/.backstay/runs/*/state/db-main/target";
        let ports = [first.site.port, self.port].map(|port| port.to_string());
        run(Command::new("sh").args(["-euc", script, "sh"]).args([from, to]).args(ports));
        if let Some(schema) = &self.schema {
            schema.load(&first.dump);
        }
        self
    }

    /// The same on a server of the test's own.
    pub fn on(server: &'static MariaDb) -> Self {
        let site = Self::new_on(server);
        site.deploy("1111111", &[]).is(0);
        site
    }

    /// A path where nothing was deployed yet, with a `.env` that leads to an empty schema on MariaDB.
    pub fn new_on_mariadb() -> Self {
        Self::new_on(mariadb())
    }

    /// With the first release of the app live, its path on a disk of its own.
    pub fn on_disk(size_mb: u32) -> (Self, Disk) {
        let site = Self::empty();
        let disk = Disk::over(&site.path, size_mb);
        let site = site.keep_data_on(mariadb());
        site.deploy("1111111", &[]).is(0);
        (site, disk)
    }

    /// The same on SQLite, the file of which is on that disk too.
    pub fn on_disk_with_file(size_mb: u32) -> (Self, Disk) {
        let site = Self::empty();
        let disk = Disk::over(&site.path, size_mb);
        let site = site.keep_data_in_file();
        site.deploy("1111111", &[]).is(0);
        (site, disk)
    }

    fn new_on(server: &'static MariaDb) -> Self {
        Self::empty().keep_data_on(server)
    }

    fn keep_data_on(self, server: &'static MariaDb) -> Self {
        let mut site = self;
        let schema = server.take_schema(&format!("shop_{}", site.port));
        site.write_env();
        site.add_env(&schema.env());
        site.schema = Some(schema);
        site
    }

    /// With the first release of the app live, on PostgreSQL.
    pub fn with_postgres() -> Self {
        let site = Self::new_on_postgres(postgres());
        site.deploy("1111111", &[]).is(0);
        site
    }

    /// A path where nothing was deployed yet, with a `.env` that leads to an empty database on that PostgreSQL.
    pub fn new_on_postgres(server: &'static PostgreSql) -> Self {
        let mut site = Self::empty();
        let database = server.take_database(&format!("shop_{}", site.port));
        site.write_env();
        site.add_env(&database.env());
        site.database = Some(database);
        site
    }

    /// Its database on the PostgreSQL.
    #[track_caller]
    pub fn database(&self) -> &Database {
        self.database.as_ref().expect("this site is on PostgreSQL")
    }

    /// Its schema on the MariaDB.
    #[track_caller]
    pub fn schema(&self) -> &Schema {
        self.schema.as_ref().expect("this site is on MariaDB")
    }

    /// A path with nothing in it at all.
    pub fn empty() -> Self {
        let servers = servers();
        let port = servers.take_site();
        let path = servers.folder.join(port.to_string());
        let (runner, marks) =
            (servers.folder.join(format!("runner-{port}")), servers.folder.join(format!("marks-{port}")));
        fs::create_dir(&runner).expect("ours");
        for folder in [&path, &marks] {
            // the web server is of the group: it writes sessions, logs and the database
            run(Command::new("install").args(["-d", "-o", USER, "-g", "www-data", "-m", "2775"]).arg(folder));
        }
        let site = Self {
            port,
            runner,
            path,
            marks,
            schema: None,
            database: None,
            ssh_port: AtomicU16::new(servers.ssh_port),
            number: AtomicU32::new(0),
        };
        site.configure("");
        site
    }

    /// The `.env` that a person writes.
    pub fn write_env(&self) {
        let key = "APP_KEY=base64:q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=";
        as_user(&format!("mkdir -p '{0}/shared' && echo '{key}' >'{0}/shared/.env'", text(&self.path)));
    }

    /// More of it, and the folders that such an app has.
    pub fn add_env(&self, lines: &str) {
        let file = self.path.join("shared/.env");
        let before = fs::read_to_string(&file).expect("ours");
        fs::write(&file, before + lines).expect("ours");
        as_user(&format!("mkdir -p '{}/shared/storage/app'", text(&self.path)));
    }

    /// Writes `backstay.yml`; `more` is added at its top level and beats what is there.
    pub fn configure(&self, more: &str) {
        let base = [
            ("release:", "release: { shared: [storage, .env] }"),
            ("maintenance:", "maintenance: { drain: 0s }"),
            ("runner:", "runner: { lease: 15s }"),
            (
                "smoke:",
                "smoke:\n  checks:\n    - { http: /api/v1/health, json: { status: healthy, checks.database: ok } }\n    - revision: { http: /version, json: revision }",
            ),
        ];
        let kept: Vec<&str> = base.iter().filter(|(key, _)| !more.contains(key)).map(|(_, text)| *text).collect();
        let (servers, ssh_port) = (servers(), self.ssh_port.load(Ordering::Relaxed));
        let environment = format!(
            "environments:\n  test:\n    production: false\n    host: {USER}@127.0.0.1\n    port: {}\n    identity_file: {}\n    \
             known_hosts: \"{}\"\n    path: {}\n    url: http://127.0.0.1:{}\n",
            ssh_port,
            text(&servers.identity()),
            servers.known_hosts_at(ssh_port),
            text(&self.path),
            self.port
        );
        let config = format!("version: 1\napp: shop\npreset: laravel\n{}\n{more}\n{environment}", kept.join("\n"));
        fs::write(self.runner.join("backstay.yml"), config).expect("ours");
    }

    /// A proxy that every command goes through from the next [`Site::configure`] on.
    pub fn through_proxy(&self) -> Proxy {
        let proxy = Proxy::start(servers().ssh_port, Duration::ZERO);
        self.reach_by(proxy.port);
        proxy
    }

    /// The port that every command uses from the next [`Site::configure`] on.
    pub fn reach_by(&self, ssh_port: u16) {
        self.ssh_port.store(ssh_port, Ordering::Relaxed);
    }

    /// Changes the configuration's text.
    pub fn edit_config(&self, from: &str, to: &str) {
        let file = self.runner.join("backstay.yml");
        let config = fs::read_to_string(&file).expect("ours");
        assert!(config.contains(from), "{from} is not in {config}");
        fs::write(file, config.replace(from, to)).expect("ours");
    }

    /// A hook that leaves a mark and waits to be let on, once.
    pub fn pause(&self, hook: &str) -> String {
        let mark = text(&self.marks.join(hook));
        let command = format!(
            "[ ! -e {mark} ] || exit 0; touch {mark}; n=0; until [ -e {mark}.go ] || [ $n -gt 1200 ]; do sleep 0.05; n=$((n+1)); done"
        );
        format!("hooks:\n  {hook}: [ \"{command}\" ]\n")
    }

    /// Waits until the hook has left its mark.
    #[track_caller]
    pub fn await_pause(&self, hook: &str) {
        eventually(&format!("the hook {hook} runs"), || self.marks.join(hook).exists());
    }

    /// Lets it go on.
    pub fn go_on(&self, hook: &str) {
        fs::write(self.marks.join(format!("{hook}.go")), "").expect("ours");
    }

    /// The hook waits again in the next run.
    pub fn forget_pause(&self, hook: &str) {
        for mark in [hook.to_owned(), format!("{hook}.go")] {
            let _ = fs::remove_file(self.marks.join(mark));
        }
    }

    /// The app with that revision.
    pub fn deploy(&self, revision: &str, args: &[&str]) -> Finished {
        self.deploy_of(&[], revision, args)
    }

    /// The app with variants laid over it.
    pub fn deploy_of(&self, variants: &[&str], revision: &str, args: &[&str]) -> Finished {
        Finished::of(&self.deploy_command(variants, revision, args).output().expect("the binary is built"))
    }

    /// The same, left running.
    pub fn start_deploy(&self, variants: &[&str], revision: &str, args: &[&str]) -> Running {
        Running::start(self.deploy_command(variants, revision, args))
    }

    fn deploy_command(&self, variants: &[&str], revision: &str, args: &[&str]) -> Command {
        let name = format!("artifact-{}", self.number.fetch_add(1, Ordering::Relaxed));
        let artifact = text(&files::artifact(&self.runner, &name, variants, revision));
        let all = [&["deploy", "--json", "--artifact", &artifact, "--revision", revision], args].concat();
        backstay(&self.runner, &all)
    }

    /// Any command.
    pub fn backstay(&self, args: &[&str]) -> Finished {
        Finished::of(&backstay(&self.runner, args).output().expect("the binary is built"))
    }

    /// Any command, left running.
    pub fn start(&self, args: &[&str]) -> Running {
        Running::start(backstay(&self.runner, args))
    }

    /// An artifact of the app.
    pub fn artifact(&self, variants: &[&str], revision: &str) -> PathBuf {
        let name = format!("artifact-{}", self.number.fetch_add(1, Ordering::Relaxed));
        files::artifact(&self.runner, &name, variants, revision)
    }

    /// Status and body that a user gets.
    pub fn get(&self, path: &str) -> (u16, String) {
        get(self.port, path)
    }

    /// Status and headers that a user gets.
    pub fn head(&self, path: &str) -> (u16, String) {
        head(self.port, path)
    }

    /// Asks the site from now on.
    pub fn watch(&self) -> Watch {
        Watch::start(self.port)
    }

    /// Every definition and row of the database, read without Backstay.
    pub fn data(&self) -> String {
        if let Some(schema) = &self.schema {
            return schema.everything();
        }
        if let Some(database) = &self.database {
            return database.everything();
        }
        let file = self.path.join("shared/storage/app/shop.sqlite");
        run(Command::new("sqlite3").arg(file).args(["-cmd", ".timeout 5000"]).args([
            ".dump",
            "PRAGMA user_version",
            "SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2",
        ]))
    }

    /// Schemas or databases that stand beside its own on the server.
    pub fn beside(&self) -> Vec<String> {
        let (schema, database) = (self.schema.as_ref(), self.database.as_ref());
        schema.map(Schema::beside).or(database.map(Database::beside)).unwrap_or_default()
    }

    /// The live revision, by the files.
    pub fn live_revision(&self) -> Option<String> {
        fs::read_to_string(self.path.join("current/REVISION")).ok().map(|text| text.trim().to_owned())
    }

    /// Names in a folder of the path, sorted.
    pub fn list(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path.join(folder)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The journals of all runs, oldest first.
    pub fn journals(&self) -> Vec<String> {
        let journal = |run: &String| {
            fs::read_to_string(self.path.join(".backstay/runs").join(run).join("journal")).unwrap_or_default()
        };
        self.list(".backstay/runs").iter().map(journal).collect()
    }

    /// Waits until the newest run has its last record.
    #[track_caller]
    pub fn await_end(&self) {
        eventually("the newest run has ended", || {
            self.journals().last().is_some_and(|journal| journal.contains(" ended "))
        });
    }

    /// The last record is written before the executor's processes have ended.
    #[track_caller]
    pub fn await_no_executor(&self) {
        eventually("no executor is left", || self.executors().is_empty());
    }

    /// Ends the executor of this site as a crash does, and only it. What it had forked for a moment may be gone already.
    #[track_caller]
    pub fn kill_executor(&self) {
        let pids = self.executors();
        assert!(!pids.is_empty(), "no executor runs");
        let _ = Command::new("kill").arg("-KILL").args(&pids).stderr(Stdio::null()).status();
        eventually("the executor is dead", || pids.iter().all(|pid| !Path::new(&format!("/proc/{pid}/exe")).exists()));
    }

    /// Ends what is left of the executor; something else may have ended it.
    #[track_caller]
    pub fn end_executor(&self) {
        eventually("the executor is dead", || {
            let pids = self.executors();
            if !pids.is_empty() {
                let _ = Command::new("kill").arg("-KILL").args(&pids).stderr(Stdio::null()).status();
            }
            pids.is_empty()
        });
    }

    /// Ends runner and executor as crashes do, the runner first.
    #[track_caller]
    pub fn kill_both(&self, run: Running) {
        run.signal("-KILL");
        self.kill_executor();
        run.wait();
    }

    /// Executors of this site that run, without the children that carry scripts.
    pub fn executors(&self) -> Vec<String> {
        let ours = text(&self.path);
        let is_executor = |words: &[String]| {
            words.iter().any(|word| word.starts_with(&ours) && word.ends_with("/executor"))
                && words.iter().any(|word| matches!(word.as_str(), "run" | "recover" | "retry" | "accept"))
        };
        let all = processes().into_iter().filter(|(_, words)| is_executor(words));
        all.map(|(pid, _)| pid).collect()
    }

    /// Every process that works on this site: its words name the path, or it stands in it.
    pub fn processes(&self) -> Vec<String> {
        let stands_here =
            |pid: &str| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(&self.path));
        let ours = text(&self.path);
        let is_ours = |pid: &str, words: &[String]| stands_here(pid) || words.iter().any(|word| word.contains(&ours));
        let all = processes().into_iter().filter(|(pid, words)| is_ours(pid, words));
        all.map(|(pid, words)| format!("{pid}: {}", words.join(" "))).collect()
    }

    /// Whether somebody holds a lock of the site's `.backstay`.
    pub fn is_held(&self, lock: &str) -> bool {
        let file = self.path.join(".backstay").join(lock);
        file.exists() && !Command::new("flock").arg("-n").arg(file).arg("true").status().expect("util-linux").success()
    }

    /// What is left in the deploy user's crontab of this site.
    pub fn crontab(&self) -> String {
        self.crontab_lines().concat()
    }

    /// The same, line by line.
    pub fn crontab_lines(&self) -> Vec<String> {
        let output = Command::new("crontab").args(["-l", "-u", USER]).output().expect("cron is installed");
        let ours = format!("{}/", text(&self.path));
        let table = String::from_utf8_lossy(&output.stdout).into_owned();
        table.lines().filter(|line| line.contains(&ours)).map(str::to_owned).collect()
    }
}

/// Every process that has words, with them.
pub fn processes() -> Vec<(String, Vec<String>)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    pids.filter(|pid| pid.bytes().all(|byte| byte.is_ascii_digit()))
        .filter_map(|pid| {
            let words = fs::read(format!("/proc/{pid}/cmdline")).ok().filter(|words| !words.is_empty())?;
            let words = words.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
            Some((pid, words))
        })
        .collect()
}

/// Runs a line as the deploy user.
#[track_caller]
pub fn as_user(line: &str) -> String {
    run(Command::new("setpriv")
        .args(["--reuid", USER, "--regid", "www-data", "--init-groups", "sh", "-c"])
        .arg(format!("umask 002; {line}"))
        .current_dir(Path::new("/")))
}

/// The same with the user's own home and group, as a login has them.
#[track_caller]
pub fn as_user_at_home(line: &str) -> String {
    run(Command::new("setpriv")
        .args(["--reuid", USER, "--regid", USER, "--init-groups", "--reset-env", "sh", "-c", line])
        .current_dir(Path::new("/")))
}
