//! A MariaDB of the benchmark's own, and the data in it: twenty tables, as a shop of some years has them.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
};

use super::{Server, TABLES};
use crate::{
    measure::measure,
    support::{
        eventually,
        servers::{USER, free_ports, hold, run, servers, text},
    },
};

/// The app's database, account and password.
const SCHEMA: &str = "shop";
const ACCOUNT: &str = "shop";
const PASSWORD: &str = "a-password";

/// A server that runs as long as this.
pub struct MariaDb {
    port: u16,
    folder: PathBuf,
    socket: PathBuf,
    holder: Child,
}

impl MariaDb {
    /// With its files in a folder of that name.
    pub fn start(name: &str) -> Self {
        let folder = servers().folder.join(name);
        run(Command::new("install").args(["-d", "-o", "mysql", "-m", "755"]).arg(&folder));
        let (data, socket) = (folder.join("data"), folder.join("sock"));
        run(Command::new("mariadb-install-db")
            .args(["--no-defaults", "--user=mysql", "--skip-test-db", "--auth-root-authentication-method=normal"])
            .arg(format!("--datadir={}", text(&data))));
        let port = free_ports(1)[0];
        let holder = Self::begin(&folder, &socket, port, &[]);
        let server = Self { port, folder, socket, holder };
        server.sql(&format!(
            "CREATE DATABASE {SCHEMA} CHARACTER SET utf8mb4; CREATE USER '{ACCOUNT}'@'%' IDENTIFIED BY '{PASSWORD}'; \
             GRANT ALL ON `{SCHEMA}`.* TO '{ACCOUNT}'@'%'; GRANT ALL ON `{SCHEMA}\\_\\_%`.* TO '{ACCOUNT}'@'%'"
        ));
        server
    }

    /// Starts it again with counters of what is written, and gives the app's administrator an option file; its path.
    pub fn restart_counting(&mut self) -> PathBuf {
        self.end();
        self.holder = Self::begin(&self.folder, &self.socket, self.port, &["--performance-schema=ON"]);
        self.sql("CREATE USER 'admin'@'%' IDENTIFIED BY 'its-own'; GRANT ALL ON *.* TO 'admin'@'%'");
        let file = self.folder.join("admin.cnf");
        std::fs::write(&file, "[client]\nuser = admin\npassword = its-own\n").expect("ours");
        run(Command::new("chown").arg(USER).arg(&file));
        run(Command::new("chmod").arg("600").arg(&file));
        file
    }

    fn begin(folder: &Path, socket: &Path, port: u16, more: &[&str]) -> Child {
        // what a small server of its own would have; everything else is as MariaDB comes
        let settings = [
            "--no-defaults".to_owned(),
            "--user=mysql".to_owned(),
            format!("--datadir={}", text(&folder.join("data"))),
            format!("--tmpdir={}", text(folder)),
            format!("--socket={}", text(socket)),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--port={port}"),
            format!("--innodb-buffer-pool-size={}", std::env::var("POOL").unwrap_or_else(|_| "4G".to_owned())),
            "--innodb-log-file-size=256M".to_owned(),
        ];
        let mut words = vec!["/usr/sbin/mariadbd"];
        words.extend(settings.iter().map(String::as_str));
        words.extend(more);
        let holder = hold(&words, &folder.join("log"));
        eventually("MariaDB listens", || socket.exists());
        holder
    }

    /// Runs statements as root; answers with what they print.
    fn sql(&self, statements: &str) -> String {
        run(self.client("mariadb").args(["-N", "-B", "-e", statements]))
    }

    /// Ends the server.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.holder.stdin.take());
        self.holder.wait().expect("it ends");
        eventually("its socket is gone", || !self.socket.exists());
    }

    fn dump_file(&self) -> PathBuf {
        self.folder.join("dump.sql.gz")
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg("--no-defaults").arg(format!("--socket={}", text(&self.socket))).args(["-u", "root"]);
        command
    }

    /// Of mydumper, which knows no `--no-defaults`.
    fn in_parallel(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg(format!("--socket={}", text(&self.socket))).args([
            "--user=root",
            "--host=localhost",
            "--threads=2",
        ]);
        command
    }

    fn in_bash(&self, line: &str, program: &str) -> Command {
        let mut command = Command::new("bash");
        command.args(["-c", line, "bash", program, "--no-defaults"]);
        command.arg(format!("--socket={}", text(&self.socket))).args(["-u", "root"]);
        command
    }
}

impl Server for MariaDb {
    fn env(&self) -> String {
        format!(
            "DB_CONNECTION=mysql\nDB_HOST=127.0.0.1\nDB_PORT={}\nDB_DATABASE={SCHEMA}\nDB_USERNAME={ACCOUNT}\nDB_PASSWORD={PASSWORD}\n",
            self.port
        )
    }

    fn fill(&self, rows: usize) {
        for number in 1..=TABLES {
            self.sql(&format!(
                "USE {SCHEMA}; CREATE TABLE t{number:02} (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, customer_id INT UNSIGNED NOT NULL, \
                 email VARCHAR(100) NOT NULL, title VARCHAR(200) NOT NULL, body TEXT NOT NULL, weight DOUBLE NOT NULL, \
                 total DECIMAL(10,2) NOT NULL, created_at DATETIME NOT NULL, KEY (customer_id), KEY (email), KEY (created_at)); \
                 INSERT INTO t{number:02} SELECT seq, seq % 9973, CONCAT(MD5(seq * {number}), '@example.com'), \
                 CONCAT('Order ', seq, ' of customer ', seq % 9973), \
                 CONCAT('Delivered to the side door, signed for by ', MD5(seq * 31 + {number}), '. Thank you!'), \
                 SQRT(seq) * {number}, seq * 1.1, '2024-01-01' + INTERVAL seq MINUTE FROM seq_1_to_{rows}"
            ));
        }
        self.sql("ANALYZE NO_WRITE_TO_BINLOG TABLE shop.t01");
    }

    fn size_mb(&self) -> u64 {
        let size = "SELECT CAST(SUM(FILE_SIZE) / 1048576 AS INT) FROM information_schema.INNODB_SYS_TABLESPACES WHERE NAME LIKE 'shop/t%'";
        self.sql(size).trim().parse().expect("a number")
    }

    fn fingerprint(&self) -> String {
        let names: Vec<String> = (1..=TABLES).map(|number| format!("t{number:02}")).collect();
        let shown: String = names.iter().map(|name| format!("; SHOW CREATE TABLE {name}")).collect();
        self.sql(&format!("USE {SCHEMA}; CHECKSUM TABLE {}{shown}", names.join(", ")))
    }

    fn dump(&self) -> Duration {
        let line =
            format!("set -o pipefail; \"$@\" --single-transaction {SCHEMA} | gzip >'{}'", text(&self.dump_file()));
        measure(&mut self.in_bash(&line, "mariadb-dump"), 0).took
    }

    fn restore(&self) -> Duration {
        self.sql("CREATE DATABASE restored CHARACTER SET utf8mb4");
        let line = format!("set -o pipefail; zcat '{}' | \"$@\" restored", text(&self.dump_file()));
        let took = measure(&mut self.in_bash(&line, "mariadb"), 0).took;
        self.sql("DROP DATABASE restored");
        took
    }

    fn parallel_dump(&self) -> Duration {
        let folder = self.folder.join("parallel");
        measure(self.in_parallel("mydumper").arg(format!("--database={SCHEMA}")).arg("--outputdir").arg(folder), 0).took
    }

    fn parallel_restore(&self) -> Duration {
        self.sql("CREATE DATABASE restored CHARACTER SET utf8mb4");
        let folder = self.folder.join("parallel");
        let took =
            measure(self.in_parallel("myloader").arg("--database=restored").arg("--directory").arg(folder), 0).took;
        self.sql("DROP DATABASE restored");
        took
    }
}
