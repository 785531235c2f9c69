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

/// The tar for `scripts::PROBE_START`. For a rollback the newest committed runs are told as well.
///
/// # Errors
/// Only when memory runs out.
pub fn probe(config: &Config, request: &Request, is_rollback: bool) -> io::Result<Vec<u8>> {
    let protected = databases(config, &Facts::default(), request);
    let mut values = params(config, request, &protected);
    values.push(("KEY", request.key.as_ref().map(|(key, _)| key.clone()).unwrap_or_default()));
    values.push(("ROLLBACK", if is_rollback { "yes" } else { "" }.to_owned()));
    let mut files = probe_files(config);
    files.push(PlanFile::text("probe", scripts::PROBE));
    files.push(PlanFile::text("params", scripts::params(values.iter().map(|(n, v)| (*n, v.as_str())))));
    files.push(PlanFile::text("lib/runs.sh", scripts::RUNS));
    files.extend(protected.iter().filter(|database| database.connection.is_none()).flat_map(settings_files));
    for Protected { name, files: parts, .. } in protected {
        files
            .extend(parts.into_iter().map(|file| PlanFile { path: format!("databases/{name}/{}", file.path), ..file }));
    }
    let headers = secrets(config, request).into_iter().filter(|(name, _)| name == "http-headers");
    files.extend(headers.map(|(name, secret)| PlanFile::text(format!("secrets/{name}"), secret.expose())));
    pack(&files)
}
