//! PostgreSQL servers of this run of tests, and what a database on one holds, read without Backstay.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, OnceLock},
};

use super::{
    eventually,
    mariadb::Guarded,
    servers::{USER, free_ports, hold, run, servers, sweep, text},
};

/// What every server begins with: what makes `flush` matter, and what the refusals need. Nothing may change statistics by itself.
const SETTINGS: [&str; 9] = [
    "listen_addresses=127.0.0.1",
    "fsync=on",
    "synchronous_commit=off",
    "wal_writer_delay=10s",
    "wal_level=logical",
    "max_prepared_transactions=10",
    "max_connections=200",
    "shared_buffers=64MB",
    "autovacuum=off",
];

/// A server. It runs as the user `postgres`; its superuser of that name is let in by the socket alone.
pub struct PostgreSql {
    folder: PathBuf,
    port: u16,
    settings: Vec<&'static str>,
    holder: Mutex<Child>,
}

/// What every role's password begins with.
pub const PASSWORD: &str = "Pg7wQ";

/// The one that most tests share, started when first asked.
pub fn postgres() -> &'static PostgreSql {
    static SERVER: OnceLock<PostgreSql> = OnceLock::new();
    SERVER.get_or_init(|| PostgreSql::start("postgres"))
}

/// A database with a role of its own, who owns it and may make databases.
pub struct Database {
    pub name: String,
    role: String,
    password: String,
    server: &'static PostgreSql,
}

impl PostgreSql {
    /// A server for tests, in a folder of that name.
    pub fn start(name: &str) -> Self {
        Self::start_below(in_memory(), name)
    }

    /// The same on a disk of one's own.
    pub fn start_below(folder: &Path, name: &str) -> Self {
        Self::start_in(folder.join(name), SETTINGS.to_vec())
    }

    /// A server in that folder.
    pub fn start_in(folder: PathBuf, settings: Vec<&'static str>) -> Self {
        run(Command::new("install").args(["-d", "-o", "postgres", "-m", "0755"]).arg(&folder));
        run(Command::new("setpriv").args(AS_POSTGRES).arg(program("initdb")).arg("-D").arg(folder.join("data")).args(
            [
                "--auth-local=trust",
                "--auth-host=scram-sha-256",
                "--username=postgres",
                "--locale=C.UTF-8",
                "--encoding=UTF8",
            ],
        ));
        let port = free_ports(1)[0];
        let server = Self { holder: Mutex::new(launch(&folder, port, &settings)), folder, port, settings };
        server.await_ready();
        server
    }

    fn await_ready(&self) {
        eventually("PostgreSQL answers", || self.try_query("postgres", "SELECT 1").is_ok());
    }

    /// Where its process is named.
    pub fn pid_file(&self) -> PathBuf {
        self.folder.join("data/postmaster.pid")
    }

    /// Starts it again once it was ended.
    pub fn start_again(&self) {
        let mut holder = self.holder.lock().expect("no panic while held");
        end(&mut holder);
        *holder = launch(&self.folder, self.port, &self.settings);
        drop(holder);
        self.await_ready();
    }

    /// A new database with a role of the same name.
    pub fn take_database(&'static self, name: &str) -> Database {
        self.take_database_of(name, name)
    }

    /// A new database with its role.
    pub fn take_database_of(&'static self, name: &str, role: &str) -> Database {
        let password = format!("{PASSWORD}:'\"\\#% ");
        self.query(
            "postgres",
            &format!("CREATE ROLE {role} LOGIN CREATEDB PASSWORD '{}'", password.replace('\'', "''")),
        );
        self.query("postgres", &format!("CREATE DATABASE {} OWNER {role} STRATEGY wal_log", quoted(name)));
        Database { name: name.to_owned(), role: role.to_owned(), password, server: self }
    }

    /// Statements as the superuser; rows as lines, columns divided by `|`.
    #[track_caller]
    pub fn query(&self, database: &str, sql: &str) -> String {
        self.try_query(database, sql).unwrap_or_else(|error| panic!("{error}"))
    }

    fn try_query(&self, database: &str, sql: &str) -> Result<String, String> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), sql).expect("ours");
        let output =
            self.client("postgres", database).arg("-f").arg(file.path()).output().map_err(|error| error.to_string())?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// A statement as that role, left running; it ends with the test's handle.
    pub fn start_as(&self, role: &str, database: &str, sql: &str) -> Guarded {
        let mut command = self.client(role, database);
        command.args(["-c", sql]).stdout(Stdio::null()).stderr(Stdio::null());
        Guarded::new(command.spawn().expect("psql is installed"))
    }

    /// What leads PostgreSQL's programs there, as the superuser.
    pub fn environment(&self) -> [(&'static str, String); 3] {
        [("PGHOST", text(&self.folder)), ("PGPORT", self.port.to_string()), ("PGUSER", "postgres".to_owned())]
    }

    fn client(&self, role: &str, database: &str) -> Command {
        let mut command = Command::new(program("psql"));
        command.args(["-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1", "-U", role, "-d", database]);
        command.envs(self.environment()).stdin(Stdio::null());
        command
    }
}

impl Database {
    /// The lines of `.env` that lead there.
    pub fn env(&self) -> String {
        let password = self.password.replace('\\', "\\\\").replace('"', "\\\"");
        format!(
            "DB_CONNECTION=pgsql\nDB_HOST=127.0.0.1\nDB_PORT={}\nDB_DATABASE={1}\nDB_USERNAME={1}\nDB_PASSWORD=\"{password}\"\n",
            self.server.port, self.name
        )
    }

    /// A service file that leads there as the app's role, by the socket.
    pub fn service(&self) -> String {
        format!("[backstay]\nhost={}\nport={}\nuser={}\n", text(&self.server.folder), self.server.port, self.role)
    }

    /// The same as [`Self::env`], by the socket and an address, where nobody is asked for a password.
    pub fn env_by_url(&self) -> String {
        let folder = text(&self.server.folder).replace('/', "%2F");
        format!(
            "DB_CONNECTION=pgsql\nDATABASE_URL=\"pgsql://{0}@{folder}:{1}/{0}?sslmode=prefer\"\n",
            self.name, self.server.port
        )
    }

    /// Its server.
    pub fn server(&self) -> &'static PostgreSql {
        self.server
    }

    /// Statements as the superuser, in the database.
    #[track_caller]
    pub fn query(&self, sql: &str) -> String {
        self.server.query(&self.name, sql)
    }

    /// Statements as the app's role, in the database.
    #[track_caller]
    pub fn query_as_app(&self, sql: &str) -> String {
        self.query(&format!("SET SESSION AUTHORIZATION {};\n{sql}", self.role))
    }

    /// A statement as that role, left running; it ends with the test's handle.
    pub fn start_as(&self, role: &str, sql: &str) -> Guarded {
        self.server.start_as(role, &self.name, sql)
    }

    /// How many sessions that role has in the database.
    pub fn sessions_of(&self, role: &str) -> usize {
        let sql = format!(
            "SELECT pid FROM pg_stat_activity WHERE datname = '{}' AND usename = '{role}' AND query <> ''",
            self.name
        );
        self.server.query("postgres", &sql).lines().count()
    }

    /// A service file with a superuser's account, for the deploy user alone; its path.
    pub fn admin_file(&self, folder: &Path) -> String {
        let admin = format!("admin_{}", self.name);
        self.query(&format!("CREATE ROLE {admin} LOGIN SUPERUSER PASSWORD 'root''s'"));
        let file = folder.join("admin.conf");
        fs::write(&file, format!("[backstay]\nuser={admin}\npassword=root's\n")).expect("ours");
        run(Command::new("chown").arg(USER).arg(&file));
        run(Command::new("chmod").arg("600").arg(&file));
        text(&file)
    }

    /// Databases whose name begins with this one's and `__`.
    pub fn beside(&self) -> Vec<String> {
        let name = self.name.replace('\'', "''");
        let sql = format!("SELECT datname FROM pg_database WHERE starts_with(datname, '{name}__') ORDER BY 1");
        self.server.query("postgres", &sql).lines().map(str::to_owned).collect()
    }

    /// All of it as statements, by a superuser.
    pub fn dump(&self) -> String {
        run(Command::new(program("pg_dump")).envs(self.server.environment()).arg("-d").arg(&self.name))
    }

    /// Every definition, every catalog's rows and every row.
    #[track_caller]
    pub fn everything(&self) -> String {
        self.query(include_str!("postgres.sql"))
    }
}

fn launch(folder: &Path, port: u16, settings: &[&str]) -> Child {
    // an immediate end: nobody waits for sessions that tests have left
    let ended_at_once = "\"$@\" & server=$!; trap 'kill -QUIT $server' TERM; wait $server; wait $server";
    let (program, data, socket, port) =
        (program("postgres"), text(&folder.join("data")), text(folder), port.to_string());
    let mut words = vec!["setpriv"];
    words.extend(AS_POSTGRES);
    words.extend(["sh", "-c", ended_at_once, "postgres", &program, "-D", &data, "-k", &socket, "-p", &port]);
    words.extend(settings.iter().flat_map(|setting| ["-c", setting]));
    hold(&words, &folder.join("log"))
}

fn end(holder: &mut Child) {
    drop(holder.stdin.take());
    let _ = holder.wait();
}

/// A server that copies databases syncs a thousand files each time, and tests share a disk: in memory that costs nothing, where
/// there is room.
fn in_memory() -> &'static Path {
    static FOLDER: OnceLock<(PathBuf, Option<Child>)> = OnceLock::new();
    let (folder, _) = FOLDER.get_or_init(|| {
        let shm = Path::new("/dev/shm");
        let free =
            Command::new("df").args(["-Pk", "/dev/shm"]).output().map(|output| output.stdout).unwrap_or_default();
        let free =
            String::from_utf8_lossy(&free).lines().nth(1).and_then(|line| line.split_whitespace().nth(3)?.parse().ok());
        if free.is_none_or(|kb: u64| kb < 4_000_000) {
            return (servers().folder.clone(), None);
        }
        let folder = tempfile::Builder::new().prefix("backstay-test-").tempdir_in(shm).expect("a folder").keep();
        run(Command::new("chmod").arg("755").arg(&folder));
        let sweeper = sweep(&folder);
        (folder, Some(sweeper))
    });
    folder
}

const AS_POSTGRES: [&str; 5] = ["--reuid", "postgres", "--regid", "postgres", "--init-groups"];

/// A name as statements have it.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The newest version's own programs are not in PATH on Debian.
pub fn program(name: &str) -> String {
    let folders = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        folders.map(|entry| entry.path().join("bin").join(name)).filter(|path| path.exists()).collect();
    found.sort();
    let found = found.pop().expect("missing: PostgreSQL. `./dev setup` installs what the tests need");
    text(&found)
}
