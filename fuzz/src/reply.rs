//! What the looking scripts print: read into facts, whatever it is, and every command makes something of them.

use backstay::{
    machine::{Goal, Input, State, step},
    plan::{BackupRequest, DrillPoint, Facts, RestoreFrom, RollbackRequest, backups, known, pending},
    scripts::{Reply, columns},
};

use super::{
    job::{job, request},
    journal::is_sound,
};

pub fn take(bytes: &[u8]) {
    let reply = Reply::parse(bytes);
    for name in reply.names() {
        for value in reply.all(name) {
            columns(value);
        }
    }
    for name in ["run", "unfinished", "committed", "ended"] {
        known(&reply, name).iter().for_each(|known| is_sound(&known.journal));
    }
    for backup in backups(&reply) {
        assert!(backup.is_called(&backup.name()) && backup.is_called(&backup.run));
        let is_word = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        assert!(is_word(&backup.run) && is_word(&backup.database), "it goes back as a word: {}", backup.name());
    }
    let facts = Facts::read(&reply);
    let deploy = job(Goal::Deploy);
    let _ = pending(&deploy.config, &facts, &request());
    let named = RestoreFrom::Named { name: "20261123T101500Z-3f2a1c9/main".to_owned(), archive: false };
    for goal in [
        Goal::Deploy,
        Goal::Plan,
        Goal::Rollback(RollbackRequest::default()),
        Goal::Drill(DrillPoint::SmokeFails),
        Goal::Backup(BackupRequest::Create),
        Goal::Backup(BackupRequest::Restore(named)),
        Goal::Settle { retry: false, accept: None },
        Goal::Abort,
    ] {
        let job = job(goal);
        let (state, _) = step(State::Connecting, &job, 0, Input::Connected);
        let probed = Input::Probed { reply: Box::new(reply.clone()), baseline: vec![] };
        let _ = step(state, &job, 0, probed);
    }
}
