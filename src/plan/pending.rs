//! What a deploy would migrate, as far as it is known before the deploy: names by the artifact or the live release, SQL by
//! the live application that was asked for it.

use super::{Facts, Request, facts::Pretended};
use crate::config::{Config, Preset};

/// A migration that has not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its name, without `.php`.
    pub name: String,
    /// What it would tell the database.
    pub sql: Sql,
}

/// What a migration would tell the database (untrusted).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sql {
    /// Its statements, and how many more there are.
    All {
        /// The first ones.
        statements: Vec<String>,
        /// What was left out.
        more: u64,
    },
    /// It could not be found out.
    Unknown {
        /// Statements before it broke off.
        statements: Vec<String>,
        /// Why.
        reason: String,
    },
}

/// Every pending migration in its order; none where nobody can say (an app of another kind, one that is not live and
/// has no artifact). With an artifact its own `database/migrations` count, else those of the live release.
pub fn pending(config: &Config, facts: &Facts, request: &Request) -> Option<Vec<Pending>> {
    if config.migrate.command.is_none() {
        return Some(Vec::new());
    }
    if config.preset != Preset::Laravel {
        return None;
    }
    let ran = facts.app.as_ref().and_then(|app| app.ran.as_ref());
    let names: Vec<&String> = match (&request.shipment, ran) {
        (Some(shipment), Some(ran)) => shipment.migrations.iter().filter(|name| !ran.contains(name)).collect(),
        (Some(shipment), None) if facts.probed && facts.live.is_none() => shipment.migrations.iter().collect(),
        (None, Some(_)) => facts.pretended.iter().map(|pretended| &pretended.name).collect(),
        (Some(_) | None, None) => return None,
    };
    Some(names.into_iter().map(|name| Pending { name: name.clone(), sql: sql(facts, name) }).collect())
}

fn sql(facts: &Facts, name: &str) -> Sql {
    let Some(found) = facts.pretended.iter().find(|pretended| pretended.name == name) else {
        let reason = match (&facts.live, &facts.pretend_fault) {
            (None, _) => "no version is live yet that could be asked".to_owned(),
            (Some(_), Some(fault)) => format!("an earlier one broke off: {fault}"),
            (Some(_), None) => "its file is too large to be looked at".to_owned(),
        };
        return Sql::Unknown { statements: Vec::new(), reason };
    };
    let Pretended { statements, count, fault, .. } = found.clone();
    match (fault, count) {
        (Some(reason), _) => Sql::Unknown { statements, reason },
        (None, Some(count)) => {
            let more = count.saturating_sub(statements.len() as u64);
            Sql::All { statements, more }
        }
        (None, None) => {
            let reason = facts.pretend_fault.clone().unwrap_or_else(|| "the process ended in it".to_owned());
            Sql::Unknown { statements, reason }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripts::Reply;

    #[test]
    fn a_migration_that_breaks_off_is_named_and_so_are_those_after_it() {
        let reply = b"live\t/srv\nmigration\ta\nsql\ta\\tcreate table x\npretended\ta\\t3\nmigration\tb\nsql\tb\\tdrop table y\n\
            unpretended\tb\\tError: no class\nmigration\tc\npretend-failed\tPHP ended with exit 255\n";
        let facts = Facts::read(&Reply::parse(reply));
        let all = |text: &str| vec![text.to_owned()];
        assert_eq!(sql(&facts, "a"), Sql::All { statements: all("create table x"), more: 2 });
        let reason = |reason: &str| reason.to_owned();
        assert_eq!(
            sql(&facts, "b"),
            Sql::Unknown { statements: all("drop table y"), reason: reason("Error: no class") }
        );
        assert_eq!(sql(&facts, "c"), Sql::Unknown { statements: vec![], reason: reason("PHP ended with exit 255") });
        let later =
            Sql::Unknown { statements: vec![], reason: reason("an earlier one broke off: PHP ended with exit 255") };
        assert_eq!(sql(&facts, "d"), later);
    }
}
