//! What a look at the target found, what a deploy would do there and what stands against it: for people and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use super::plan::NOT_BROUGHT_BACK;
use crate::{
    config::{CheckKind, Config, Database, Engine, Preset, Strategy, When},
    machine::outcome,
    model::Outcome,
    plan::{Facts, Known, Pending, Plan, Refusal, Request, Sql, disk_needed_bytes, guard, pending},
    report::{escape, result_line, time},
};

/// All that is shown comes from these.
pub(super) struct Probed<'a> {
    pub(super) config: &'a Config,
    pub(super) request: &'a Request,
    pub(super) facts: &'a Facts,
    pub(super) plan: &'a Result<Box<Plan>, Vec<Refusal>>,
}

impl Probed<'_> {
    /// That of a deploy, as far as it can be known: refused, another run in progress, or nothing against it.
    pub(super) fn exit_code(&self) -> u8 {
        match (self.plan, self.running()) {
            (Err(_), _) => Outcome::Refused.exit_code(),
            (Ok(_), Some(_)) => Outcome::Locked.exit_code(),
            (Ok(_), None) => 0,
        }
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let environment = &self.config.environment.name;
        let mut text = format!("{} → {environment}, as it is now\n", self.config.app);
        for (name, value) in self.target().into_iter().chain(self.databases()) {
            text.push_str(&row(name, &value));
        }
        text.push_str(&self.migrations());
        let _ = writeln!(text, "\nusers");
        text.push_str(&row("maintenance", self.maintenance()));
        text.push_str(&row("expected", &self.downtime()));
        if let Ok(plan) = self.plan {
            let _ = writeln!(text, "\nsteps");
            for step in &plan.steps {
                let _ = writeln!(text, "  {:<12} {}", step.phase.as_str(), step.name);
            }
        }
        let _ = writeln!(text, "\nnotes");
        for note in self.notes() {
            let _ = writeln!(text, "{}", result_line(&format!("  ! {}", escape(&note)), 4));
        }
        let last = format!("  a rollback does not bring back: {NOT_BROUGHT_BACK}");
        let _ = writeln!(text, "{}\n", result_line(&last, 4));
        for refusal in self.refusals() {
            let _ = writeln!(text, "{}", result_line(&format!("refused: {}", escape(&refusal.reason)), 2));
            for line in refusal.remedy.lines() {
                let _ = writeln!(text, "  {}", escape(line));
            }
            text.push('\n');
        }
        text.push_str(&self.verdict());
        text
    }

    /// One line of JSON.
    pub(super) fn json(&self) -> Value {
        let facts = self.facts;
        let app = facts.app.as_ref();
        let database = |database: &Database| {
            let connection = facts.connection(&database.name);
            let size = facts.size(&database.name);
            json!({"name": database.name, "driver": connection.map(|c| &c.driver), "database": connection.map(|c| &c.database),
                "size_bytes": size.map(|size| size.bytes), "tables": size.map(|size| size.tables),
                "protection": self.protection(database)})
        };
        let found = json!({
            "live": facts.live, "current": facts.current, "last_run": facts.last_run,
            "framework": app.map(|app| &app.version), "maintenance": app.map(|app| app.down),
            "databases": self.config.databases.iter().map(database).collect::<Vec<_>>(),
            "guard": facts.guard, "user_manager": facts.user_manager, "site_status": facts.site_status,
            "baseline": facts.passing(),
            "disk_free_bytes": facts.disk_free_bytes,
            "disk_needed_bytes": disk_needed_bytes(self.config, facts, self.request),
            "unfinished": facts.unfinished.iter().map(|known| json!({"run": known.run, "state": known.state})).collect::<Vec<_>>(),
        });
        let downtimes = self.downtimes();
        json!({
            "v": 1, "ts": time::now(), "event": "probe", "run": null,
            "refused": self.plan.is_err(), "refusals": self.refusals(), "locked": self.running().map(|known| &known.run),
            "found": found,
            "pending": self.pending().map(|pending| pending.iter().map(one_pending).collect::<Vec<_>>()),
            "maintenance_expected": self.sees_maintenance(),
            "downtime": json!({"expected_ms": downtimes.first().copied().or((self.sees_maintenance() == Some(false)).then_some(0)),
                "measured_ms": downtimes}),
            "warnings": self.notes(), "not_brought_back": NOT_BROUGHT_BACK,
            "plan": self.plan.as_ref().ok().map(|plan| plan.summary()),
        })
    }

    fn target(&self) -> Vec<(&'static str, String)> {
        let facts = self.facts;
        let mut lines = vec![("live", facts.live.clone().unwrap_or_else(|| "no version yet".to_owned()))];
        lines.extend(facts.app.as_ref().map(|app| {
            let down = if app.down { ", in maintenance now; it would be left on" } else { "" };
            ("framework", format!("laravel {}{down}", app.version))
        }));
        lines.extend(facts.site_status.map(|status| {
            let status = if status == 0 { "nothing answers".to_owned() } else { format!("GET / answers {status}") };
            ("site", status)
        }));
        let checks = self.config.smoke.checks.iter().filter(|check| matches!(check.kind, CheckKind::Http(_))).count();
        if facts.live.is_some() && checks > 0 {
            let now = format!("{} of {checks} http checks pass on the live version", facts.passing().len());
            lines.push(("checks", now));
        }
        lines.extend(facts.unfinished.iter().map(|known| ("run", unfinished(known))));
        if facts.unfinished.is_empty() {
            lines.push(("run", "none is unfinished".to_owned()));
        }
        lines.extend(guard_text(self.config, facts).map(|guard| ("guard", guard)));
        lines.extend(facts.disk_free_bytes.map(|free| {
            let needed = disk_needed_bytes(self.config, facts, self.request);
            let without = match (self.config.release.strategy, &self.request.shipment) {
                (Strategy::Symlink, None) => ", without the release: no --artifact was named",
                (Strategy::Symlink | Strategy::None, _) => "",
            };
            ("disk", format!("{} free, about {} needed{without}", time::size(free), time::size(needed)))
        }));
        lines
    }

    fn databases(&self) -> Vec<(&'static str, String)> {
        let mut lines = Vec::new();
        for database in &self.config.databases {
            let mut parts = vec![database.name.clone()];
            parts.extend(self.facts.connection(&database.name).map(|c| format!("{} {}", c.driver, c.database)));
            parts.extend(
                self.facts
                    .size(&database.name)
                    .map(|size| format!("{} tables, {}", size.tables, time::size(size.bytes))),
            );
            lines.push(("database", parts.join(" · ")));
            lines.extend(self.protection(database).into_iter().map(|line| ("", line)));
        }
        lines
    }

    /// How it is protected, proven and fenced, and why so. An engine that looked for itself knows best.
    fn protection(&self, database: &Database) -> Vec<String> {
        let said = self.facts.protections.iter().filter(|(name, _)| *name == database.name);
        let said: Vec<String> = said.map(|(_, line)| line.clone()).collect();
        if !said.is_empty() {
            return said;
        }
        let driver = self.facts.connection(&database.name).map(|connection| connection.driver.as_str());
        let text = match (&database.engine, driver) {
            _ if self.config.migrate.command.is_none() => "not copied: nothing migrates it",
            _ if self.config.maintenance.when == When::Never => {
                "not protected: maintenance.when is never, so migrated data stays"
            }
            (Engine::None, _) => "not protected (engine: none): what a migration does to it stays",
            (Engine::Command { .. }, _) => {
                "by your own commands: proof none, fence none, since nobody here can see what they do"
            }
            (Engine::Sqlite, _) | (Engine::Auto, Some("sqlite")) => {
                "a copy by SQLite's own backup API, sealed in maintenance · proof exact: every row is compared · fence \
                 cooperative: another program that opens the file is not seen"
            }
            (Engine::Auto, None) => {
                "how it is protected is found out on the target: no live version could say what it is"
            }
            (Engine::Mysql | Engine::Postgres | Engine::Auto, _) => "its engine had nothing to say of it",
        };
        vec![text.to_owned()]
    }

    fn pending(&self) -> Option<Vec<Pending>> {
        pending(self.config, self.facts, self.request)
    }

    fn migrations(&self) -> String {
        let whose = if self.request.shipment.is_some() { "in the artifact" } else { "in the live release" };
        let Some(pending) = self.pending() else {
            let why = if self.config.release.strategy == Strategy::Symlink && self.request.shipment.is_none() {
                "not known: name the artifact with --artifact"
            } else {
                "not known beforehand: the app cannot say"
            };
            return format!("\nmigrations\n  {why}\n");
        };
        if pending.is_empty() {
            let nothing = if self.config.migrate.command.is_none() {
                "none: migrate.command is not set"
            } else {
                "none is pending"
            };
            return format!(
                "\nmigrations\n  {nothing}{}\n",
                if pending_is_live(self) { ", in the live release" } else { "" }
            );
        }
        let mut text = format!("\nmigrations, {} pending {whose}\n", pending.len());
        for migration in &pending {
            let _ = writeln!(text, "  {}", escape(&migration.name));
            let (statements, last) = match &migration.sql {
                Sql::All { statements, more: 0 } if statements.is_empty() => {
                    (statements, Some("no statement".to_owned()))
                }
                Sql::All { statements, more: 0 } => (statements, None),
                Sql::All { statements, more } => (statements, Some(format!("… and {more} statements more"))),
                Sql::Unknown { statements, reason } if statements.is_empty() => {
                    (statements, Some(format!("its SQL is not known: {reason}")))
                }
                Sql::Unknown { statements, reason } => {
                    (statements, Some(format!("what follows is not known: {reason}")))
                }
            };
            for line in statements.iter().flat_map(|statement| statement.lines()) {
                let _ = writeln!(text, "{}", result_line(&format!("    {}", escape(line)), 6));
            }
            if let Some(last) = last {
                let _ = writeln!(text, "    ({})", escape(&last));
            }
        }
        let note = "  as the app's migrator pretends: what a migration does with rows that it reads first is not in it";
        text + &result_line(note, 4) + "\n"
    }

    /// Whether users would see maintenance, where that is known.
    fn sees_maintenance(&self) -> Option<bool> {
        match self.config.maintenance.when {
            When::Never => Some(false),
            When::Always => Some(true),
            When::Pending if self.facts.live.is_none() && self.facts.probed => Some(false),
            When::Pending if pending_is_live(self) => None,
            When::Pending if self.config.preset == Preset::Custom => Some(self.config.migrate.command.is_some()),
            When::Pending => self.pending().map(|pending| !pending.is_empty()),
        }
    }

    fn maintenance(&self) -> &'static str {
        match (self.config.maintenance.when, self.sees_maintenance()) {
            (When::Never, _) => "none (maintenance.when: never)",
            (When::Always, _) => "yes (maintenance.when: always)",
            (When::Pending, Some(true)) => "yes, while the data is sealed, migrated and checked",
            (When::Pending, Some(false)) if self.facts.live.is_none() => "none: no version is live yet",
            (When::Pending, Some(false)) => "none: nothing is pending, users see no maintenance",
            (When::Pending, None) => "only if the new release brings migrations: name it with --artifact",
        }
    }

    /// How long users saw maintenance in deploys that migrated, newest first.
    fn downtimes(&self) -> Vec<u64> {
        if self.sees_maintenance() == Some(false) {
            return Vec::new();
        }
        let measured = |known: &Known| outcome(&known.journal, &known.summary.about, &known.run).downtime_ms;
        self.facts.ended.iter().filter_map(measured).filter(|ms| *ms > 0).collect()
    }

    fn downtime(&self) -> String {
        let downtimes = self.downtimes();
        match (self.sees_maintenance(), downtimes.as_slice()) {
            (Some(false), _) => "no downtime".to_owned(),
            (_, [newest]) => format!("about {}, as in the last run with maintenance", time::duration(*newest)),
            (_, [newest, ..]) => {
                let (least, most) = downtimes.iter().fold((*newest, *newest), |(a, b), ms| (a.min(*ms), b.max(*ms)));
                let (least, most) = (time::duration(least), time::duration(most));
                format!(
                    "about {}, as in the last run with maintenance ({} of them: {least} to {most})",
                    time::duration(*newest),
                    downtimes.len()
                )
            }
            (_, []) => {
                format!(
                    "not known before the first run with maintenance: {} s of drain, then {}, then the migration's own time",
                    self.config.maintenance.drain.secs_up(),
                    self.work_in_maintenance()
                )
            }
        }
    }

    /// What is done to the data while users wait, beside the migration.
    fn work_in_maintenance(&self) -> String {
        let said = |name: &str| self.facts.in_maintenance.iter().find(|(whose, _)| whose == name);
        let compared: Vec<u64> =
            self.facts.sizes.iter().filter(|size| said(&size.database).is_none()).map(|size| size.bytes).collect();
        let mut parts: Vec<String> = self.facts.in_maintenance.iter().map(|(_, what)| what.clone()).collect();
        if !compared.is_empty() {
            let bytes = compared.iter().sum();
            parts.push(format!("{} of data are compared with their copy", time::size(bytes)));
        }
        if parts.is_empty() { "the data is compared with its copy".to_owned() } else { parts.join(", then ") }
    }

    fn notes(&self) -> Vec<String> {
        let warnings = match self.plan {
            Ok(plan) => plan.warnings.clone(),
            Err(_) => self.facts.warnings.clone(),
        };
        let same = self.facts.same_key.as_ref().filter(|(known, _)| known.state == "committed").map(|(known, _)| {
            format!(
                "run {} with the same key has committed already: a deploy would answer so and do nothing",
                known.run
            )
        });
        let unsettled = self.facts.unfinished.iter().filter(|known| known.state == "unsettled");
        let unsettled = unsettled.map(|known| {
            format!(
                "run {} was left without an end: a deploy settles it first, and what is live may change by that",
                known.run
            )
        });
        same.into_iter().chain(unsettled).chain(warnings).collect()
    }

    fn refusals(&self) -> Vec<Refusal> {
        self.plan.as_ref().err().cloned().unwrap_or_default()
    }

    fn running(&self) -> Option<&Known> {
        self.facts.unfinished.iter().find(|known| known.state == "running")
    }

    fn verdict(&self) -> String {
        match (self.refusals().len(), self.running()) {
            (0, None) => "a deploy would begin; nothing was changed".to_owned(),
            (0, Some(known)) => {
                format!(
                    "a deploy would not begin while run {} is in progress (exit 75); nothing was changed",
                    known.run
                )
            }
            (1, _) => "a deploy would be refused for the reason above; nothing was changed".to_owned(),
            (many, _) => format!("a deploy would be refused for the {many} reasons above; nothing was changed"),
        }
    }
}

fn row(name: &str, value: &str) -> String {
    result_line(&format!("  {name:<12} {}", escape(value)), 15) + "\n"
}

/// Without an artifact the new release's own migrations are not known: those of the live one are.
fn pending_is_live(probed: &Probed<'_>) -> bool {
    probed.config.release.strategy == Strategy::Symlink
        && probed.request.shipment.is_none()
        && probed.config.migrate.command.is_some()
}

fn one_pending(pending: &Pending) -> Value {
    let (statements, more, unknown) = match &pending.sql {
        Sql::All { statements, more } => (statements, *more, None),
        Sql::Unknown { statements, reason } => (statements, 0, Some(reason)),
    };
    json!({"name": pending.name, "sql": statements, "more": more, "unknown": unknown})
}

fn unfinished(known: &Known) -> String {
    let about = &known.summary.about;
    let actor = if about.actor.is_empty() { "somebody" } else { &about.actor };
    let since = known.journal.started_ms.map(|ms| format!(" since {}", time::rfc3339(ms))).unwrap_or_default();
    format!("{} of {actor} is {}{since}", known.run, known.state)
}

/// Nothing where nobody looked.
fn guard_text(config: &Config, facts: &Facts) -> Option<String> {
    facts.guard.as_ref()?;
    Some(match guard(config, facts) {
        None => "none (runner.guard): a killed executor waits for the next command".to_owned(),
        Some(Ok(guard)) => format!("{guard} starts a killed executor again within a minute, and after a reboot"),
        Some(Err(fault)) => format!("none: {fault}"),
    })
}
