//! What has to hold of every run that has come to its end, however it got there.

use backstay::journal::{Fact, step_name};

use super::Ground;

/// Judges a run of [`Ground::new`]'s plan after its recovery. `decided` are the facts that stood when it was cut.
pub fn judge(ground: &Ground, decided: &[Fact], case: &str) {
    let has_begun = decided.iter().any(|fact| matches!(fact, Fact::Start { .. }));
    assert_eq!(ground.says("crontab"), "", "{case}: the guard is gone");
    if !has_begun {
        let said = ground.says("said");
        assert!(!ground.dir().exists(), "{case}: nothing began, so nothing is left\n{said}");
        assert_eq!(ground.says("trace"), "", "{case}: nothing began");
        return;
    }
    let facts = ground.facts();
    let shown = format!("{case}\n{facts:#?}\n{}", ground.says("said"));
    let committed = decided.contains(&Fact::Commit);
    assert_eq!(facts.contains(&Fact::Commit), committed, "{shown}");
    assert_eq!(facts.contains(&Fact::Restored), !committed, "{shown}");
    assert_eq!(ground.end(), if committed { "committed" } else { "rolled-back" }, "{shown}");
    assert_eq!(ground.live(), if committed { vec!["code", "data"] } else { vec![] }, "{shown}");
    let direction = if committed { "committed\n" } else { "rolled-back\n" };
    assert_eq!(ground.says("open"), direction, "{shown}");
    assert!(ground.says("told").contains(direction.trim_end()), "{shown}");
    let names = |of: fn(&Fact) -> Option<&String>| -> Vec<String> {
        facts.iter().filter_map(of).map(|step| step_name(step).to_owned()).filter(|step| step != "close").collect()
    };
    let mut begun = names(|fact| if let Fact::Begin(step) = fact { Some(step) } else { None });
    let undone = names(|fact| if let Fact::Undone { step, .. } = fact { Some(step) } else { None });
    begun.reverse();
    assert_eq!(undone, if committed { vec![] } else { begun }, "every begun step once, in reverse\n{shown}");
    let trace = ground.says("trace");
    let undos: Vec<&str> = trace.lines().filter_map(|line| line.strip_prefix("undo ")).collect();
    assert!(undos.is_sorted_by(|a, b| !(*a == "data" && *b == "code")), "never back to a later one\n{trace}\n{shown}");
    assert!(!ground.dir().join("secrets").exists(), "{case}: secrets are gone");
    let before = (ground.journal_bytes(), trace);
    ground.recover();
    assert_eq!((ground.journal_bytes(), ground.says("trace")), before, "{case}: a second recovery does nothing");
}
