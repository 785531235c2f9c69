//! A PostgreSQL of the benchmark's own, and the same data in it.

use std::{path::PathBuf, process::Command, time::Duration};

use super::{Server, TABLES};
use crate::{
    measure::measure,
    support::{
        postgres::{Database, PostgreSql, program},
        servers::{run, servers, text},
    },
};

/// A server that runs as long as the benchmark.
pub struct Postgres {
    server: &'static PostgreSql,
    database: Database,
    folder: PathBuf,
}

impl Postgres {
    /// With its files in a folder of that name.
    pub fn start(name: &str) -> Self {
        // what a small server of its own would have; everything else is as PostgreSQL comes
        let settings = vec!["listen_addresses=127.0.0.1", "shared_buffers=1GB", "max_wal_size=2GB"];
        let folder = servers().folder.join(name);
        let server: &PostgreSql = Box::leak(Box::new(PostgreSql::start_in(folder.clone(), settings)));
        Self { server, database: server.take_database("shop"), folder }
    }

    fn measure(&self, line: &str) -> Duration {
        measure(&mut self.in_bash(line), 0).took
    }

    /// Into a database beside the live one.
    fn restored_by(&self, line: &str) -> Duration {
        run(Command::new(program("createdb")).arg("restored").envs(self.server.environment()));
        let took = self.measure(line);
        run(Command::new(program("dropdb")).arg("restored").envs(self.server.environment()));
        took
    }

    fn in_bash(&self, line: &str) -> Command {
        let psql = PathBuf::from(program("psql"));
        let folder = text(psql.parent().expect("a folder"));
        let mut bash = Command::new("bash");
        bash.args(["-c", &format!("set -o pipefail; PATH='{folder}':$PATH; {line}")]).envs(self.server.environment());
        bash
    }
}

impl Server for Postgres {
    fn env(&self) -> String {
        self.database.env()
    }

    fn fill(&self, rows: usize) {
        for number in 1..=TABLES {
            self.database.query_as_app(&format!(
                "CREATE TABLE t{number:02} (id bigserial PRIMARY KEY, customer_id int NOT NULL, email varchar(100) NOT NULL, \
                 title varchar(200) NOT NULL, body text NOT NULL, weight double precision NOT NULL, total numeric(10,2) NOT NULL, \
                 created_at timestamp NOT NULL); \
                 INSERT INTO t{number:02} SELECT seq, seq % 9973, md5((seq * {number})::text) || '@example.com', \
                 'Order ' || seq || ' of customer ' || seq % 9973, \
                 'Delivered to the side door, signed for by ' || md5((seq * 31 + {number})::text) || '. Thank you!', \
                 sqrt(seq) * {number}, seq * 1.1, timestamp '2024-01-01' + seq * interval '1 minute' FROM generate_series(1, {rows}) seq; \
                 CREATE INDEX ON t{number:02} (customer_id); CREATE INDEX ON t{number:02} (email); CREATE INDEX ON t{number:02} (created_at)"
            ));
        }
        self.database.query("ANALYZE");
    }

    fn size_mb(&self) -> u64 {
        self.database.query("SELECT pg_database_size(current_database()) / 1048576").trim().parse().expect("a number")
    }

    fn fingerprint(&self) -> String {
        let columns = "SELECT attrelid::regclass, attname, atttypid::regtype FROM pg_attribute WHERE attrelid >= 16384 AND attnum > 0 ORDER BY 1, attnum";
        let rows = |number| format!("; SELECT md5(string_agg(md5(t::text), '' ORDER BY id)) FROM t{number:02} t");
        self.database.query(&(columns.to_owned() + &(1..=TABLES).map(rows).collect::<String>()))
    }

    fn dump(&self) -> Duration {
        self.measure(&format!("pg_dump shop | gzip >'{}.sql.gz'", text(&self.folder)))
    }

    fn restore(&self) -> Duration {
        self.restored_by(&format!("zcat '{}.sql.gz' | psql -X -q -v ON_ERROR_STOP=1 -d restored", text(&self.folder)))
    }

    fn parallel_dump(&self) -> Duration {
        self.measure(&format!("pg_dump -Fd -j 2 -Z 0 -f '{}.dump' shop", text(&self.folder)))
    }

    fn parallel_restore(&self) -> Duration {
        self.restored_by(&format!("pg_restore -j 2 -d restored '{}.dump'", text(&self.folder)))
    }
}
