//! Configuration and probed facts → a plan: steps with do, undo and parameters. Pure; knows nothing of how a
//! host is reached.

mod backup;
#[cfg(test)]
mod backup_tests;
mod backups;
mod build;
mod bundle;
pub mod database;
mod drill;
mod facts;
mod guard;
mod params;
mod pending;
#[expect(clippy::module_inception, reason = "the plan is what this room is for")]
mod plan;
mod probe;
mod refuse;
mod retention;
mod rollback;
mod step;
mod steps;
#[cfg(test)]
pub(crate) mod tests;

pub use backup::{BackupRequest, Elsewhere, RestoreFrom, build_backup, find};
pub use backups::{Backup, BackupKind, LookedAt, backups};
pub use build::{Request, Shipment, build};
pub use bundle::{BLOCK, Bundle, hex, pack};
pub use drill::{DrillPoint, build_drill};
pub use facts::{App, Baseline, Facts, Known, Pretended, Size, fold, known};
pub use guard::guard;
pub use pending::{Pending, Sql, pending};
pub use plan::{About, Generation, Notify, Plan, Settings, StepSummary, Summary};
pub use probe::{Purpose, probe};
pub use refuse::{disk_needed_bytes, refusals};
pub use retention::stays;
pub use rollback::{RollbackData, RollbackRequest, build_rollback, rollback_span};
pub use step::{After, Condition, Finish, PlanFile, Refusal, Script, Step, Undo};
