//! A MariaDB server of this run of tests, and what a schema on it holds, read without Backstay.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, OnceLock},
};

use super::{
    disk::Disk,
    eventually,
    servers::{Held, free_ports, hold_server, run, servers, text},
};

/// A server.
pub struct MariaDb {
    folder: PathBuf,
    port: u16,
    held: Mutex<Option<Held>>,
}

/// The one that most tests share; it starts when first asked.
pub fn mariadb() -> &'static MariaDb {
    static SERVER: OnceLock<MariaDb> = OnceLock::new();
    SERVER.get_or_init(|| MariaDb::start(servers().folder.join("mariadb")))
}

/// A server of one test's own, to be killed; it ends with its guard.
pub struct OwnMariaDb(pub &'static MariaDb);

impl OwnMariaDb {
    /// With its files in a new folder there.
    pub fn start(folder: PathBuf) -> Self {
        Self(Box::leak(Box::new(MariaDb::start(folder))))
    }

    /// The same, its data on a disk of so many megabytes.
    pub fn on_disk(folder: PathBuf, size_mb: u32) -> (Self, Disk) {
        run(Command::new("install").args(["-d", "-o", "mysql", "-m", "0700"]).arg(folder.join("data")));
        let disk = Disk::over(&folder.join("data"), size_mb);
        (Self::start(folder), disk)
    }
}

impl Drop for OwnMariaDb {
    fn drop(&mut self) {
        self.0.kill();
    }
}

/// A schema with an account of its own: all rights on it and on what begins with its name and `__`.
pub struct Schema {
    pub name: String,
    password: String,
    server: &'static MariaDb,
}

/// The files of a server that was never started: made once, copied for each.
fn fresh_data() -> &'static Path {
    static FRESH: OnceLock<PathBuf> = OnceLock::new();
    FRESH.get_or_init(|| {
        let program = "/usr/sbin/mariadbd";
        assert!(Path::new(program).exists(), "missing: {program}. `./dev setup` installs what the tests need");
        let data = servers().folder.join("mariadb-fresh");
        run(Command::new("install").args(["-d", "-o", "mysql", "-m", "0700"]).arg(&data));
        run(Command::new("mariadb-install-db")
            .args(["--no-defaults", "--user=mysql", "--auth-root-authentication-method=normal", "--skip-test-db"])
            .args([
                "--innodb-log-file-size=8M",
                &format!("--datadir={}", text(&data)),
                &format!("--tmpdir={}", text(&data)),
            ]));
        data
    })
}

impl MariaDb {
    fn start(folder: PathBuf) -> Self {
        run(Command::new("install").args(["-d", "-o", "mysql", "-m", "0755"]).arg(&folder));
        // its log stands beside: a full disk of the data is met by a statement, not waited for
        run(Command::new("cp").arg("-aT").arg(fresh_data()).arg(folder.join("data")));
        let server = Self { folder, port: free_ports(1)[0], held: Mutex::default() };
        server.start_again();
        server
    }

    /// Where its process is named.
    pub fn pid_file(&self) -> PathBuf {
        self.folder.join("pid")
    }

    /// After [`MariaDb::kill`], on the same files.
    pub fn start_again(&self) {
        let folder = text(&self.folder);
        let held = hold_server(
            &[
                "/usr/sbin/mariadbd",
                "--no-defaults",
                "--user=mysql",
                &format!("--datadir={folder}/data"),
                // a server that starts sweeps temporary tables out of it, those of others too
                &format!("--tmpdir={folder}"),
                &format!("--socket={folder}/sock"),
                &format!("--pid-file={folder}/pid"),
                &format!("--port={}", self.port),
                "--bind-address=127.0.0.1",
                "--skip-name-resolve",
                "--innodb-log-file-size=8M",
                "--innodb-flush-log-at-trx-commit=2",
                "--max-allowed-packet=64M",
                &format!("--log-bin={folder}/binlog"),
                "--log-bin-trust-function-creators=1",
                "--performance-schema=ON",
                "--performance-schema-max-table-instances=20000",
            ],
            &self.folder.join("log"),
        );
        *self.held.lock().expect("no panic while held") = Some(held);
        eventually("MariaDB answers", || self.answers());
    }

    /// Whether it answers; a full disk may end it.
    pub fn answers(&self) -> bool {
        self.try_query("", "SELECT 1").is_ok()
    }

    /// Ends it as a power failure does, as far as its own memory goes.
    pub fn kill(&self) {
        if let Ok(pid) = fs::read_to_string(self.folder.join("pid")) {
            let _ = Command::new("kill").args(["-KILL", pid.trim()]).status();
        }
        *self.held.lock().expect("no panic while held") = None;
        let _ = fs::remove_file(self.folder.join("pid"));
    }

    /// Repeats from now on what is done on another server, from its first record on.
    pub fn follow(&self, primary: &Self) {
        let at = format!("MASTER_HOST = '127.0.0.1', MASTER_PORT = {}", primary.port);
        primary.query("", "CREATE USER 'replica'@'127.0.0.1'; GRANT REPLICATION SLAVE ON *.* TO 'replica'@'127.0.0.1'");
        self.query(
            "",
            &format!("SET GLOBAL server_id = 2; CHANGE MASTER TO {at}, MASTER_USER = 'replica', MASTER_LOG_FILE = 'binlog.000001', MASTER_LOG_POS = 4; START SLAVE"),
        );
    }

    /// Waits until it has repeated all of it.
    #[track_caller]
    pub fn catch_up(&self, primary: &Self) {
        let done = primary.query("", "SELECT @@gtid_binlog_pos");
        let waited = self.query("", &format!("SELECT MASTER_GTID_WAIT('{}', 60)", done.trim()));
        assert_eq!(waited.trim(), "0", "{}", self.query("", "SHOW SLAVE STATUS"));
    }

    /// A new schema with its account.
    pub fn take_schema(&'static self, name: &str) -> Schema {
        let password = "p w'\"\\#%".to_owned();
        let quoted = password.replace('\\', "\\\\").replace('\'', "''");
        self.query(
            "",
            &format!(
                "CREATE DATABASE `{name}` CHARACTER SET utf8mb4; CREATE USER '{name}'@'127.0.0.1' IDENTIFIED BY '{quoted}';
                 GRANT ALL ON `{escaped}`.* TO '{name}'@'127.0.0.1'; GRANT ALL ON `{escaped}\\_\\_%`.* TO '{name}'@'127.0.0.1';",
                escaped = name.replace('_', "\\_")
            ),
        );
        Schema { name: name.to_owned(), password, server: self }
    }

    /// Whether it works on a statement of that account that holds this text, or on any.
    pub fn works_on(&self, account: &str, text: &str) -> bool {
        !self.statements(account, text).is_empty()
    }

    fn statements(&self, account: &str, text: &str) -> Vec<String> {
        // between two statements of a loop there is none for a moment, and yet somebody is at work
        let which = if text.is_empty() { "COMMAND <> 'Sleep'".to_owned() } else { format!("INFO LIKE '%{text}%'") };
        let is_it = format!("USER = '{account}' AND {which} AND ID <> CONNECTION_ID()");
        let ids = self.query("", &format!("SELECT ID FROM information_schema.PROCESSLIST WHERE {is_it}"));
        ids.lines().map(str::to_owned).collect()
    }

    /// Statements as root; rows as lines, values escaped.
    #[track_caller]
    pub fn query(&self, schema: &str, sql: &str) -> String {
        self.try_query(schema, sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    fn try_query(&self, schema: &str, sql: &str) -> Result<String, String> {
        let mut command = self.client("mariadb");
        command.args(["--batch", "--skip-column-names", "--default-character-set=utf8mb4"]).arg("-e").arg(sql);
        if !schema.is_empty() {
            command.arg(schema);
        }
        let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.args(["--no-defaults", "-uroot"]).arg(format!("--socket={}/sock", text(&self.folder)));
        command
    }
}

impl Schema {
    /// The lines of `.env` that lead there.
    pub fn env(&self) -> String {
        let password = self.password.replace('\\', "\\\\").replace('"', "\\\"");
        format!(
            "DB_CONNECTION=mysql\nDB_HOST=127.0.0.1\nDB_PORT={}\nDB_DATABASE={1}\nDB_USERNAME={1}\nDB_PASSWORD=\"{password}\"\n",
            self.server.port, self.name
        )
    }

    /// An option file with its account.
    pub fn option_file(&self) -> String {
        let password = self.password.replace('\\', "\\\\").replace('"', "\\\"");
        format!(
            "[client]\nhost=127.0.0.1\nprotocol=tcp\nport={}\nuser={}\npassword=\"{password}\"\n",
            self.server.port, self.name
        )
    }

    /// All of it as statements.
    pub fn dump(&self) -> String {
        run(self
            .server
            .client("mariadb-dump")
            .args(["--skip-comments", "--default-character-set=utf8mb4"])
            .arg(&self.name))
    }

    /// What another schema's `dump` has.
    pub fn load(&self, dump: &str) {
        let mut client = self.server.client("mariadb");
        let mut child = client
            .args(["--default-character-set=utf8mb4", &self.name])
            .stdin(Stdio::piped())
            .spawn()
            .expect("mariadb is installed");
        child.stdin.take().expect("piped").write_all(dump.as_bytes()).expect("it reads");
        assert!(child.wait().expect("it ends").success(), "{} could not be filled", self.name);
    }

    /// The schema of this name on another server.
    pub fn on(&self, server: &'static MariaDb) -> Self {
        Self { name: self.name.clone(), password: self.password.clone(), server }
    }

    /// The account as statements name it.
    pub fn account(&self) -> String {
        format!("'{}'@'127.0.0.1'", self.name)
    }

    /// Statements as root in the schema.
    #[track_caller]
    pub fn query(&self, sql: &str) -> String {
        self.server.query(&self.name, sql)
    }

    /// Statements as the app's account, in the schema.
    #[track_caller]
    pub fn query_as_app(&self, sql: &str) -> String {
        run(self.app_client().args(["-e", sql, &self.name]))
    }

    fn app_client(&self) -> Command {
        let mut command = Command::new("mariadb");
        command
            .args(["--no-defaults", "--batch", "--skip-column-names", "--default-character-set=utf8mb4", "-h127.0.0.1"])
            .arg(format!("-P{}", self.server.port))
            .arg(format!("-u{}", self.name))
            .env("MYSQL_PWD", &self.password)
            .stdin(Stdio::null());
        command
    }

    /// The same, left running; it ends with the test's handle.
    pub fn start_as_app(&self, sql: &str) -> Guarded {
        Guarded(
            self.app_client()
                .args(["-e", sql, &self.name])
                .stderr(Stdio::null())
                .spawn()
                .expect("mariadb is installed"),
        )
    }

    /// Statements as root in the schema, left running; their session, and what it has locked, ends with the guard.
    pub fn start_as_root(&self, sql: &str) -> Guarded {
        let mut client = self.server.client("mariadb");
        client.args(["-e", sql, &self.name]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Guarded(client.spawn().expect("mariadb is installed"))
    }

    /// Whether the server works on a statement of the app's account that holds this text.
    pub fn works_on(&self, text: &str) -> bool {
        self.server.works_on(&self.name, text)
    }

    /// Ends such statements by `KILL QUERY` or `KILL CONNECTION`; one may have ended meanwhile.
    pub fn end_statements(&self, kill: &str, text: &str) {
        for id in self.server.statements(&self.name, text) {
            let _ = self.server.try_query("", &format!("{kill} {id}"));
        }
    }

    /// Ends a session of the app's account, at work or not, if there is one in the next half a second; whether there was.
    pub fn end_session(&self) -> bool {
        // they are short: by the time that a second client has begun, one may be gone
        let look = format!(
            "SET @kill = IFNULL(@kill, (SELECT CONCAT('KILL ', ID) FROM information_schema.PROCESSLIST WHERE USER = '{}' ORDER BY RAND() LIMIT 1));
             DO IF(@kill IS NULL, SLEEP(0.02), 0);",
            self.name
        );
        let end = "SET @kill = IFNULL(@kill, 'DO 0'); EXECUTE IMMEDIATE @kill; SELECT @kill LIKE 'KILL%'";
        self.server.try_query("", &format!("{}{end}", look.repeat(25))).is_ok_and(|was_there| was_there.trim() == "1")
    }

    /// Another account with rights on the schema, and no password; its name.
    pub fn other_account(&self) -> String {
        let other = format!("other_{}", self.name);
        self.query(&format!(
            "CREATE USER '{other}'@'127.0.0.1'; GRANT ALL ON `{}`.* TO '{other}'@'127.0.0.1'",
            self.name.replace('_', "\\_")
        ));
        other
    }

    /// Statements as that account, in a schema or in none, left running; they end with the guard.
    pub fn start_as(&self, account: &str, schema: &str, sql: &str) -> Guarded {
        let mut client = Command::new("mariadb");
        client
            .args(["--no-defaults", "-h127.0.0.1", "--force"])
            .arg(format!("-P{}", self.server.port))
            .arg(format!("-u{account}"));
        client.args(["-e", sql, schema].into_iter().filter(|word| !word.is_empty()));
        Guarded(
            client
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("mariadb is installed"),
        )
    }

    /// How many statements of that account the server works on that hold this text.
    pub fn works_as(&self, account: &str, text: &str) -> usize {
        self.server.statements(account, text).len()
    }

    /// The account loses its rights on schemas beside its own.
    pub fn deny_copies(&self) {
        self.query(&format!("REVOKE ALL ON {} FROM {}", self.copies(), self.account()));
    }

    /// It has them again.
    pub fn allow_copies(&self) {
        self.query(&format!("GRANT ALL ON {} TO {}", self.copies(), self.account()));
    }

    fn copies(&self) -> String {
        format!("`{}\\_\\_%`.*", self.name.replace('_', "\\_"))
    }

    /// An option file with an administrator's account, for the deploy user alone; its path.
    pub fn admin_file(&self, folder: &Path) -> String {
        let admin = format!("admin_{}", self.name);
        self.server.query(
            "",
            &format!(
                "CREATE USER '{admin}'@'127.0.0.1' IDENTIFIED BY 'root''s'; GRANT ALL ON *.* TO '{admin}'@'127.0.0.1'"
            ),
        );
        let file = folder.join("admin.cnf");
        fs::write(&file, format!("[client]\nuser = {admin}\npassword = \"root's\"\n")).expect("ours");
        run(Command::new("chown").arg(super::servers::USER).arg(&file));
        run(Command::new("chmod").arg("600").arg(&file));
        text(&file)
    }

    /// A query as root in the newest schema beside it.
    #[track_caller]
    pub fn query_beside(&self, sql: &str) -> String {
        let newest = self.beside().pop().expect("there is one");
        self.server.query(&newest, sql)
    }

    /// Schemas whose name begins with this one's and `__`.
    pub fn beside(&self) -> Vec<String> {
        let rows = self.server.query("", &format!("SHOW DATABASES LIKE '{}\\_\\_%'", self.name.replace('_', "\\_")));
        rows.lines().map(str::to_owned).collect()
    }

    /// Every definition, counter and row: tables by SHOW CREATE TABLE, numbers in full, all else as the bytes it is.
    pub fn everything(&self) -> String {
        let mut all = self.query(
            "SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE();
             SELECT TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_COLLATION FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() ORDER BY BINARY TABLE_NAME;
             SELECT TRIGGER_NAME, DEFINER, SQL_MODE, ACTION_ORDER, ACTION_TIMING, EVENT_MANIPULATION, EVENT_OBJECT_TABLE, ACTION_STATEMENT,
             CHARACTER_SET_CLIENT, COLLATION_CONNECTION FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY 1;
             SELECT ROUTINE_TYPE, ROUTINE_NAME, DEFINER, SQL_MODE, ROUTINE_DEFINITION FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() ORDER BY 1, 2;
             SELECT EVENT_NAME, DEFINER, STATUS, SQL_MODE, EVENT_DEFINITION, INTERVAL_VALUE, INTERVAL_FIELD FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE() ORDER BY 1;
             SELECT CONSTRAINT_NAME, TABLE_NAME, UNIQUE_CONSTRAINT_SCHEMA, REFERENCED_TABLE_NAME, DELETE_RULE FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE() ORDER BY 2, 1",
        );
        let tables = self.query(
            "SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() ORDER BY BINARY TABLE_NAME",
        );
        for (table, kind) in tables.lines().filter_map(|line| line.split_once('\t')) {
            let table = format!("`{}`", table.replace('`', "``"));
            if kind == "VIEW" {
                all += &self.query(&format!("SHOW CREATE VIEW {table}"));
                continue;
            }
            all += &self.query(&format!("SHOW CREATE TABLE {table}"));
            let columns = self.query(&format!(
                "SELECT IF(DATA_TYPE IN ('float', 'double'), CONCAT('CAST(', q, ' AS DOUBLE)'), CONCAT('IF(LENGTH(', q, ') > 1000000, SHA2(', q, ', 256), HEX(', q, '))'))
                 FROM (SELECT *, CONCAT('`', REPLACE(COLUMN_NAME, '`', '``'), '`') AS q FROM information_schema.COLUMNS
                 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '{}') c ORDER BY ORDINAL_POSITION",
                table.trim_matches('`').replace("``", "`").replace('\'', "''")
            ));
            let columns: Vec<&str> = columns.lines().collect();
            let rows = self.query(&format!("SELECT {} FROM {table}", columns.join(", ")));
            let mut rows: Vec<&str> = rows.lines().collect();
            rows.sort_unstable();
            all += &rows.join("\n");
            all.push('\n');
        }
        all
    }
}

/// A client that is ended when it is dropped.
pub struct Guarded(Child);

impl Guarded {
    pub fn new(client: Child) -> Self {
        Self(client)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
