//! Rules of the protocol that the model can be made without, to see that a property misses each of them.

/// What is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// The executor does not look at the lease.
    NoLease,
    /// A later verdict writes over an earlier one.
    TwoVerdicts,
    /// Maintenance is lifted, and then the restored record is written.
    LiftBeforeRestored,
    /// After a restart the intent to undo is taken for the undo.
    BelieveEffects,
    /// Recovery, and who starts a script, do not take the step lock.
    NoStepLock,
    /// Whether a line got into the journal is not looked at.
    AppendUnchecked,
    /// Recovery believes lines that may not be on the disk.
    BelieveUnsynced,
    /// The guard is removed before the last record is written.
    GuardGoesFirst,
    /// A stuck run that is tried again gets its guard after the record that opens it.
    GuardComesLate,
    /// The runner takes the verdict that it gave for the end.
    SaidIsDone,
    /// Recovery goes back after a commit too.
    UndoAfterCommit,
    /// The way back goes from the first step to the last.
    UndoInOrder,
}
