//! What every script of a run is told: `NAME`, `value`.

use super::{build::Request, database::Protected};
use crate::config::{Config, OnLeak, Preset, Strategy, When};

/// The plan-wide parameters. `databases` are those that the run protects.
pub(super) fn params(config: &Config, request: &Request, databases: &[Protected]) -> Vec<(&'static str, String)> {
    let preset = match config.preset {
        Preset::Laravel => "laravel",
        Preset::Custom => "custom",
    };
    let strategy = match config.release.strategy {
        Strategy::Symlink => "symlink",
        Strategy::None => "none",
    };
    let when = match config.maintenance.when {
        When::Pending => "pending",
        When::Always => "always",
        When::Never => "never",
    };
    let on_leak = match config.maintenance.on_leak {
        OnLeak::Refuse => "refuse",
        OnLeak::Warn => "warn",
    };
    let seconds = |span: crate::model::Span| span.ms().div_ceil(1000).to_string();
    let names: Vec<&str> = databases.iter().map(|database| database.name.as_str()).collect();
    vec![
        ("APP", config.app.clone()),
        ("ENVIRONMENT", config.environment.name.clone()),
        ("REVISION", request.revision.clone().unwrap_or_default()),
        ("PRESET", preset.to_owned()),
        ("STRATEGY", strategy.to_owned()),
        ("PHP", config.php.clone()),
        ("URL", config.environment.url.clone().unwrap_or_default().trim_end_matches('/').to_owned()),
        ("HTTP_RESOLVE", config.environment.http.resolve.clone().unwrap_or_default()),
        ("RETRY_AFTER_S", seconds(config.maintenance.retry_after)),
        ("DRAIN_S", seconds(config.maintenance.drain)),
        ("ON_LEAK", on_leak.to_owned()),
        ("WHEN", when.to_owned()),
        ("MIGRATES", config.migrate.command.as_ref().map(|_| "yes".to_owned()).unwrap_or_default()),
        ("DATABASES", names.join(" ")),
    ]
}
