//! What goes to the target to look at it: read-only scripts with their parameters, as one tar.

use std::io;

use super::{
    PlanFile, Request,
    build::{databases, probe_files, secrets},
    bundle::pack,
    database::Protected,
    facts::Facts,
    params::params,
    steps::settings_files,
};
use crate::{config::Config, scripts};

/// What a target is looked at for: what is told beyond that which every run has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A run begins, is settled or aborted.
    Deploy,
    /// The newest committed runs are told as well.
    Rollback,
    /// A run that has to do with archives alone: neither workers nor what an engine needs to protect a database are looked at.
    Backup,
    /// Files are removed: the app has no part in it, and may be broken.
    Prune,
    /// What there is to restore from is told as well.
    Restore,
    /// A person reads it: ended runs, and the SQL of pending migrations. To get it, their code is run against
    /// connections that carry nothing out.
    Plan,
}

/// The tar for `scripts::PROBE_START`.
///
/// # Errors
/// Only when memory runs out.
pub fn probe(config: &Config, request: &Request, purpose: Purpose) -> io::Result<Vec<u8>> {
    let protected = databases(config, &Facts::default(), request);
    let mut values = params(config, request, &protected);
    let word = match purpose {
        Purpose::Deploy => "deploy",
        Purpose::Rollback => "rollback",
        Purpose::Backup => "backup",
        Purpose::Prune => "prune",
        Purpose::Restore => "restore",
        Purpose::Plan => "plan",
    };
    values.push(("KEY", request.key.as_ref().map(|(key, _)| key.clone()).unwrap_or_default()));
    values.push(("PURPOSE", word.to_owned()));
    values.push(("SHIPPED", if request.shipment.is_some() { "yes" } else { "" }.to_owned()));
    let mut files = probe_files(config);
    files.push(PlanFile::text("probe", scripts::PROBE));
    files.push(PlanFile::text("params", scripts::params(values.iter().map(|(n, v)| (*n, v.as_str())))));
    files.push(PlanFile::text("lib/runs.sh", scripts::RUNS));
    files.push(PlanFile::text("lib/cron.sh", scripts::CRON));
    files.push(PlanFile::text("lib/user-manager.sh", scripts::USER_MANAGER));
    files.extend(protected.iter().filter(|database| database.connection.is_none()).flat_map(settings_files));
    for Protected { name, files: parts, .. } in protected {
        files
            .extend(parts.into_iter().map(|file| PlanFile { path: format!("databases/{name}/{}", file.path), ..file }));
    }
    if let (Purpose::Plan, Some(shipment)) = (purpose, &request.shipment) {
        let below = |(name, bytes): &(String, Vec<u8>)| PlanFile {
            path: format!("migrations/{name}.php"),
            bytes: bytes.clone(),
        };
        files.extend(shipment.migration_files.iter().map(below));
    }
    let headers = secrets(config, request).into_iter().filter(|(name, _)| name == "http-headers");
    files.extend(headers.map(|(name, secret)| PlanFile::text(format!("secrets/{name}"), secret.expose())));
    pack(&files)
}
